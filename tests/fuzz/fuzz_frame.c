// SPDX-License-Identifier: BSD-3-Clause
// Frames: any bytes into either port of a worker. Whatever comes, every frame is counted in one place
// and no buffer is lost. The first byte says into which port; odd ones have the
// clock jump to the next time-out.
#include "tests/fuzz/fuzz.h"
#include "tests/unit/lane.h"

enum { TIMEOUT_US = 4000000 };

static const struct image_rule_text rules[] = {{.domain = "."}};

static struct lane *lane;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!lane)
		lane = lane_new(rules, 1);
	if (size < 2 || size > 1600)
		return 0;
	if (data[0] & 1)
		lane->now_us += TIMEOUT_US;
	lane_give(lane, data[0] >> 1 & 1, data + 1, (uint16_t)(size - 1));
	for (unsigned port = 0; port < LANE_PORTS; port++)
		while (memory_take_sent(lane->ports[port]))
			continue;
	lane_check_laws(lane);
	return 0;
}
