#include "front/part_tree.h"

#include "front/share.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_BYTES_MAX (4u << 20) /* of the buffer, when it is cleared */

struct part_node {
	uint32_t parent;
	uint32_t part;
	uint32_t last_child; /* PART_TREE_ROOT: none */
	uint32_t peers;      /* standing here */
	uint32_t frames_at;  /* in part_tree.frames, when frames_len */
	uint32_t frames_len;
	size_t bytes;
};

struct part {
	const uint8_t *data; /* the caller's; NULL: in part_tree.bytes */
	size_t at;
	size_t len;
};

void part_tree_init(struct part_tree *t, size_t frame_bytes_max)
{
	*t = (struct part_tree){.frame_bytes_max = frame_bytes_max, .nodes_cap = 64};
	t->nodes = mem_resize(NULL, t->nodes_cap, sizeof *t->nodes);
	part_tree_clear(t);
}

void part_tree_fini(struct part_tree *t)
{
	buf_fini(&t->bytes);
	free(t->parts);
	free(t->nodes);
	free(t->frames);
	free(t->path);
}

void part_tree_clear(struct part_tree *t)
{
	for (size_t i = 0; i < t->frames_len; i++)
		assert(!t->frames[i]);
	if (t->bytes.cap > KEPT_BYTES_MAX)
		buf_fini(&t->bytes);
	buf_clear(&t->bytes);
	t->parts_len = 0;
	t->frames_len = 0;
	t->nodes[PART_TREE_ROOT] = (struct part_node){0};
	t->nodes_len = 1;
	t->pending = 0;
}

/* ---- parts ------------------------------------------------------------------------- */

static uint32_t part_add(struct part_tree *t, struct part part)
{
	assert(part.len > 0);
	MEM_GROW(t->parts, t->parts_len, t->parts_cap, 64);
	t->parts[t->parts_len] = part;
	return (uint32_t)t->parts_len++;
}

struct buf *part_tree_begin(struct part_tree *t)
{
	assert(!t->beginning);
	t->beginning = true;
	t->begun = t->bytes.len;
	return &t->bytes;
}

uint32_t part_tree_end(struct part_tree *t)
{
	assert(t->beginning);
	t->beginning = false;
	return part_add(t, (struct part){.at = t->begun, .len = t->bytes.len - t->begun});
}

uint32_t part_tree_refer(struct part_tree *t, struct span bytes)
{
	return part_add(t, (struct part){.data = bytes.data, .len = bytes.len});
}

/* ---- nodes ------------------------------------------------------------------------- */

static uint32_t node_make(struct part_tree *t, uint32_t parent, uint32_t part)
{
	if (t->nodes_len == t->nodes_cap) {
		t->nodes_cap *= 2;
		t->nodes = mem_resize(t->nodes, t->nodes_cap, sizeof *t->nodes);
	}
	uint32_t no = (uint32_t)t->nodes_len++;
	t->nodes[no] = (struct part_node){.parent = parent,
					  .part = part,
					  .bytes = t->nodes[parent].bytes + t->parts[part].len};
	t->nodes[parent].last_child = no;
	return no;
}

uint32_t part_tree_step(struct part_tree *t, uint32_t from, uint32_t part)
{
	assert(part < t->parts_len);
	uint32_t to = t->nodes[from].last_child;
	if (to == PART_TREE_ROOT || t->nodes[to].part != part)
		to = node_make(t, from, part);
	if (from != PART_TREE_ROOT && --t->nodes[from].peers == 0)
		t->pending -= t->nodes[from].bytes;
	if (t->nodes[to].peers++ == 0)
		t->pending += t->nodes[to].bytes;
	return to;
}

void part_tree_leave(struct part_tree *t, uint32_t no)
{
	struct part_node *node = &t->nodes[no];
	if (--node->peers)
		return;
	for (uint32_t i = 0; i < node->frames_len; i++) {
		frame_drop(t, t->frames[node->frames_at + i], 0);
		t->frames[node->frames_at + i] = NULL;
	}
	node->frames_len = 0;
}

size_t part_tree_bytes(const struct part_tree *t, uint32_t node)
{
	return t->nodes[node].bytes;
}

bool part_tree_is_single(const struct part_tree *t, uint32_t node)
{
	return t->nodes[node].parent == PART_TREE_ROOT;
}

/* ---- frames ------------------------------------------------------------------------ */

static struct frame *frame_new(struct part_tree *t, size_t len)
{
	struct frame *frame = mem_resize(NULL, 1, sizeof *frame + len);
	mem_ready(frame, sizeof *frame + len);
	frame->refs = 1;
	frame->share = NULL;
	frame->len = len;
	t->frame_bytes += len;
	return frame;
}

void frame_hold(struct frame *frame, struct outbox_share *share, size_t beside)
{
	frame->refs++;
	if (!frame->share && share) {
		frame->share = share;
		share_queue(share, frame->len);
	}
	if (frame->share)
		share_queue(frame->share, beside);
}

void frame_drop(struct part_tree *t, struct frame *frame, size_t beside)
{
	bool last = --frame->refs == 0;
	if (frame->share)
		share_unqueue(frame->share, beside + (last ? frame->len : 0));
	if (!last)
		return;
	t->frame_bytes -= frame->len;
	free(frame);
}

/* One frame of the parts path[0..n). */
static struct frame *frame_of_parts(struct part_tree *t, const uint32_t *path, size_t n, size_t len)
{
	struct frame *frame = frame_new(t, len);
	uint8_t *to = frame->data;
	for (size_t i = 0; i < n; i++) {
		const struct part *part = &t->parts[path[i]];
		memcpy(to, part->data ? part->data : t->bytes.data + part->at, part->len);
		to += part->len;
	}
	return frame;
}

static void node_frame_add(struct part_tree *t, struct part_node *node, struct frame *frame)
{
	MEM_GROW(t->frames, t->frames_len, t->frames_cap, 64);
	if (!node->frames_len++)
		node->frames_at = (uint32_t)t->frames_len;
	t->frames[t->frames_len++] = frame;
}

/* The parts of a node in order, in part_tree.path; returns how many. */
static size_t node_path(struct part_tree *t, uint32_t no)
{
	size_t n = 0;
	for (uint32_t at = no; at != PART_TREE_ROOT; at = t->nodes[at].parent)
		n++;
	if (n > t->path_cap) {
		t->path_cap = n * 2;
		t->path = mem_resize(t->path, t->path_cap, sizeof *t->path);
	}
	size_t i = n;
	for (uint32_t at = no; at != PART_TREE_ROOT; at = t->nodes[at].parent)
		t->path[--i] = t->nodes[at].part;
	return n;
}

static void node_make_frames(struct part_tree *t, uint32_t no)
{
	size_t n = node_path(t, no);
	size_t first = 0;
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		size_t part_len = t->parts[t->path[i]].len;
		if (i > first && len + part_len > t->frame_bytes_max) {
			node_frame_add(t, &t->nodes[no],
				       frame_of_parts(t, t->path + first, i - first, len));
			first = i;
			len = 0;
		}
		len += part_len;
	}
	node_frame_add(t, &t->nodes[no], frame_of_parts(t, t->path + first, n - first, len));
}

struct frame *const *part_tree_frames(struct part_tree *t, uint32_t no, size_t *n, bool *shared)
{
	*shared = t->nodes[no].frames_len;
	if (!*shared)
		node_make_frames(t, no);
	*n = t->nodes[no].frames_len;
	return t->frames + t->nodes[no].frames_at;
}
