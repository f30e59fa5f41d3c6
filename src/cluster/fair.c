/*
 * fair.c - max-min fairness by raising the level of the water; see fair.h.
 */
#include "cluster/fair.h"

uint64_t
fair_level(const uint32_t *demands, size_t n, uint32_t total)
{
	uint64_t level = 0, raised, left;
	size_t i, thirsty;

	/* Whoever is content below the level leaves its rest to the others,
	 * so the level only rises, until nobody more is content. */
	do {
		raised = level;
		left = (uint64_t)total * FAIR_ONE;
		thirsty = 0;
		for (i = 0; i < n; i++) {
			uint64_t d = (uint64_t)demands[i] * FAIR_ONE;

			if (d <= level)
				left -= d;
			else
				thirsty++;
		}
		if (thirsty == 0)
			return UINT64_MAX;
		level = left / thirsty;
	} while (level > raised);
	return level;
}

uint64_t
fair_part(uint32_t demand, uint64_t level)
{
	uint64_t d = (uint64_t)demand * FAIR_ONE;

	return d < level ? d : level;
}
