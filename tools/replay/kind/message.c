#include "kind/kind.h"

#include <inttypes.h>
#include <stdio.h>

static const char *who(const char *id)
{
	return id && *id ? id : "the system";
}

static void what_posted(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "%s %" PRIu64 " by %s%s",
		 r->posted.type == MESSAGE_TYPE_NOTICE ? "notice" : "posted", r->posted.seq,
		 who(e->posted->sender), e->posted->recalled ? " (recalled later)" : "");
}

static void what_recalled(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "recalled %" PRIu64 " by %s", r->recalled.seq, who(e->recalled->by));
}

static void draft_posted(struct draft *d, const Parlor__Event *e)
{
	const Parlor__Message *m = e->posted;

	if (m->type == PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE)
		d->type = "notice";
	d->from = m->sender;
	d->seq = m->seq;
	d->body = m->body;
	draft_add_text(d, "client_id", m->client_id);
	if (m->content_type != PARLOR__CONTENT_TYPE__CONTENT_TEXT)
		draft_add_text(d, "content", kind_word(recording_contents, (int)m->content_type));
	if (m->n_mentions > 0) {
		json_t *mentions = json_array();
		for (size_t i = 0; i < m->n_mentions; i++)
			json_array_append_new(mentions, json_string(m->mentions[i]));
		json_object_set_new(d->more, "mentions", mentions);
	}
	if (m->recalled)
		json_object_set_new(d->more, "recalled", json_true());
}

static void draft_recalled(struct draft *d, const Parlor__Event *e)
{
	d->from = e->recalled->by;
	d->seq = e->recalled->seq;
}

static const struct kind kinds[] = {
	{RECORD_POSTED, PARLOR__EVENT__KIND_POSTED, what_posted, "text", RECORDING_TEXT,
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM | LINE_NEEDS_SEQ, draft_posted, NULL},
	{RECORD_POSTED, PARLOR__EVENT__KIND_POSTED, what_posted, "notice", RECORDING_NOTICE,
	 LINE_NEEDS_ROOM | LINE_NEEDS_SEQ, draft_posted, NULL},
	{RECORD_RECALLED, PARLOR__EVENT__KIND_RECALLED, what_recalled, "recall", RECORDING_RECALL,
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM | LINE_NEEDS_SEQ, draft_recalled, NULL},
};
const struct kind_noun message_kinds = KIND_NOUN(kinds);
