// SPDX-License-Identifier: BSD-3-Clause
// A pool of random bytes, drawn from its end.
#include "core/chance.h"

#include <string.h>

//   0          left               size
//   | not drawn  |  drawn, zeroed  |
bool chance_draw(struct chance *chance, uint32_t *bits)
{
	*bits = 0;
	if (chance->left < sizeof(*bits))
		return false;
	chance->left -= (uint32_t)sizeof(*bits);
	memcpy(bits, chance->pool + chance->left, sizeof(*bits));
	memset(chance->pool + chance->left, 0, sizeof(*bits));
	return true;
}

// Multiply and shift, with rejection of the draws that would make some numbers likelier.
bool chance_below(struct chance *chance, uint32_t bound, uint32_t *number)
{
	uint32_t surplus = (0 - bound) % bound; // 2^32 modulo bound
	uint32_t bits;

	do {
		*number = 0;
		if (!chance_draw(chance, &bits))
			return false;
		*number = (uint32_t)((uint64_t)bits * bound >> 32);
	} while ((uint32_t)((uint64_t)bits * bound) < surplus);
	return true;
}

uint8_t *chance_spent(struct chance *chance, uint32_t *len)
{
	*len = CHANCE_POOL_SIZE - chance->left;
	return chance->pool + chance->left;
}

void chance_refilled(struct chance *chance)
{
	chance->left = CHANCE_POOL_SIZE;
}
