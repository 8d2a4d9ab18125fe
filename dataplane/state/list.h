// SPDX-License-Identifier: BSD-3-Clause
// Lists over the elements of an array, by index: each element has a link for each list that it can be in.
//
//   elements   [ … link … ][ … link … ][ … link … ]       list: first, last
//                   └───────────▲└──────────▲
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LIST_END UINT32_MAX

struct list_link {
	uint32_t next, previous;
};

struct list {
	uint32_t first, last;
};

// Where the links are: that of element 0, and the distance to the next element's.
struct list_links {
	uint8_t *first;
	size_t stride;
};

static inline void list_init(struct list *list)
{
	*list = (struct list){LIST_END, LIST_END};
}

static inline struct list_link *list_link_of(const struct list_links *links, uint32_t index)
{
	return (struct list_link *)(links->first + index * links->stride);
}

static inline void list_append(struct list *list, const struct list_links *links, uint32_t index)
{
	*list_link_of(links, index) = (struct list_link){LIST_END, list->last};
	if (list->last == LIST_END)
		list->first = index;
	else
		list_link_of(links, list->last)->next = index;
	list->last = index;
}

static inline void list_remove(struct list *list, const struct list_links *links, uint32_t index)
{
	const struct list_link *link = list_link_of(links, index);

	if (link->previous == LIST_END)
		list->first = link->next;
	else
		list_link_of(links, link->previous)->next = link->next;
	if (link->next == LIST_END)
		list->last = link->previous;
	else
		list_link_of(links, link->next)->previous = link->previous;
}

// All of `from` goes to the end of `to`.
static inline void list_splice(struct list *to, struct list *from, const struct list_links *links)
{
	if (from->first == LIST_END)
		return;
	if (to->last == LIST_END)
		to->first = from->first;
	else
		list_link_of(links, to->last)->next = from->first;
	list_link_of(links, from->first)->previous = to->last;
	to->last = from->last;
	list_init(from);
}
