/*
 * hba.h - the auth_hba_file: who has to prove what, by where from and where
 * to. The first rule that fits decides.
 */
#ifndef CONFIG_HBA_H
#define CONFIG_HBA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/str.h"

struct hba;
struct ident;
struct ident_map;

/* What a rule may ask for, and what it says in the file. */
#define HBA_METHODS(X)             \
	X(TRUST,    "trust")       \
	X(REJECT,   "reject")      \
	X(PASSWORD, "password")    \
	X(MD5,      "md5")         \
	X(SCRAM,    "scram-sha-256") \
	X(PEER,     "peer")        \
	X(CERT,     "cert")

enum hba_method {
#define X(id, name) HBA_##id,
	HBA_METHODS(X)
#undef X
	HBA_NO_RULE             /* none fits: nobody gets in */
};

/* What a rule may ask for besides: clientcert=verify-ca, =verify-full. */
enum hba_clientcert {
	HBA_CLIENTCERT_ANY,     /* nothing */
	HBA_CLIENTCERT_GOOD,    /* a certificate */
	HBA_CLIENTCERT_OWN      /* one with the user's name */
};

/* One who wants in. */
struct hba_query {
	const struct addr *addr;        /* AF_UNIX: local */
	bool tls;
	bool replication;       /* physical: such a client has no database */
	const char *database;
	const char *alias;      /* its other name, or NULL */
	const char *user;
};

struct hba_answer {
	enum hba_method method;
	enum hba_clientcert clientcert;
	const struct ident_map *map;    /* or NULL; the hba's */
	size_t line;                    /* of the rule; 0: HBA_NO_RULE */
};

struct hba *hba_load(const char *path, struct ident *, struct err *);
	/* Read the rules and the files that they name. NULL with "FILE:LINE:
	 * what was expected", or why a file cannot be read. The name maps
	 * (NULL: none) are referred to. */

struct hba *hba_parse(struct str text, const char *path, struct ident *,
    struct err *);
	/* The same from memory; path is for messages, and the place that
	 * names of further files are relative to. */

struct hba *hba_ref(struct hba *);
void hba_unref(struct hba *);
	/* NULL is fine. */

struct hba_answer hba_ask(const struct hba *, const struct hba_query *);
	/* Pure: no file is read, nothing is looked up. */

bool hba_uses(const struct hba *, enum hba_method);
	/* Is there a rule with this method? */

bool hba_wants_certificates(const struct hba *);
	/* Is there one that asks for a client's, by whichever means? */

const char *hba_method_name(enum hba_method);
	/* As in the file; "none" for HBA_NO_RULE. */

#endif
