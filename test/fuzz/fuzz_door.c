/*
 * fuzz_door.c - the front door with TLS: bytes before, behind and inside of
 * an SSLRequest, from somebody who has not logged in.
 *
 * The first byte says where the others go, and in pieces of which size. What
 * comes back is looked at: behind the "S" there is no plain text any more,
 * and when the peer has left nothing of it is left here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "config/load.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/tls.h"
#include "pool/pooler.h"
#include "pool/state.h"
#include "test/fuzz/target.h"

/* Good for a hundred years, and for nothing else. */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdTCCARugAwIBAgIUb8bxCMkexsojL4LtG+bosEUOCSEwCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMjEwMzQwNTVaGA8yMTI2MTAyODAzNDA1\n"
    "NVowDzENMAsGA1UEAwwEZnV6ejBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOSh\n"
    "4QVPIqckF0saY4iQjDgJbXegNl1IVnOmndoUUgxkB6B6ppA7nBiT4X2GdEJ39lr7\n"
    "xTMlrE8Vt6fh4n9PGbCjUzBRMB0GA1UdDgQWBBSoKEzd5PCy0jMKAPqvM6prCfvK\n"
    "OjAfBgNVHSMEGDAWgBSoKEzd5PCy0jMKAPqvM6prCfvKOjAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0gAMEUCIQCgdcdS7tJMx7Ln13WhAzrOAJMYUI7yHWBR\n"
    "sme3tX9HTQIgKtnCljSD59ijNxl0ybmbaIUpesVVeP5DiZZg+ZoiU/0=\n"
    "-----END CERTIFICATE-----\n";
static const char key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZEUPHy5IwB/LowlQ\n"
    "Id2gak5yhO/LvpuFabWPx+6dUD6hRANCAATkoeEFTyKnJBdLGmOIkIw4CW13oDZd\n"
    "SFZzpp3aFFIMZAegeqaQO5wYk+F9hnRCd/Za+8UzJaxPFben4eJ/Txmw\n"
    "-----END PRIVATE KEY-----\n";

static const char ssl_request[] = { 0, 0, 0, 8, 4, (char)210, 22, 47 };

static struct {
	struct loop *loop;
	struct pooler *pooler;
	struct conn_env env;            /* of the client */
	struct tls_context *context;
} the;

static void
put_file(const char *text, char path[64])
{
	int fd = memfd_create("door", 0);

	must(fd >= 0);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	snprintf(path, 64, "/proc/self/fd/%d", fd);
}

static void
set_up(void)
{
	const struct tls_settings client = { .prefix = "server_tls" };
	const struct log_setup silence = { 0 };
	char crt_path[64], key_path[64], users_path[64], path[64];
	const struct config *config;
	struct text ini = { 0 };
	struct err err;

	must(log_open(&silence, &err));
	put_file(certificate, crt_path);
	put_file(key, key_path);
	put_file("\"app\" \"secret\"\n", users_path);
	text_printf(&ini, "[pgweir]\nauth_type = scram-sha-256\n"
	    "auth_file = %s\nclient_tls_sslmode = allow\n"
	    "client_tls_cert_file = %s\nclient_tls_key_file = %s\n"
	    "server_tls_sslmode = disable\nlog_connections = 0\n"
	    "log_disconnections = 0\nlog_pooler_errors = 0\n"
	    "[databases]\nshop = host=/nonexistent\n",
	    users_path, crt_path, key_path);
	put_file(ini.p, path);
	text_fini(&ini);
	config = config_load(path, &err);
	must(config != NULL);
	the.loop = loop_create(LOOP_VIRTUAL);
	the.pooler = pooler_create(the.loop, config, &err);
	must(the.pooler != NULL);
	config_unref(config);
	conn_env_init(&the.env, the.loop);
	the.context = tls_context_create(&client, &err);
	must(the.context != NULL);
}

static void
turn(void)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		loop_turn(the.loop, false);
}

/* What pgweir has answered; 0 if nothing. */
static char
first_answer(int fd)
{
	char buf[4096], first = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) > 0)
		if (first == 0)
			first = buf[0];
	return first;
}

static void
feed(int fd, const uint8_t *p, size_t n, size_t piece)
{
	while (n > 0) {
		size_t some = n < piece ? n : piece;

		if (send(fd, p, some, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0)
			return;
		turn();
		p += some;
		n -= some;
	}
}

static void
speak_plain(int fd, const uint8_t *p, size_t n, size_t piece)
{
	char answer;

	feed(fd, p, n, piece);
	answer = first_answer(fd);
	must(answer == 0 || strchr("SNERv\25\26", answer) != NULL);
}

static void
speak_behind_request(int fd, const uint8_t *p, size_t n, size_t piece)
{
	char answer;

	feed(fd, (const uint8_t *)ssl_request, sizeof ssl_request, 8);
	must(first_answer(fd) == 'S');
	feed(fd, p, n, piece);
	answer = first_answer(fd);
	must(answer == 0 || answer == 21 || answer == 22);
}

static void
on_bytes(struct conn *c, const unsigned char *p, size_t n)
{
	must(strchr("NERv", p[0]) != NULL || p[0] == 'S');
	conn_consume(c, n);
}

static void
on_secure(struct conn *c)
{
	(void)c;
}

static void
on_end(struct conn *c, int error)
{
	(void)c;
	(void)error;
}

static void
speak_inside(int fd, const uint8_t *p, size_t n, size_t piece)
{
	static const struct conn_ops ops = { .on_bytes = on_bytes,
		.on_secure = on_secure, .on_end = on_end };
	const struct tls_start start = { .context = the.context };
	struct conn c;

	feed(fd, (const uint8_t *)ssl_request, sizeof ssl_request, 8);
	must(first_answer(fd) == 'S');
	conn_init(&c, &the.env, &ops);
	conn_open(&c, fd);
	tls_start(&c, &start);
	turn();
	must(tls_is_on(&c));
	while (n > 0) {
		size_t some = n < piece ? n : piece;

		conn_send(&c, p, some);
		turn();
		p += some;
		n -= some;
	}
	conn_close(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const size_t pieces[] = { 1, 5, 8, 100, 100000 };
	struct addr addr = { .family = AF_INET, .port = 1 };
	size_t piece;
	int fds[2];

	if (n < 1)
		return 0;
	if (the.loop == NULL)
		set_up();
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	pooler_accept(the.pooler, fds[0], &addr, &addr);
	piece = pieces[p[0] / 3 % countof(pieces)];
	if (p[0] % 3 == 0)
		speak_plain(fds[1], p + 1, n - 1, piece);
	else if (p[0] % 3 == 1)
		speak_behind_request(fds[1], p + 1, n - 1, piece);
	else
		speak_inside(fds[1], p + 1, n - 1, piece);
	if (p[0] % 3 != 2)
		close(fds[1]);
	turn();
	must(the.pooler->counts.all == 0);
	return 0;
}
