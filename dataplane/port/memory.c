// SPDX-License-Identifier: BSD-3-Clause
// A port over arrays. Cells are the buffers: free ones on a stack, queued ones and sent frames in rings.
#include "dataplane/port/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FRAME_ROOM = MEMORY_CELL_SIZE - PORT_HEADROOM };

struct ring {
	unsigned head, tail; // taken at head, put at tail; both only grow
};

struct memory_port {
	struct port port;
	uint16_t flags;
	unsigned free_count;
	uint16_t free[MEMORY_CELLS];
	struct ring queued;
	uint16_t queued_cells[MEMORY_CELLS];
	uint16_t queued_lens[MEMORY_CELLS];
	struct ring sent;
	struct memory_frame sent_frames[MEMORY_CELLS];
	uint8_t cells[MEMORY_CELLS][MEMORY_CELL_SIZE];
};

static struct memory_port *self(struct port *port)
{
	return (struct memory_port *)port;
}

static void set_packet(
	struct memory_port *memory, struct packet *packet, uint16_t cell, uint16_t len)
{
	*packet = (struct packet){
		.data = memory->cells[cell] + PORT_HEADROOM,
		.buffer = memory->cells[cell],
		.len = len,
		.head = PORT_HEADROOM,
		.tail = (uint16_t)(FRAME_ROOM - len),
		.pool = memory->port.index,
		.port = memory->port.index,
	};
}

static unsigned memory_receive(struct port *port, struct packet *packets, unsigned max)
{
	struct memory_port *memory = self(port);
	unsigned count = 0;

	while (count < max && memory->queued.head != memory->queued.tail) {
		unsigned at = memory->queued.head++ % MEMORY_CELLS;

		set_packet(
			memory, &packets[count], memory->queued_cells[at], memory->queued_lens[at]);
		packets[count++].flags = memory->flags;
	}
	port->counters.received += count;
	return count;
}

static unsigned memory_take(struct port *port, struct packet *packets, unsigned count)
{
	struct memory_port *memory = self(port);
	unsigned taken = 0;

	while (taken < count && memory->free_count > 0)
		set_packet(memory, &packets[taken++], memory->free[--memory->free_count], 0);
	return taken;
}

static void memory_release(struct port *port, struct packet *packets, unsigned count)
{
	struct memory_port *memory = self(port);

	for (unsigned i = 0; i < count; i++) {
		size_t off = (size_t)((uint8_t *)packets[i].buffer - memory->cells[0]);

		memory->free[memory->free_count++] = (uint16_t)(off / MEMORY_CELL_SIZE);
	}
}

static void memory_send(struct port *port, struct packet *packets, unsigned count)
{
	struct memory_port *memory = self(port);

	for (unsigned i = 0; i < count; i++) {
		struct memory_frame *frame = &memory->sent_frames[memory->sent.tail % MEMORY_CELLS];

		if (memory->sent.tail - memory->sent.head == MEMORY_CELLS) {
			port->counters.tx_full++;
			continue;
		}
		frame->len = packets[i].len;
		memcpy(frame->data, packets[i].data, packets[i].len);
		memory->sent.tail++;
		port->counters.sent++;
	}
	port_release_all(port->siblings, packets, count);
}

static int memory_wait_fd(struct port *port)
{
	(void)port;
	return -1;
}

static const struct port_ops memory_ops = {
	.receive = memory_receive,
	.take = memory_take,
	.send = memory_send,
	.release = memory_release,
	.wait_fd = memory_wait_fd,
};

struct memory_port *memory_new(uint8_t index)
{
	struct memory_port *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return NULL;
	memory->port.ops = &memory_ops;
	memory->port.index = index;
	for (unsigned i = 0; i < MEMORY_CELLS; i++)
		memory->free[memory->free_count++] = (uint16_t)i;
	return memory;
}

void memory_free(struct memory_port *memory)
{
	free(memory);
}

struct port *memory_as_port(struct memory_port *memory)
{
	return &memory->port;
}

void memory_set_flags(struct memory_port *memory, uint16_t flags)
{
	memory->flags = flags;
}

bool memory_put(struct memory_port *memory, const uint8_t *frame, size_t len)
{
	unsigned at = memory->queued.tail % MEMORY_CELLS;
	uint16_t cell;

	if (memory->free_count == 0 || len > FRAME_ROOM)
		return false;
	cell = memory->free[--memory->free_count];
	memcpy(memory->cells[cell] + PORT_HEADROOM, frame, len);
	memory->queued_cells[at] = cell;
	memory->queued_lens[at] = (uint16_t)len;
	memory->queued.tail++;
	return true;
}

const struct memory_frame *memory_take_sent(struct memory_port *memory)
{
	if (memory->sent.head == memory->sent.tail)
		return NULL;
	return &memory->sent_frames[memory->sent.head++ % MEMORY_CELLS];
}

unsigned memory_in_use(const struct memory_port *memory)
{
	return MEMORY_CELLS - memory->free_count - (memory->queued.tail - memory->queued.head);
}
