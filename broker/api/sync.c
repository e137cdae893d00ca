#include "api/request.h"

struct rooms_page {
	struct ask *ask;
	char **rooms;
	size_t len, max;
};

static void add_room(void *ctx, const struct sync_room_view *view)
{
	struct rooms_page *page = ctx;
	char *room = page->len < page->max ? ask_text(page->ask, view->room) : NULL;
	if (room)
		page->rooms[page->len++] = room;
}

/* A part holds rooms of all tenants, and the database's words may quote them. */
static void hide_words(struct sync_part_view *view)
{
	view->worker = *view->worker ? "worker" : "";
	view->error = *view->error ? "trouble: ask the operator" : "";
}

static Parlor__SyncPart *part_info(struct ask *a, uint32_t part)
{
	struct sync_part_view view;
	Parlor__SyncPart *info = ask_memory(a, sizeof *info);
	sync_part_show(a->broker->sync, part, &view);
	if (!ask_is_operator(a))
		hide_words(&view);
	char *worker = ask_text(a, SPAN_TEXT(view.worker));
	char *error = ask_text(a, SPAN_TEXT(view.error));
	if (!info || !worker || !error)
		return NULL;
	parlor__sync_part__init(info);
	info->part = part;
	info->position = view.position;
	info->unread_position = view.unread_position;
	info->worker = worker;
	info->error = error;
	return info;
}

static enum parlor_err op_sync_status(struct ask *a)
{
	struct broker *b = a->broker;
	uint32_t parts = sync_parts(b->sync);
	Parlor__SyncReport *r = ask_result(a);
	r->parts = ask_memory(a, parts * sizeof *r->parts);
	struct rooms_page page = {.ask = a, .max = b->settings.page};
	page.rooms = ask_memory(a, page.max * sizeof *page.rooms);
	if (!r->parts || !page.rooms)
		return PARLOR_E_NO_MEMORY;
	for (uint32_t i = 0; i < parts; i++) {
		r->parts[i] = part_info(a, i);
		if (!r->parts[i])
			return PARLOR_E_NO_MEMORY;
	}
	r->n_parts = parts;
	sync_quarantined(b->sync, (struct span){a->session->tenant->id, a->session->tenant->id_len},
			 add_room, &page);
	r->quarantined = page.rooms;
	r->n_quarantined = page.len;
	r->position = core_position(b->core);
	r->synced = sync_synced(b->sync);
	r->workers = sync_workers(b->sync);
	return PARLOR_E_OK;
}

static enum parlor_err op_sync_wait(struct ask *a)
{
	struct broker *b = a->broker;
	struct waiting_request *w;
	bool done;
	enum parlor_err err = ask_wait(a, &w);
	if (err)
		return err;
	w->position = core_position(b->core);
	err = sync_wait_all(b->sync, w->position,
			    (struct sync_cookie){a->session->number, w->number}, &done);
	if (err || done) {
		ask_done(a, w->position);
		waiting_remove(b->waiting, w);
		a->later = false;
	}
	return err;
}

static enum parlor_err op_sync_release(struct ask *a)
{
	struct broker *b = a->broker;
	struct waiting_request *w;
	struct span room = SPAN_TEXT(a->request->sync_release->room);
	if (room.len == 0)
		return PARLOR_E_EMPTY;
	if (room.len > ROW_ID_MAX)
		return PARLOR_E_TOO_LONG;
	enum parlor_err err = ask_wait(a, &w);
	if (err)
		return err;
	err = sync_release(b->sync,
			   (struct span){a->session->tenant->id, a->session->tenant->id_len}, room,
			   (struct sync_cookie){a->session->number, w->number}, b->now_us);
	if (err) {
		waiting_remove(b->waiting, w);
		a->later = false;
	}
	return err;
}

static const struct request_kind kinds[] = {
	REQUEST(SYNC_STATUS, NEEDS_SESSION, op_sync_status, SYNC),
	REQUEST(SYNC_WAIT, NEEDS_SESSION, op_sync_wait, DONE),
	REQUEST(SYNC_RELEASE, NEEDS_SESSION, op_sync_release, DONE),
};
const struct request_noun sync_requests = REQUEST_NOUN(kinds);
