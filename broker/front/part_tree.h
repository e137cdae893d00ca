/* What is put down until the next flush: parts (encoded fields), and a tree of the lists
 * of them that peers stand for: a node is its parent's list and one part more. Peers that
 * got the same parts stand on the same node and share its frames. Owns the bytes, the
 * nodes and the making of frames; knows no peer, and sends nothing. */
#ifndef FRONT_PART_TREE_H
#define FRONT_PART_TREE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PART_TREE_ROOT 0 /* the node of who got nothing */

struct outbox_share;

/* Bytes that go out, to one peer or many. One thread counts refs. */
struct frame {
	size_t refs;
	struct outbox_share *share; /* that they are queued for; NULL: for none so far */
	size_t len;
	uint8_t data[];
};

struct part_node;
struct part;

struct part_tree {
	size_t frame_bytes_max; /* the caller sets it; a single larger part is a frame */
	size_t frame_bytes;     /* of all frames that live, shared ones once */

	struct buf bytes;
	size_t begun; /* where the part under way starts */
	bool beginning;
	struct part *parts;
	size_t parts_len, parts_cap;
	struct part_node *nodes;
	size_t nodes_len, nodes_cap;
	struct frame **frames; /* for all nodes */
	size_t frames_len, frames_cap;
	size_t pending; /* bytes of the frames that would be made now */
	uint32_t *path; /* scratch */
	size_t path_cap;
};

void part_tree_init(struct part_tree *, size_t frame_bytes_max);
void part_tree_fini(struct part_tree *);
/* Nobody stands anywhere any more. */
void part_tree_clear(struct part_tree *);

/* A part, encoded behind the buffer's end between the two; or the caller's bytes, which
 * stay as they are until the tree is cleared. Never empty. Its number. */
struct buf *part_tree_begin(struct part_tree *);
uint32_t part_tree_end(struct part_tree *);
uint32_t part_tree_refer(struct part_tree *, struct span bytes);

/* Who stands on that node gets one part more: where it stands now. */
uint32_t part_tree_step(struct part_tree *, uint32_t from, uint32_t part);
/* Who stood on that node is served: the frames of one that nobody stands on any more
 * belong to who else holds them. */
void part_tree_leave(struct part_tree *, uint32_t node);
size_t part_tree_bytes(const struct part_tree *, uint32_t node);
/* One part, or none. */
bool part_tree_is_single(const struct part_tree *, uint32_t node);

/* The node's frames, made when they are asked for first. *shared: they were there. Valid
 * until other frames are made. */
struct frame *const *part_tree_frames(struct part_tree *, uint32_t node, size_t *n, bool *shared);
/* One more holds it, for a peer of that share, which takes so much beside the frame. */
void frame_hold(struct frame *, struct outbox_share *, size_t beside);
void frame_drop(struct part_tree *, struct frame *, size_t beside);

#endif
