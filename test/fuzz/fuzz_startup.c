/*
 * fuzz_startup.c - the first packet of a hostile client.
 */
#include "base/must.h"
#include "pgwire/frame.h"
#include "pgwire/messages.h"
#include "pgwire/startup.h"
#include "test/fuzz/target.h"

static void
read_options(const char *value)
{
	struct startup_options o;
	struct startup_pair pair;

	startup_options_init(&o, value);
	while (startup_options_next(&o, &pair) == OPTION_SETTING)
		must(pair.name[0] != '\0' && strlen(pair.name) +
		    strlen(pair.value) < strlen(value));
	startup_options_fini(&o);
}

static void
read_login(const struct startup *s)
{
	struct str params = s->params;
	struct startup_pair pair;
	struct text t = { 0 };
	struct frame f;
	bool has_options = false;

	while (startup_next(&params, &pair)) {
		must(startup_get(s, pair.name) >= pair.value);
		has_options |= startup_is_protocol_option(pair.name);
		startup_replication(pair.value);
		read_options(pair.value);
	}
	must(params.n == 0);
	must(startup_negotiate(s, PROTOCOL_3_0, &t) ==
	    (has_options || s->minor > 0));
	if (t.n > 0)
		must(frame_peek(t.p, t.n, UINT32_MAX, &f) == PARSE_OK &&
		    f.type == BE_NEGOTIATE && f.len == t.n);
	text_fini(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct startup s;
	struct frame f;

	if (frame_startup_peek(p, n, &f) != PARSE_OK || f.len > n)
		return 0;
	must(f.len >= 8 && f.len <= STARTUP_MAX);
	if (startup_parse(&s, p + 4, f.len - 4) != STARTUP_FINE)
		return 0;
	if (s.kind == STARTUP_LOGIN)
		read_login(&s);
	if (s.kind == STARTUP_CANCEL)
		must(s.key.n == f.len - 8);
	return 0;
}
