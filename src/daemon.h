/*
 * daemon.h - being a well-behaved process: user, pid file, background,
 * descriptors. Everything here happens before the loop exists.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

bool daemon_switch_user(const char *name, struct err *);
	/* Become this user for good, with its groups. Fine if we are it. */

bool daemon_refuse_root(struct err *);
	/* False if we run as root. */

uint64_t daemon_raise_fd_limit(uint64_t *hard);
	/* Soft limit of descriptors up to the hard one; the limit that is in
	 * force now. UINT64_MAX: unlimited. */

void daemon_ignore_signals(void);
	/* Writing to a socket whose peer is gone, or to a log file that may
	 * not grow any more, is an error, not the end. */

/* The file with our process id. */
struct pidfile {
	char *path;             /* NULL: none */
	dev_t dev;              /* of the file that we wrote */
	ino_t ino;
	bool written;
};

bool pidfile_check(const char *path, struct err *);
	/* May we start? A file of a process that is gone is removed, with a
	 * line in the log; any other is a reason not to. */

bool pidfile_write(struct pidfile *, const char *path, struct err *);
	/* Create it; fails if it exists. */

bool pidfile_replace(struct pidfile *, const char *path, struct err *);
	/* Put ours in the place of another process', at once. */

void pidfile_remove(struct pidfile *);
	/* Remove it if it is still the one we wrote. Harmless if none. */

void pidfile_forget(struct pidfile *);
	/* It is another process' now: even if it has our inode, which may
	 * have been free in the meantime. */

/* Going to the background. */
struct background {
	int report;             /* the parent waits for a byte from here */
};

bool background_enter(struct background *, struct err *);
	/* Returns in the grandchild, in a session of its own. The process
	 * that was started stays until background_ready(), or exits 1 when
	 * this process ends before that. Standard error still works, so
	 * that whoever started us sees why we fail. */

void background_ready(struct background *);
	/* We are up: the one that was started exits 0. Descriptors 0 to 2
	 * lead nowhere from now on. Harmless if not in the background. */

/* Another process of the same program. */

char *daemon_program(void);
	/* The path of our executable file, to be freed. Ask early: when a
	 * package has replaced the file, its old name is lost. NULL if it
	 * cannot be told. */

pid_t daemon_spawn(char *const argv[]);
	/* Run this in the background, with our standard error, as nobody's
	 * child. Its process id, or -1. */

#endif
