// SPDX-License-Identifier: BSD-3-Clause
// The steering program on an interface: attached by us, or by somebody else with our object.
//
// It is told which addresses are ours and leaves the rest to the kernel (bpf/steer.h). Main thread.
#pragma once

#include "bpf/steer.h"
#include "dataplane/port/port.h"

struct steer;

// Readies interface `ifindex` for a program of ours: takes off what a killed dataplane left, and
// refuses if anything else is attached. `name` is for messages. 0, or -1 with `error` set.
[[nodiscard]] int steer_clear(unsigned ifindex, const char *name, struct port_error *error);

// Loads the program with empty maps, attached to nothing. NULL: `error` says why.
[[nodiscard]] struct steer *steer_new(const char *name, struct port_error *error);

// Attaches it in driver mode or in generic mode, by a link that ends with this process; it may be attached in the
// other one so far. 0, or -1 with `error` set.
[[nodiscard]] int steer_attach(struct steer *, unsigned ifindex, bool is_generic, const char *name,
	struct port_error *error);

// Is the program on the interface ours, whoever attached it?
[[nodiscard]] bool steer_is_attached(unsigned ifindex);

// Finds our program where somebody else attached it to `ifindex`, and holds it there by a link that ends
// with this process in place of his attachment, which would stay. NULL: `error` says why.
[[nodiscard]] struct steer *steer_adopt(
	unsigned ifindex, const char *name, struct port_error *error);

// Detaches the program if it is held, and lets go of the maps.
void steer_free(struct steer *);

// The map from queue to AF_XDP socket; its owner is the steer.
[[nodiscard]] int steer_sockets_fd(const struct steer *);

// Takes these addresses in place of those before, while frames arrive: what is new comes now, what is gone leaves some
// seconds later, as replies are on their way. 0 or -errno: -E2BIG too many, -EINVAL one address with two separate ranges.
[[nodiscard]] int steer_set(struct steer *, const struct steering *);
// Queries of clients within these prefixes are to be dropped. Called before any address is set. 0 or -errno.
[[nodiscard]] int steer_drop(struct steer *, const struct steer_prefix *prefixes, unsigned count);
// Once a second.
void steer_tick(struct steer *);

// What became of frames so far, summed over CPUs: STEER_COUNTER_COUNT counters, which it gives.
unsigned steer_count(const struct steer *, struct device_counter *counters);

// The loaded program, for tests to run; its owner is the steer.
[[nodiscard]] int steer_program_fd(const struct steer *);

// The compiled program, for whoever loads it by file.
[[nodiscard]] const void *steer_object(size_t *len);
