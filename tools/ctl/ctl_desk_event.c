/* What happens at a desk, in words; no commands. */
#include "ctl.h"
#include "fields.h"
#include "show.h"

#include <inttypes.h>

static const char *word(const ProtobufCEnumDescriptor *kind, int value)
{
	return fields_word(kind, value);
}

/* "conversation c1 of ann: " */
static void begin(FILE *out, const Parlor__Conversation *v)
{
	fputs("conversation ", out);
	show_text(out, v->conversation);
	fputs(" of ", out);
	show_text(out, v->visitor);
	fputs(": ", out);
}

/* Behind what is said: who asked for it, and the words that came with it. */
static void end(FILE *out, const char *by, const char *words)
{
	if (*by) {
		fputs(", by ", out);
		show_text(out, by);
	}
	if (*words) {
		fputs(": \"", out);
		show_text(out, words);
		fputc('"', out);
	}
}

static void say_agent(FILE *out, const char *agent, const char *then)
{
	show_text(out, agent);
	fputs(then, out);
}

/* ---- a conversation ----------------------------------------------------------- */

static void say_reminder(FILE *out, uint32_t of)
{
	static const char *const reminders[] = {
		"something is due", "its agent is reminded: the visitor waits for an answer",
		"its visitor is reminded: the agent waits for an answer", "the first answer is due",
		"its end is due"};
	fputs(reminders[of < sizeof reminders / sizeof *reminders ? of : 0], out);
}

static void say_stint(FILE *out, const Parlor__Stint *s)
{
	show_text(out, s->agent);
	if (s->ended_us)
		fprintf(out, " serves it no more, %s",
			word(&parlor__release_why__descriptor, (int)s->end_why));
	else
		fprintf(out, " serves it, %s", word(&parlor__assign_how__descriptor, (int)s->how));
}

static void say_waiting(FILE *out, const Parlor__Conversation *v, int why)
{
	fputs("waits in team ", out);
	show_text(out, v->team);
	fprintf(out, ", %s", word(&parlor__queue_why__descriptor, why));
	if (v->priority)
		fprintf(out, ", priority %u", v->priority);
	if (v->level)
		fprintf(out, ", level %u", v->level);
}

static void say_state(FILE *out, const Parlor__ConversationChanged *changed)
{
	const Parlor__Conversation *v = changed->conversation;

	switch (v->state) {
	case PARLOR__CONVERSATION_STATE__CONVERSATION_DEFERRED:
		fputs("waits for opening", out);
		break;
	case PARLOR__CONVERSATION_STATE__CONVERSATION_WAITING:
	case PARLOR__CONVERSATION_STATE__CONVERSATION_OFFERED:
		say_waiting(out, v, (int)changed->queued);
		break;
	case PARLOR__CONVERSATION_STATE__CONVERSATION_HELD:
		fputs("is held", out);
		break;
	case PARLOR__CONVERSATION_STATE__CONVERSATION_CLOSED:
		if (v->score)
			fprintf(out, "is rated %u of 5", v->score);
		else
			fprintf(out, "is closed, %s",
				word(&parlor__close_why__descriptor, (int)v->close_why));
		break;
	default:
		say_agent(out, v->agent, " goes on with it");
		if (v->priority)
			fprintf(out, ", priority %u", v->priority);
	}
}

static void event_conversation(FILE *out, const Parlor__Event *e)
{
	const Parlor__ConversationChanged *changed = e->conversation;

	if (!changed->conversation)
		return;
	begin(out, changed->conversation);
	if (changed->reminded)
		say_reminder(out, changed->reminded);
	else if (changed->stint)
		say_stint(out, changed->stint);
	else
		say_state(out, changed);
	end(out, changed->by, *changed->comment ? changed->comment : changed->why);
}

/* ---- offers and transfers ----------------------------------------------------- */

static void event_offer(FILE *out, const Parlor__Event *e)
{
	const Parlor__ConversationChanged *changed = e->offer;
	const Parlor__Offer *offer = changed->offer;

	if (!changed->conversation || !offer)
		return;
	begin(out, changed->conversation);
	say_agent(out, offer->agent, " is asked");
	fprintf(out, ", offer %" PRIu64 ", %s", offer->offer,
		word(&parlor__offer_why__descriptor, (int)offer->why));
	if (offer->expires_ms)
		fprintf(out, ", for %" PRIu64 " s", (offer->expires_ms + 999) / 1000);
	end(out, changed->by, "");
}

static void event_offer_ended(FILE *out, const Parlor__Event *e)
{
	const Parlor__ConversationChanged *changed = e->offer_ended;
	const Parlor__Offer *offer = changed->offer;

	if (!changed->conversation || !offer)
		return;
	begin(out, changed->conversation);
	say_agent(out, offer->agent, " is asked no more");
	fprintf(out, ", offer %" PRIu64 ", %s", offer->offer,
		word(&parlor__offer_end__descriptor, (int)offer->end));
	end(out, changed->by, changed->why);
}

static void event_transfer(FILE *out, const Parlor__Event *e)
{
	const Parlor__ConversationChanged *changed = e->transfer;
	const Parlor__Transfer *t = changed->transfer;

	if (!changed->conversation || !t)
		return;
	begin(out, changed->conversation);
	fprintf(out, "transfer %" PRIu64, t->no);
	if (*t->to_team || *t->to_agent) {
		fputs(*t->to_team ? " to team " : " to ", out);
		show_text(out, *t->to_team ? t->to_team : t->to_agent);
	}
	fprintf(out, ", %s", word(&parlor__transfer_end__descriptor, (int)t->end));
	end(out, *changed->by ? changed->by : t->by, t->note);
}

/* ---- a row -------------------------------------------------------------------- */

static void event_desk_row(FILE *out, const Parlor__Event *e)
{
	const Parlor__DeskSet *set = e->desk_row->row;
	const ProtobufCFieldDescriptor *kind;
	char name[FIELDS_NAME_BYTES];

	if (!set || set->row_case == PARLOR__DESK_SET__ROW__NOT_SET)
		return;
	kind = protobuf_c_message_descriptor_get_field(&parlor__desk_set__descriptor,
						       set->row_case);
	fprintf(out, "%s %" PRIu64 " is %s", fields_name(kind, name), e->desk_row->no,
		set->remove ? "removed" : "set");
	const ProtobufCMessage *row = (const ProtobufCMessage *)set->desk;
	for (unsigned i = 0; i < row->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &row->descriptor->fields[i];
		if (!fields_is_set(f, row))
			continue;
		fprintf(out, ", %s ", fields_name(f, name));
		fields_show(out, f, row);
	}
}

/* ---- the table ---------------------------------------------------------------- */

static const struct show_event events[] = {
	{PARLOR__EVENT__KIND_CONVERSATION, event_conversation},
	{PARLOR__EVENT__KIND_OFFER, event_offer},
	{PARLOR__EVENT__KIND_OFFER_ENDED, event_offer_ended},
	{PARLOR__EVENT__KIND_TRANSFER, event_transfer},
	{PARLOR__EVENT__KIND_DESK_ROW, event_desk_row},
	{0},
};
const struct noun desk_event_noun = {.name = "desk", .events = events};
