/*
 * peer.c - sockets in the hands of a test; see peer.h.
 */
#include "conversation/peer.h"

#include <check.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

struct peer *
peer_create(int fd)
{
	struct peer *p = mem_alloc(sizeof *p);

	p->fd = fd;
	return p;
}

void
peer_enlist(struct peer ***all, unsigned *n, struct peer *p)
{
	*all = mem_resize(*all, (*n + 1) * sizeof **all);
	(*all)[(*n)++] = p;
	p->n = *n;
}

void
peer_close(struct peer *p)
{
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
}

void
peer_destroy(struct peer *p)
{
	peer_close(p);
	text_fini(&p->in);
	text_fini(&p->out);
	text_fini(&p->told);
	mem_free(p);
}

void
peers_destroy(struct peer **all, unsigned n)
{
	while (n > 0)
		peer_destroy(all[--n]);
	mem_free(all);
}

bool
peer_exchange(struct peer *p)
{
	char buf[65536];
	bool moved = false;
	ssize_t n;

	while (p->out.n > 0) {
		n = send(p->fd, p->out.p, p->out.n, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		memmove(p->out.p, p->out.p + n, p->out.n - (size_t)n);
		p->out.n -= (size_t)n;
		moved = true;
	}
	if (p->says_last && p->out.n == 0) {
		shutdown(p->fd, SHUT_WR);
		p->says_last = false;
	}
	while (!p->stalled && !p->ended) {
		n = recv(p->fd, buf, sizeof buf, 0);
		if (n == -1 && errno == EAGAIN)
			break;
		moved = true;
		if (n > 0)
			text_add(&p->in, buf, (size_t)n);
		else
			p->ended = true;
	}
	if (p->ended && !p->lingers)
		peer_close(p);
	return moved;
}

void
peer_say(struct peer *p, enum speaker who, const char *const *lines,
    const char *file, int line)
{
	ck_assert_msg(p->fd != -1, "%s:%d: %u has been closed", file, line,
	    p->n);
	for (; *lines != NULL; lines++)
		script_write(who, *lines, &p->out);
}

/* What is left of the input, one line each. */
static void
list_rest(struct peer *p, enum speaker who, struct text *all)
{
	struct text line = { 0 };
	size_t n;

	while ((n = script_read(who, p->in.p + p->at, p->in.n - p->at,
	    &line)) > 0) {
		p->at += n;
		text_printf(all, "\n    %s", line.p);
	}
	if (p->at < p->in.n)
		text_printf(all, "\n    and %zu bytes", p->in.n - p->at);
	text_fini(&line);
}

void
peer_expect(struct peer *p, enum speaker who, const char *const *lines,
    const char *file, int line)
{
	struct text got = { 0 }, rest = { 0 };
	size_t n;

	for (; *lines != NULL; lines++) {
		n = script_read(who, p->in.p + p->at, p->in.n - p->at, &got);
		ck_assert_msg(n > 0, "%s:%d: '%s' did not come", file, line,
		    *lines);
		p->at += n;
		if (!script_matches(*lines, got.p))
			list_rest(p, who, &rest);
		ck_assert_msg(script_matches(*lines, got.p),
		    "%s:%d: expected\n    %.200s\ngot\n    %.200s%.2000s",
		    file, line, *lines, got.p, rest.n > 0 ? rest.p : "");
	}
	list_rest(p, who, &rest);
	ck_assert_msg(rest.n == 0, "%s:%d: and then came%.2000s", file,
	    line, rest.p);
	text_fini(&got);
	text_fini(&rest);
}
