/*
 * hosts.h - words for conversations with a primary and its replicas.
 */
#ifndef CONVERSATION_HOSTS_H
#define CONVERSATION_HOSTS_H

#define MAIN "pool_mode = transaction\nquery_wait_notify = 0\n" \
	"control_user = watch\nslow_start = 0\n"
#define ROUTED MAIN "routing = explicit\n[databases]\nshop = host=$1,$2,$3\n"
#define TWO MAIN "routing = explicit\n[databases]\nshop = host=$1,$2\n"
#define ENTRY(role) MAIN "[databases]\nshop = host=$1,$2 role=" role "\n"
/* A primary and a replica; the client has its welcome from the first. */
#define PAIR "host 1 is primary", "host 2 is replica"
/* A block that waits for its first statement. */
#define BLOCK PAIR, "client 1: Q begin read only", "client 1 < C BEGIN / Z T"
#define READ "Q select 1 from t"
#define HINT "Q /* pgweir:replica */ select 1"
#define ROW "C SELECT 1 / Z I"

#endif
