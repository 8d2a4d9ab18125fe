// SPDX-License-Identifier: BSD-3-Clause
// A log-linear histogram: 16 bins an octave, so that a bin is at most 6 % wide. Whoever adds owns it.
#pragma once

#include <stdint.h>

enum { HISTOGRAM_PARTS_LOG2 = 4, HISTOGRAM_BINS = 64 << HISTOGRAM_PARTS_LOG2 };

struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t bins[HISTOGRAM_BINS];
};

static inline unsigned histogram_bin(uint64_t value)
{
	unsigned octave = 63 - (unsigned)__builtin_clzll(value | 1);

	if (octave < HISTOGRAM_PARTS_LOG2)
		return (unsigned)value;
	return ((octave - HISTOGRAM_PARTS_LOG2 + 1) << HISTOGRAM_PARTS_LOG2) +
		(unsigned)(value >> (octave - HISTOGRAM_PARTS_LOG2) &
			((1 << HISTOGRAM_PARTS_LOG2) - 1));
}

// The smallest value of a bin.
static inline uint64_t histogram_low(unsigned bin)
{
	unsigned octave = bin >> HISTOGRAM_PARTS_LOG2;
	uint64_t part = bin & ((1 << HISTOGRAM_PARTS_LOG2) - 1);

	return octave == 0 ? part : (part + (1 << HISTOGRAM_PARTS_LOG2)) << (octave - 1);
}

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->count++;
	histogram->bins[histogram_bin(value)]++;
	if (value > histogram->max)
		histogram->max = value;
}

// The value that `share` of all are not over, as far as bins can tell; 0: there are none.
static inline uint64_t histogram_at(const struct histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)((double)histogram->count * share), seen = 0;

	for (unsigned bin = 0; bin < HISTOGRAM_BINS; bin++) {
		seen += histogram->bins[bin];
		if (seen > wanted)
			return histogram_low(bin);
	}
	return histogram->max;
}
