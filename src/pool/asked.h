/*
 * asked.h - what a client asks for in one go: a Query, or the messages of
 * the extended protocol up to their Sync.
 */
#ifndef POOL_ASKED_H
#define POOL_ASKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct names;

#define ASKED_BYTES_MAX (64u * 1024)    /* larger ones are not looked at */
#define ASKED_TEXTS 4
#define ASKED_MESSAGES 8

/* Strs point into what was read, or into statements of the names. */
struct asked {
	struct str texts[ASKED_TEXTS];  /* as they are executed, or, if none
					 * is, as they are prepared */
	unsigned n;
	size_t bytes;           /* up to the end of the Query or Sync */
	bool executes;
	char messages[ASKED_MESSAGES];  /* their types in lower case; an S for
					 * Describe of a statement */
	unsigned nmessages;     /* more than that: too many to be kept */
	bool named;             /* a statement gets a name, or loses it */
};

enum asking {
	ASKED,                  /* all of it is here and understood */
	ASKED_MORE,             /* more bytes are needed to tell */
	ASKED_UNCLEAR           /* a Flush, a large one, what is not known */
};

enum asking asked_read(struct asked *, const unsigned char *p, size_t n,
    uint32_t max_packet, struct names *);
	/* The n bytes at p begin with a frame. Names are the client's, NULL
	 * for none. On ASKED_MORE bytes says how many there have to be. */

void asked_answer(const struct asked *, const char *tag, char status,
    struct text *out);
	/* Append what a server would answer if each statement were a command
	 * without results that ends with this tag; NULL: were empty. Not if
	 * there are too many messages. */

#endif
