#include "reply.h"

#include "base/mem.h"

#include <stdlib.h>

/* protobuf-c's structs take char *, and change nothing. */
static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

void reply_partition_state(struct link *link, const struct partition *partition)
{
	Parlor__PartitionState state = PARLOR__PARTITION_STATE__INIT;
	size_t n = quarantine_count(&partition->quarantine);
	Parlor__QuarantinedTopic *topics = mem_new((n + 1) * sizeof *topics);
	Parlor__QuarantinedTopic **list = mem_new((n + 1) * sizeof *list);
	state.partition = partition->mark.partition;
	state.epoch = partition->epoch;
	state.db_epoch = partition->mark.epoch;
	state.position = partition->mark.position;
	state.digest = partition->mark.digest;
	state.unread_position = partition_unread_position(partition);
	for (const struct quarantine_topic *q = partition->quarantine.topics; q; q = q->hh.next) {
		Parlor__QuarantinedTopic *topic = &topics[state.n_quarantined];
		parlor__quarantined_topic__init(topic);
		topic->tenant = borrow(q->topic.tenant);
		topic->topic_kind = (Parlor__TopicKind)q->topic.kind;
		topic->topic = borrow(q->topic.id);
		topic->position = q->position;
		topic->error = borrow(q->error);
		list[state.n_quarantined++] = topic;
	}
	state.quarantined = list;
	link_send(link, PARLOR__FROM_WORKER__OP_PARTITION_STATE, &state.base);
	free(list);
	free(topics);
}

void reply_batch_done(struct link *link, const struct partition *partition)
{
	Parlor__BatchDone done = PARLOR__BATCH_DONE__INIT;
	done.partition = partition->mark.partition;
	done.epoch = partition->epoch;
	done.position = partition->mark.position;
	done.unread_position = partition_unread_position(partition);
	link_send(link, PARLOR__FROM_WORKER__OP_BATCH_DONE, &done.base);
}

void reply_failed(struct link *link, uint32_t partition, uint64_t epoch, Parlor__FailClass fail,
		  const char *error)
{
	Parlor__BatchFailed failed = PARLOR__BATCH_FAILED__INIT;
	failed.partition = partition;
	failed.epoch = epoch;
	failed.fail = fail;
	failed.error = borrow(error);
	link_send(link, PARLOR__FROM_WORKER__OP_BATCH_FAILED, &failed.base);
}

void reply_release(struct link *link, const Parlor__Release *release, const char *error)
{
	Parlor__ReleaseDone done = PARLOR__RELEASE_DONE__INIT;
	done.partition = release->partition;
	done.epoch = release->epoch;
	done.tenant = release->tenant;
	done.topic_kind = release->topic_kind;
	done.topic = release->topic;
	done.upto = release->upto;
	done.error = borrow(error);
	link_send(link, PARLOR__FROM_WORKER__OP_RELEASE_DONE, &done.base);
}

void reply_archive_refused(struct link *link, uint64_t query, enum parlor_err err, const char *text)
{
	Parlor__ArchivePage page = PARLOR__ARCHIVE_PAGE__INIT;
	page.query = query;
	page.code = (uint32_t)err;
	page.text = borrow(text);
	link_send(link, PARLOR__FROM_WORKER__OP_ARCHIVE_PAGE, &page.base);
}
