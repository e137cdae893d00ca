/* parlor desk why: what became of a conversation, step by step, and what the strategy saw
 * where somebody was chosen */
#include "ctl.h"
#include "fields.h"
#include "show.h"

#include <inttypes.h>

/* Pages come with the latest first and are shown the other way round: so many are kept. */
#define PAGES_MAX 64

struct steps {
	Parlor__Reply *pages[PAGES_MAX];
	size_t len;
};

/* ---- words -------------------------------------------------------------------- */

static const Parlor__ConversationChanged *change_of(const Parlor__Event *e)
{
	switch (e->kind_case) {
	case PARLOR__EVENT__KIND_CONVERSATION:
		return e->conversation;
	case PARLOR__EVENT__KIND_OFFER:
		return e->offer;
	case PARLOR__EVENT__KIND_OFFER_ENDED:
		return e->offer_ended;
	case PARLOR__EVENT__KIND_TRANSFER:
		return e->transfer;
	default:
		return NULL;
	}
}

/* Neither offer, stint nor transfer: what is another than before tells. was: NULL of the
 * first that there is. */
static const char *changed(const Parlor__ConversationChanged *c, const Parlor__Conversation *was)
{
	const Parlor__Conversation *is = c->conversation;

	if (!c->before)
		return "opened";
	if (is->state == PARLOR__CONVERSATION_STATE__CONVERSATION_CLOSED)
		return is->score ? "rated" : "closed";
	if (was && was->state == is->state) {
		if (was->priority != is->priority || was->type_no != is->type_no)
			return "marked";
		if (was->level != is->level)
			return "raised";
	}
	if (was && was->state == PARLOR__CONVERSATION_STATE__CONVERSATION_HELD &&
	    is->state == PARLOR__CONVERSATION_STATE__CONVERSATION_ACTIVE)
		return "resumed";
	return fields_word(&parlor__conversation_state__descriptor, (int)is->state);
}

static const char *word_of(const Parlor__Event *e, const Parlor__Conversation *was)
{
	const Parlor__ConversationChanged *c = change_of(e);

	if (e->kind_case == PARLOR__EVENT__KIND_OFFER)
		return "offered";
	if (e->kind_case == PARLOR__EVENT__KIND_OFFER_ENDED)
		return fields_word(&parlor__offer_end__descriptor,
				   c->offer ? (int)c->offer->end : 0);
	if (e->kind_case == PARLOR__EVENT__KIND_TRANSFER)
		return "transfer";
	if (c->reminded)
		return "reminded";
	if (c->stint)
		return c->stint->ended_us ? "released" : "assigned";
	return changed(c, was);
}

static void say(const char *before, const char *text)
{
	if (!*text)
		return;
	fputs(before, stdout);
	show_text(stdout, text);
}

/* What the strategy compares: the smallest is the first. */
static void put_score(Parlor__DeskStrategy strategy, uint64_t score, uint64_t of)
{
	if (strategy == PARLOR__DESK_STRATEGY__STRATEGY_PRIORITY)
		printf("%g", (double)(UINT64_MAX - score) / 1000);
	else if (of > 1 || strategy == PARLOR__DESK_STRATEGY__STRATEGY_MOST_IDLE)
		printf("%" PRIu64 "/%" PRIu64, score, of);
	else
		printf("%" PRIu64, score);
}

static void put_passed_over(const Parlor__Decision *d)
{
	const struct {
		uint32_t n;
		const char *why;
	} causes[] = {{d->full, "full"}, {d->offline, "away"}, {d->excluded, "asked before"}};
	const char *before = "; ";

	for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
		if (!causes[i].n)
			continue;
		printf("%s%u %s", before, causes[i].n, causes[i].why);
		before = ", ";
	}
}

static void put_decision(const Parlor__Decision *d)
{
	if (!d)
		return;
	if (d->why != PARLOR__OFFER_WHY__WHY_STRATEGY)
		printf("  %s,", fields_word(&parlor__offer_why__descriptor, (int)d->why));
	printf("  %s", fields_word(&parlor__desk_strategy__descriptor, (int)d->strategy));
	if (d->of) {
		putchar(' ');
		put_score(d->strategy, d->score, d->of);
	}
	if (d->second_seat) {
		fputs(" before ", stdout);
		put_score(d->strategy, d->second_score, d->second_of);
		say(" (", d->second_agent);
		putchar(')');
	}
	printf("  of %u ready", d->ready);
	put_passed_over(d);
	if (d->level)
		printf("  level %u", d->level);
	if (d->place)
		printf("  place %u", d->place);
}

static void put_offer(const Parlor__Offer *o, bool ended)
{
	printf("  #%" PRIu64, o->offer);
	say(ended ? " " : " to ", o->agent);
	if (ended && o->misses)
		printf(", %u missed", o->misses);
	else if (!ended && o->expires_ms)
		printf(" for %" PRIu64 " s", (o->expires_ms + 999) / 1000);
}

static void put_stint(const Parlor__Stint *s)
{
	say("  ", s->agent);
	if (s->ended_us)
		printf(", %s", fields_word(&parlor__release_why__descriptor, (int)s->end_why));
	else
		printf(", %s, waited %" PRIu64 " s",
		       fields_word(&parlor__assign_how__descriptor, (int)s->how),
		       s->wait_ms / 1000);
}

static void put_transfer(const Parlor__Transfer *t)
{
	printf("  #%" PRIu64 " %s", t->no,
	       fields_word(&parlor__transfer_end__descriptor, (int)t->end));
	say(", from ", t->from_agent);
	say(", to ", t->to_agent);
	say(", to team ", t->to_team);
	say(", note: ", t->note);
}

static void put_reminder(uint32_t of)
{
	static const char *const whom[] = {"of something", "the agent", "the visitor",
					   "that the first answer is due", "that its end is due"};
	printf("  %s", whom[of < sizeof whom / sizeof *whom ? of : 0]);
}

static void put_conversation(const Parlor__ConversationChanged *c)
{
	const Parlor__Conversation *v = c->conversation;

	if (v->state == PARLOR__CONVERSATION_STATE__CONVERSATION_CLOSED) {
		if (v->score)
			printf("  %u of 5", v->score);
		else
			printf("  %s",
			       fields_word(&parlor__close_why__descriptor, (int)v->close_why));
		return;
	}
	if (!c->before)
		say("  by ", v->visitor);
	say("  team ", v->team);
	if (!*v->agent && c->queued)
		printf(", %s", fields_word(&parlor__queue_why__descriptor, (int)c->queued));
	say(", type ", v->type);
	if (v->priority)
		printf(", priority %u", v->priority);
	if (v->level)
		printf(", level %u", v->level);
}

/* ---- lines -------------------------------------------------------------------- */

static void show_step(const Parlor__Event *e, const Parlor__Conversation *was)
{
	const Parlor__ConversationChanged *c = change_of(e);
	char time[SHOW_TIME_BYTES];

	printf("%s.%03u  %-9s", show_time(e->time_us, time), (unsigned)(e->time_us / 1000 % 1000),
	       word_of(e, was));
	if (c->offer && !c->stint)
		put_offer(c->offer, e->kind_case == PARLOR__EVENT__KIND_OFFER_ENDED);
	else if (c->transfer)
		put_transfer(c->transfer);
	else if (c->reminded)
		put_reminder(c->reminded);
	else if (c->stint)
		put_stint(c->stint);
	else
		put_conversation(c);
	put_decision(c->decision);
	say("  asked by ", c->by);
	say("  ", c->why);
	say("  ", c->comment);
	putchar('\n');
}

static void show_steps(const struct ctl *ctl, const struct steps *steps)
{
	const Parlor__Conversation *was = NULL;

	for (size_t page = steps->len; page-- > 0;) {
		const Parlor__DeskSteps *of = steps->pages[page]->steps;
		for (size_t i = of->n_steps; i-- > 0;) {
			const Parlor__ConversationChanged *c = change_of(of->steps[i]);
			if (ctl->json)
				show_event(of->steps[i], true);
			else if (c && c->conversation)
				show_step(of->steps[i], was);
			if (c && c->conversation)
				was = c->conversation;
		}
	}
}

/* ---- the command -------------------------------------------------------------- */

static enum ctl_exit read_steps(struct ctl *ctl, const struct args *args, struct steps *steps)
{
	Parlor__DeskWhy body = PARLOR__DESK_WHY__INIT;
	const Parlor__DeskSteps *last;

	if (!ctl_fill(ctl->command, args, &parlor__desk_why__descriptor, &body))
		return CTL_USAGE;
	do {
		enum ctl_exit status =
			ctl_call(ctl, PARLOR__REQUEST__OP_DESK_WHY, &body,
				 PARLOR__REPLY__RESULT_STEPS, &steps->pages[steps->len]);
		if (status)
			return status;
		last = steps->pages[steps->len++]->steps;
		body.before = last->before;
	} while (last->more && !args_has(args, "limit") && steps->len < PAGES_MAX);
	if (last->trimmed)
		fputs("parlor: what was before is no longer in the journal\n", stderr);
	if (last->more)
		fprintf(stderr, "parlor: there are earlier ones: --before %" PRIu64 "\n",
			last->before);
	return CTL_OK;
}

static enum ctl_exit why(struct ctl *ctl, const struct args *args)
{
	struct steps steps = {.len = 0};

	enum ctl_exit status = read_steps(ctl, args, &steps);
	if (!status)
		show_steps(ctl, &steps);
	while (steps.len > 0)
		parlor_reply_free(steps.pages[--steps.len]);
	return status;
}

static const struct command commands[] = {
	{"desk why", "CONVERSATION", 1, 1, NULL,
	 "What became of it, step by step, and why it went to whom.", .run = why,
	 .op = PARLOR__REQUEST__OP_DESK_WHY, .also = &parlor__desk_why__descriptor,
	 .fields = {"conversation"}},
	{0},
};
const struct noun desk_why_noun = {.commands = commands};
