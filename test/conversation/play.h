/*
 * play.h - a conversation as a list of lines, for tables.
 *
 *	"client 1: Q BEGIN / Q SELECT 1"   sends these in one write (and joins
 *	                                   first, if it has not yet)
 *	"client 1 < C BEGIN / Z T"         gets exactly these; "client 1 <"
 *	"server 1: C BEGIN / Z T"          replies
 *	"server 1 < Q BEGIN"               gets exactly these
 *	"client 1 joins TimeZone=UTC", "client 1 leaves", "client 1 is gone",
 *	"client 1 waits pool_size", "client 1 stalls", "client 1 reads",
 *	"client 3 cancels 1", "server 1 dies", "server 1 lingers"
 *	"owner 1 = client 1"               see server_owner()
 *	"count = 1"                        see server_count()
 *	"wait 2.5"                         seconds pass
 *	"cancel 1 is for 2", "cancel 1 ends", "cancel 1 says E ...",
 *	"no cancel", "one cancel"
 *	"refuse FATAL 28P01 text", "let in"    see servers_refuse()
 *	"host 1 is down", "host 1 is up"
 *	"host 1 is primary", "host 2 is replica 3"   it says so when asked, of
 *	                                   timeline 3
 *	"host 2 is silent"                 it does not answer three times
 *	"server 1 is at 2"                 on that host
 *	"pause", "resume shop", "kill", "reconnect"    of all or of one
 *	"reload pool_mode = session\n[databases]..."   see world_start()
 *	"resets by hand", "logins by hand", "cancels by hand"
 */
#ifndef CONVERSATION_PLAY_H
#define CONVERSATION_PLAY_H

struct world;

struct play {
	const char *why;        /* "d01: the first ReadyForQuery is ..." */
	const char *ini;        /* NULL: the caller's */
	const char *lines[48];
};

void play_lines(struct world *, const char *why, const char *const *lines);

void play(const struct play *, const char *ini);
	/* In a world of its own. */

#endif
