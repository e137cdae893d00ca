#include "api/request.h"

struct rooms_page {
	struct request *request;
	char **rooms;
	size_t len, max;
};

static void add_room(void *ctx, const struct topic_name *name)
{
	struct rooms_page *page = ctx;
	if (name->kind != TOPIC_ROOM)
		return;
	char *room = page->len < page->max ? request_text(page->request, name->id) : NULL;
	if (room)
		page->rooms[page->len++] = room;
}

/* A partition holds rooms of all tenants, and the database's words may quote them. */
static void hide_words(struct sync_partition_view *view)
{
	view->worker = *view->worker ? "worker" : "";
	view->error = *view->error ? "trouble: ask the operator" : "";
}

static Parlor__SyncPartition *partition_info(struct request *a, uint32_t partition)
{
	struct sync_partition_view view;
	Parlor__SyncPartition *info = request_memory(a, sizeof *info);
	sync_partition_show(a->broker->sync, partition, &view);
	if (!request_is_operator(a))
		hide_words(&view);
	char *worker = request_text(a, SPAN_TEXT(view.worker));
	char *error = request_text(a, SPAN_TEXT(view.error));
	if (!info || !worker || !error)
		return NULL;
	parlor__sync_partition__init(info);
	info->partition = partition;
	info->position = view.position;
	info->unread_position = view.unread_position;
	info->worker = worker;
	info->error = error;
	return info;
}

static enum parlor_err op_sync_status(struct request *a)
{
	struct broker *b = a->broker;
	uint32_t partitions = sync_partitions(b->sync);
	Parlor__SyncReport *r = request_result(a);
	r->partitions = request_memory(a, partitions * sizeof *r->partitions);
	struct rooms_page page = {.request = a, .max = b->settings.core.page};
	page.rooms = request_memory(a, page.max * sizeof *page.rooms);
	if (!r->partitions || !page.rooms)
		return PARLOR_E_NO_MEMORY;
	for (uint32_t i = 0; i < partitions; i++) {
		r->partitions[i] = partition_info(a, i);
		if (!r->partitions[i])
			return PARLOR_E_NO_MEMORY;
	}
	r->n_partitions = partitions;
	sync_quarantined(b->sync, a->session->tenant->id, add_room, &page);
	r->quarantined = page.rooms;
	r->n_quarantined = page.len;
	r->position = core_position(b->core);
	r->synced = sync_synced(b->sync);
	r->workers = sync_workers(b->sync);
	return PARLOR_E_OK;
}

static enum parlor_err op_sync_wait(struct request *a)
{
	struct broker *b = a->broker;
	struct pending_asker asker = request_asker(a);
	bool done = false;
	enum parlor_err err = request_may_wait(a);
	asker.position = core_position(b->core);
	if (!err)
		err = sync_wait_all(b->sync, asker.position, &asker, &done);
	if (!err && done)
		request_done(a, asker.position);
	a->later = !err && !done;
	return err;
}

static enum parlor_err op_sync_release(struct request *a)
{
	struct broker *b = a->broker;
	struct pending_asker asker = request_asker(a);
	struct topic_name name = {a->session->tenant->id, TOPIC_ROOM,
				  SPAN_TEXT(a->request->sync_release->room)};
	if (name.id.len == 0)
		return PARLOR_E_EMPTY;
	if (name.id.len > ROW_ID_MAX)
		return PARLOR_E_TOO_LONG;
	if (a->session->tenant->pending.len[PENDING_RELEASE] >= b->settings.tenant_releases) {
		b->counts.releases_refused++;
		return PARLOR_E_BUSY;
	}
	enum parlor_err err = request_may_wait(a);
	if (!err)
		err = sync_release(b->sync, &name, &asker, b->now_us);
	a->later = !err;
	return err;
}

static const struct request_kind kinds[] = {
	REQUEST(SYNC_STATUS, NEEDS_SESSION, op_sync_status, SYNC),
	REQUEST(SYNC_WAIT, NEEDS_SESSION, op_sync_wait, DONE),
	REQUEST(SYNC_RELEASE, NEEDS_SESSION, op_sync_release, DONE),
};
const struct request_noun sync_requests = REQUEST_NOUN(kinds);
