/*
 * handover_wire.h - what two processes say to each other when one takes the
 * other's place; see handover_wire.c.
 */
#ifndef HANDOVER_WIRE_H
#define HANDOVER_WIRE_H

#include <stdint.h>

/* Who says it, and what it means. A descriptor goes along where it says so.
 * New ones go to the end: the two processes may be of different versions. */
enum handover_kind {
	HANDOVER_HELLO = 1,     /* new: I would like to take over */
	HANDOVER_SOCKET,        /* old: a listening socket (descriptor) */
	HANDOVER_CONTROL,       /* old: the one we talk by (descriptor) */
	HANDOVER_BUDGET,        /* old: of the server text I keep number */
	HANDOVER_END,           /* old: that was all; number: the sockets are
				 * the service manager's */
	HANDOVER_TAKEN,         /* new: I accept from now on */
	HANDOVER_CLIENT,        /* new: one of yours has come to me, with a
				 * cancel request (descriptor) */
	HANDOVER_RESTART,       /* somebody: start your successor */
	HANDOVER_DONE,          /* old: it has taken over; number: its pid */
	HANDOVER_FAILED         /* old: it has not */
};

struct handover_message {
	uint32_t magic, kind, number;
	char text[244];         /* ends with a NUL, and is filled with them */
};

enum handover_io { HANDOVER_OK, HANDOVER_AGAIN, HANDOVER_GONE };

enum handover_io handover_send(int socket, enum handover_kind,
    uint32_t number, const char *text, int fd);
	/* text may be NULL, fd -1; fd stays the caller's. AGAIN: nothing was
	 * sent, the socket's buffer is full. */

enum handover_io handover_receive(int socket, struct handover_message *,
    int *fd);
	/* The descriptor that came along is the caller's; -1 if none did.
	 * GONE too if the peer does not speak as agreed. */

#endif
