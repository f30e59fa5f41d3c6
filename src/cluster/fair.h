/*
 * fair.h - dividing what there is among those who want more than there is.
 */
#ifndef CLUSTER_FAIR_H
#define CLUSTER_FAIR_H

#include <stddef.h>
#include <stdint.h>

#define FAIR_ONE 1024u          /* parts are fractions of this */

uint64_t fair_level(const uint32_t *demands, size_t n, uint32_t total);
	/* Max-min fair: who wants less than the level gets what it wants, all
	 * others get the level, and together no more than total. In units of
	 * 1/FAIR_ONE; UINT64_MAX if everybody gets what it wants. */

uint64_t fair_part(uint32_t demand, uint64_t level);
	/* What one of them should have, in units of 1/FAIR_ONE. */

#endif
