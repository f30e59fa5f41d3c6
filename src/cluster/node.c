/*
 * node.c - what follows from one host's own answers; see node.h.
 */
#include "cluster/node.h"

bool
node_is_asked(const struct node *n)
{
	return n->login.user != NULL;
}

bool
node_speaks(const struct node *n)
{
	return health_is_up(&n->health) && mono_is_set(n->answered);
}
