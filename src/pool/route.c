/*
 * route.c - where a request may run: at the primary, or at a replica.
 *
 * With routing = explicit the client says so:
 *
 *	- by a hint in a comment, pgweir:primary or pgweir:replica;
 *	- by SET pgweir.route = primary | replica | auto, for what follows;
 *	- by the entry of its database (role = replica);
 *	- by BEGIN READ ONLY, if the first statement behind it is a plain
 *	  read. READ ONLY alone still allows NOTIFY and advisory locks, and
 *	  SERIALIZABLE does not exist on replicas.
 *
 * In doubt it is the primary: a text that cannot be read, a batch that has no
 * Sync yet or a Flush in it.
 *
 * To see the first statement of a block that was begun alone, BEGIN is
 * answered here. The client is in a transaction then, and has no server; if
 * it ends that at once, it never needs one. The text is sent, unseen, before
 * the first statement.
 *
 * What may run at the primary while there is no replica is a read
 * (ROUTE_READ). What the client wants at a replica though it might write has
 * to wait for one (ROUTE_REPLICA): PostgreSQL will refuse the write.
 */
#include "pool/route.h"

#include <string.h>

#include "base/must.h"
#include "config/config.h"
#include "net/loop.h"
#include "pgwire/error.h"
#include "pgwire/messages.h"
#include "pgwire/params.h"
#include "pgwire/writer.h"
#include "pool/asked.h"
#include "pool/client.h"
#include "pool/database.h"
#include "pool/pools.h"
#include "pool/server.h"
#include "pool/sides.h"
#include "pool/state.h"
#include "sql/tree.h"
#include "sql/verdicts.h"

/* By enum wish. */
static const char *const wish_names[] = { "default", "auto", "primary",
	"replica" };

static bool
read_wish(struct str value, enum wish *wish)
{
	size_t i;

	for (i = 0; i < countof(wish_names); i++)
		if (str_is_nocase(value, wish_names[i])) {
			*wish = (enum wish)i;
			return true;
		}
	return false;
}

bool
route_ask(struct client *c, const char *value)
{
	enum wish wish;

	if (!read_wish(str_of(value), &wish))
		return false;
	c->routing.startup = wish;
	return true;
}

static enum wish
default_wish(const struct client *c)
{
	const struct config_database *e = c->database->entry;

	if (c->routing.startup != WISH_DEFAULT)
		return c->routing.startup;
	return e != NULL && e->role == DATABASE_ROLE_REPLICA ? WISH_REPLICA :
	    WISH_AUTO;
}

void
route_start(struct client *c)
{
	c->routing.wish = default_wish(c);
	c->routing.serializable = c->routing.temporary = false;
}

/*
 * What a text is.
 */

static const char *
param(const struct client *c, const char *name)
{
	int i = param_names_find(c->pooler->names, name);

	return i >= 0 ? paramset_get(c->link.params, (unsigned)i) : NULL;
}

static bool
is_readable(const struct client *c)
{
	const char *encoding = param(c, "client_encoding");
	const char *strings = param(c, "standard_conforming_strings");

	return (encoding == NULL ||
	    lexer_encoding_is_safe(str_of(encoding))) &&
	    (strings == NULL || strcmp(strings, "off") != 0);
}

/* What the texts of a request say. */
struct sense {
	unsigned hints;
	struct sql_class first, second;
	uint32_t facts;         /* of all */
	bool reads;             /* each of them does nothing else */
	bool ends_block;        /* one that others follow does */
};

static bool
is_read(const struct sql_class *k)
{
	return k->result == SQL_PARSED && (k->facts & SQL_READ) != 0 &&
	    (k->facts & (SQL_ACTS | SQL_TEMP)) == 0;
}

static struct sql_class
class_of(const struct client *c, struct str text, unsigned *hints)
{
	const struct pooler *p = c->pooler;
	struct fingerprint fp = fingerprint_of(text, false, p->hash_seed);
	struct sql_class k;

	*hints |= fp.hints;
	(void)verdicts_ask(p->verdicts, &fp, text, 0, loop_now(p->loop), &k);
	return k;
}

static struct sense
sense_of(const struct client *c, const struct asked *a)
{
	struct sense s = { .reads = a->n > 0 };
	struct sql_class k;
	unsigned i;

	for (i = 0; i < a->n; i++) {
		k = class_of(c, a->texts[i], &s.hints);
		s.ends_block = s.ends_block || (i + 1 < a->n &&
		    (k.kind == SQL_COMMIT || k.kind == SQL_ROLLBACK));
		if (i == 0)
			s.first = k;
		else if (i == 1)
			s.second = k;
		s.reads = s.reads && is_read(&k);
		s.facts |= k.facts;
	}
	return s;
}

/* A BEGIN of what could run on a replica? Only that counts which it does not
 * itself exclude. */
static bool
may_be_deferred(const struct client *c, const struct sql_class *k,
    enum wish wish)
{
	if (c->routing.temporary || (c->routing.serializable &&
	    k->isolation == SQL_ISOLATION_DEFAULT))
		return false;
	return k->result == SQL_PARSED && k->kind == SQL_BEGIN &&
	    k->statements == 1 && (k->facts & SQL_READ_WRITE) == 0 &&
	    k->isolation != SQL_SERIALIZABLE &&
	    ((k->facts & SQL_READ_ONLY) != 0 || wish == WISH_REPLICA);
}

/* What a client makes the isolation level of all its transactions is not in
 * their own BEGIN; and some statements take all settings back, ours too. */
static void
note_setting(struct client *c, const struct sql_statement *s)
{
	bool named = str_is(s->name, "default_transaction_isolation");

	if (s->kind == SQL_SET && named && (s->facts & SQL_LOCAL) == 0)
		c->routing.serializable = (s->facts & SQL_VALUE) != 0 &&
		    str_is_nocase(s->value, "serializable");
	else if (s->kind == SQL_SET_CHARACTERISTICS &&
	    s->isolation != SQL_ISOLATION_DEFAULT)
		c->routing.serializable = s->isolation == SQL_SERIALIZABLE;
	else if (s->kind == SQL_RESET && named)
		c->routing.serializable = false;
	else if (s->kind == SQL_RESET_ALL || s->kind == SQL_DISCARD_ALL)
		route_start(c);
	else if (s->kind == SQL_DISCARD_TEMP)
		c->routing.temporary = false;
}

static void
note_settings(struct client *c, const struct asked *a, const struct sense *all)
{
	const uint64_t set = VERB_BIT(SET) | VERB_BIT(RESET) |
	    VERB_BIT(DISCARD);
	struct sql_statement s;
	struct sql_tree *tree;
	unsigned i;
	size_t k;

	for (i = 0; i < a->n; i++) {
		if (((UINT64_C(1) << fingerprint_verb(a->texts[i], false)) &
		    set) == 0 || parse_text(a->texts[i], &tree) != SQL_PARSED)
			continue;
		for (k = 0; k < sql_tree_count(tree); k++) {
			s = sql_tree_at(tree, k);
			note_setting(c, &s);
		}
		sql_tree_destroy(tree);
	}
	if (all->facts & SQL_TEMP)
		c->routing.temporary = true;
}

/* May it go to a replica if the first statement behind it does? */
static bool
begins_a_read(const struct client *c, const struct sql_class *k)
{
	return may_be_deferred(c, k, WISH_AUTO);
}

static bool
ends_a_block(const struct sql_class *k)
{
	return k->result == SQL_PARSED && k->statements == 1 &&
	    (k->kind == SQL_COMMIT || k->kind == SQL_ROLLBACK) &&
	    (k->facts & SQL_CHAIN) == 0;
}

/*
 * What is answered here.
 */

/* Could the answers to this be made without a server? */
static bool
is_answerable(const struct asked *a)
{
	return a->executes && a->n == 1 && !a->named &&
	    a->nmessages <= ASKED_MESSAGES;
}

static enum route_step
answer(struct client *c, const struct asked *a, const char *tag,
    char status, size_t *bytes)
{
	struct text out = { 0 };

	asked_answer(a, tag, status, &out);
	client_send(c, out.p, out.n);
	text_fini(&out);
	*bytes = a->bytes;
	return ROUTE_DONE;
}

/* Is the next token this word? */
static bool
take_word(struct lexer *l, const char *lower)
{
	struct token t;

	lexer_next(l, &t);
	return token_is_word(&t, lower);
}

static bool
take_setting(struct lexer *l)
{
	struct token t;

	if (!take_word(l, "pgweir"))
		return false;
	lexer_next(l, &t);
	return str_is(t.text, ".") && take_word(l, "route");
}

static bool
is_last(struct lexer *l)
{
	struct token t;

	do
		lexer_next(l, &t);
	while (t.type == TOKEN_PUNCT && str_is(t.text, ";"));
	return t.type == TOKEN_END;
}

/* A word, or the same in quotes. */
static struct str
value_of(const struct token *t)
{
	struct str s = t->text;

	if (t->type == TOKEN_STRING && s.n >= 2 && s.p[0] == '\'')
		return (struct str){ s.p + 1, s.n - 2 };
	return s;
}

enum ours {
	OURS_NOT,
	OURS_SET,
	OURS_RESET,
	OURS_SHOW,
	OURS_WRONG              /* a SET to something else */
};

/* Behind SET. */
static enum ours
read_set(struct lexer l, enum wish *wish)
{
	struct lexer session = l;
	struct token t;

	if (take_word(&session, "session"))
		l = session;
	if (!take_setting(&l))
		return OURS_NOT;
	lexer_next(&l, &t);
	if (!str_is(t.text, "=") && !token_is_word(&t, "to"))
		return OURS_NOT;
	lexer_next(&l, &t);
	if (!read_wish(value_of(&t), wish))
		return OURS_WRONG;
	return is_last(&l) ? OURS_SET : OURS_NOT;
}

/* Is text about the setting that is ours? */
static enum ours
read_ours(struct str text, enum wish *wish)
{
	struct lexer l = lexer_on(text, false);
	struct token t;

	lexer_next(&l, &t);
	if (token_is_word(&t, "set"))
		return read_set(l, wish);
	if (token_is_word(&t, "reset"))
		return take_setting(&l) && is_last(&l) ? OURS_RESET :
		    OURS_NOT;
	if (token_is_word(&t, "show"))
		return take_setting(&l) && is_last(&l) ? OURS_SHOW : OURS_NOT;
	return OURS_NOT;
}

static enum route_step
refuse_value(struct client *c, const struct asked *a, size_t *bytes)
{
	static const struct error_fields e = {
		.severity = "ERROR", .code = "22023",
		.message = "invalid value for parameter \"" ROUTE_SETTING "\"",
		.hint = "Available values: primary, replica, auto.",
	};
	struct text out = { 0 };

	if (c->routing.begin != NULL)
		route_fail_block(&c->routing);
	writer_error(&out, &e);
	writer_ready(&out, c->routing.failed ? 'E' : 'I');
	client_send(c, out.p, out.n);
	text_fini(&out);
	*bytes = a->bytes;
	return ROUTE_DONE;
}

static enum route_step
show_wish(struct client *c, const struct asked *a, char status,
    size_t *bytes)
{
	static const struct writer_column column = { ROUTE_SETTING, 25, -1 };
	const char *value = wish_names[c->routing.wish];
	struct text out = { 0 };

	writer_row_description(&out, &column, 1);
	writer_data_row(&out, &value, 1);
	client_send(c, out.p, out.n);
	text_fini(&out);
	return answer(c, a, "SHOW", status, bytes);
}

/* Settings of ours are seen to here, in and outside of a block that has no
 * server yet. ROUTE_SERVER: it is none of these. */
static enum route_step
take_ours(struct client *c, const struct asked *a, size_t *bytes)
{
	char status = c->routing.begin != NULL ? 'T' : 'I';
	enum wish wish = WISH_DEFAULT;

	if (!is_answerable(a))
		return ROUTE_SERVER;
	switch (read_ours(a->texts[0], &wish)) {
	case OURS_NOT:
		break;
	case OURS_SET:
		c->routing.wish = wish != WISH_DEFAULT ? wish :
		    default_wish(c);
		return answer(c, a, "SET", status, bytes);
	case OURS_RESET:
		c->routing.wish = default_wish(c);
		return answer(c, a, "RESET", status, bytes);
	case OURS_SHOW:
		/* Only a Query is sure to want the row's description. */
		return a->messages[0] != 'q' ? ROUTE_SERVER :
		    show_wish(c, a, status, bytes);
	case OURS_WRONG:
		return refuse_value(c, a, bytes);
	}
	return ROUTE_SERVER;
}

static enum route_step
defer_begin(struct client *c, const struct asked *a, enum wish wish,
    size_t *bytes)
{
	struct text text = { 0 };

	text_add(&text, a->texts[0].p, a->texts[0].n);
	/* As it would be on a replica, wherever it runs. */
	if (wish == WISH_REPLICA)
		text_puts(&text, "\n;SET TRANSACTION READ ONLY");
	c->routing.begin = text.p;
	c->routing.begun = wish;
	return answer(c, a, "BEGIN", 'T', bytes);
}

/*
 * Where it may run.
 */

/* In a block whose BEGIN waits. */
static enum route_step
go_on(struct client *c, const struct asked *a, enum route *route,
    size_t *bytes)
{
	struct sense s = sense_of(c, a);

	if (ends_a_block(&s.first) && is_answerable(a)) {
		route_forget(&c->routing);
		return answer(c, a, s.first.kind == SQL_COMMIT ? "COMMIT" :
		    "ROLLBACK", 'I', bytes);
	}
	*route = ROUTE_PRIMARY;
	if ((s.hints & HINT_PRIMARY) != 0)
		return ROUTE_SERVER;
	if (c->routing.begun == WISH_REPLICA)
		*route = s.ends_block ? ROUTE_REPLICA : ROUTE_READ;
	else if (is_read(&s.first) && !s.ends_block)
		*route = ROUTE_READ;
	return ROUTE_SERVER;
}

/* In a block that has failed only its end is of interest. A server may be
 * told of that as well: it only warns. */
static enum route_step
go_on_failed(struct client *c, const struct asked *a, size_t *bytes)
{
	struct sense s = sense_of(c, a);
	bool ends = ends_a_block(&s.first);
	bool empty = s.first.result == SQL_PARSED && s.first.statements == 0 &&
	    (is_answerable(a) || a->nmessages == 1);

	if (ends)
		route_forget(&c->routing);
	else if (!empty)
		return ROUTE_FAILED;
	if (ends && !is_answerable(a))
		return ROUTE_SERVER;
	return answer(c, a, ends ? "ROLLBACK" : NULL, ends ? 'I' : 'E',
	    bytes);
}

static enum route_step
decide(struct client *c, const struct asked *a, enum route *route,
    size_t *bytes)
{
	struct sense s = sense_of(c, a);
	enum wish wish = c->routing.wish;
	bool reads = false;

	if (s.hints & HINT_PRIMARY)
		wish = WISH_PRIMARY;
	else if (s.hints & HINT_REPLICA)
		wish = WISH_REPLICA;
	*route = ROUTE_PRIMARY;
	note_settings(c, a, &s);
	if (wish == WISH_PRIMARY)
		return ROUTE_SERVER;
	if (c->pool->mode == POOL_TRANSACTION && is_answerable(a) &&
	    may_be_deferred(c, &s.first, wish))
		return defer_begin(c, a, wish, bytes);
	if (s.reads || !a->executes || (begins_a_read(c, &s.first) &&
	    a->n > 1 && is_read(&s.second) && !s.ends_block))
		reads = true;
	if (wish == WISH_REPLICA)
		*route = reads ? ROUTE_READ : ROUTE_REPLICA;
	else if (reads && begins_a_read(c, &s.first))
		*route = ROUTE_READ;
	return ROUTE_SERVER;
}

enum route_step
route_request(struct client *c, const unsigned char *p, size_t n,
    enum route *route, size_t *bytes)
{
	const struct config *cfg = c->pooler->config;
	struct asked a;

	*route = ROUTE_PRIMARY;
	if (p[0] == FE_QUERY && cfg->disable_pqexec)
		return ROUTE_SERVER;
	if (c->routing.wish == WISH_REPLICA)
		*route = ROUTE_REPLICA;
	if (!is_readable(c))
		return c->routing.failed ? ROUTE_FAILED : ROUTE_SERVER;
	switch (asked_read(&a, p, n, (uint32_t)cfg->max_packet_size,
	    c->link.names)) {
	case ASKED_MORE:
		*bytes = a.bytes;
		return ROUTE_MORE;
	case ASKED_UNCLEAR:
		return c->routing.failed ? ROUTE_FAILED : ROUTE_SERVER;
	case ASKED:
		break;
	}
	if (c->routing.failed)
		return go_on_failed(c, &a, bytes);
	if (take_ours(c, &a, bytes) == ROUTE_DONE)
		return ROUTE_DONE;
	return c->routing.begin != NULL ? go_on(c, &a, route, bytes) :
	    decide(c, &a, route, bytes);
}

bool
route_stays(struct client *c, const unsigned char *p, size_t n)
{
	const struct server *s = c->link.server;
	enum wish wish = WISH_DEFAULT;
	struct asked a;
	struct sense sense;

	if (!sides_has_two(c->pool))
		return true;
	/* A replica may not be sent what it would refuse. */
	if (s->pool != c->pool)
		return false;
	if (s->tracker.tx != TX_IDLE || !is_readable(c))
		return true;
	if (c->routing.wish == WISH_REPLICA)
		return false;
	switch (asked_read(&a, p, n, (uint32_t)c->pooler->config->
	    max_packet_size, c->link.names)) {
	case ASKED_MORE:
		return false;
	case ASKED_UNCLEAR:
		return true;
	case ASKED:
		break;
	}
	if (a.n > 0 && read_ours(a.texts[0], &wish) != OURS_NOT)
		return false;
	sense = sense_of(c, &a);
	if ((sense.hints & HINT_REPLICA) != 0 ||
	    may_be_deferred(c, &sense.first, WISH_AUTO))
		return false;
	note_settings(c, &a, &sense);
	return true;
}
