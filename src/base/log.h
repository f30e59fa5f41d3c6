/*
 * log.h - one event, one line, with the object it is about.
 *
 * An object that logs embeds a struct log_ctx whose prefix() writes its name
 * ("C-17 db/user@10.0.0.5:4242"); the text is made only when a line is
 * written. Control characters in a message are escaped, so that nothing a
 * peer sends can forge a line.
 *
 * Levels as in PgBouncer: FATAL (we end), ERROR (we lost something), WARNING
 * (an operator should look), LOG (once per connection), DEBUG (once per
 * change of state), NOISE (per message).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum log_level {
	LOG_LEVEL_FATAL,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,     /* printed as LOG */
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_NOISE
};

struct log_ctx {
	void (*prefix)(const struct log_ctx *, char *buf, size_t cap);
};

/* Where lines go. */
struct log_setup {
	const char *file;        /* NULL or "": none; appended to */
	const char *syslog_ident;    /* NULL: no syslog */
	const char *syslog_facility; /* "daemon", "local0", ... */
	int verbose;             /* 0: up to LOG; 1: DEBUG; 2: NOISE */
	bool to_stderr;
};

bool log_open(const struct log_setup *, struct err *);
	/* Use these places from now on; the strings are copied. Called again
	 * to reopen the file after rotation. On failure the old ones stay. */

void log_close(void);
	/* Forget all places but standard error. */

bool log_enabled(enum log_level);

void log_write(enum log_level, const struct log_ctx *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
	/* ctx may be NULL. errno is kept. Writing never blocks for long and
	 * never fails: what a full disk refuses is lost. */

#define log_fatal(...)   log_write(LOG_LEVEL_FATAL, __VA_ARGS__)
#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                            \
	(log_enabled(LOG_LEVEL_DEBUG) ?           \
	    log_write(LOG_LEVEL_DEBUG, __VA_ARGS__) : (void)0)
#define log_noise(...)                            \
	(log_enabled(LOG_LEVEL_NOISE) ?           \
	    log_write(LOG_LEVEL_NOISE, __VA_ARGS__) : (void)0)

#endif
