/*
 * sasl.h - how SASL mechanisms are named and framed in protocol messages.
 *
 * Bodies only: what follows the type byte and the length, and in messages
 * from the server the authentication code.
 */
#ifndef PGWIRE_SASL_H
#define PGWIRE_SASL_H

#include <stdbool.h>

#include "base/str.h"

#define SASL_SCRAM_SHA_256 "SCRAM-SHA-256"
#define SASL_SCRAM_SHA_256_PLUS "SCRAM-SHA-256-PLUS"

/* SASLInitialResponse, views into the body. */
struct sasl_initial {
	struct str mechanism;
	bool has_data;          /* false: the length was -1 */
	struct str data;
};

bool sasl_initial_parse(struct sasl_initial *, struct str body)
    __attribute__((warn_unused_result));
	/* False if malformed: no mechanism, or a length that is neither -1
	 * nor exactly what is left of the body. */

void sasl_initial_format(struct text *, const char *mechanism,
    struct str data);
	/* Append the body of a SASLInitialResponse. */

/* AuthenticationSASL: which mechanisms the server offers. */
struct sasl_offer {
	bool scram_sha_256, scram_sha_256_plus;
};

bool sasl_offer_parse(struct sasl_offer *, struct str list)
    __attribute__((warn_unused_result));
	/* list begins behind the code 10. False unless it is a sequence of
	 * strings that an empty one ends, and nothing behind that. */

#endif
