#include "desk/rules.h"

#include "desk/idle.h"
#include "desk/standing.h"

#include "core/desk/view.h"

#include <parlor/parlor.pb-c.h>
#include <stdarg.h>
#include <stdio.h>

#define WHY(name) PARLOR__OFFER_WHY__WHY_##name
#define HOW(name) PARLOR__ASSIGN_HOW__HOW_##name
#define LLU(number) ((unsigned long long)(number))

/* With the conversation's id before it. */
static void __attribute__((format(printf, 4, 5)))
tell(struct ledger *l, const struct step *s, enum ledger_check check, const char *format, ...)
{
	char text[LEDGER_TEXT / 2];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	ledger_fault(l, check, "conversation %.*s: %s", (int)s->row->id.len,
		     (const char *)s->row->id.data, text);
}

#define MUST(condition, check, ...)                       \
	do {                                              \
		if (!(condition))                         \
			tell(l, s, (check), __VA_ARGS__); \
	} while (0)

/* ---- states ----------------------------------------------------------------------- */

#define IN(state) (1U << CONVERSATION_##state)
#define ANY_OPEN (IN(DEFERRED) | IN(WAITING) | IN(OFFERED) | IN(BOT) | IN(ACTIVE) | IN(HELD))
#define SERVED (IN(BOT) | IN(ACTIVE) | IN(HELD))

static const struct {
	const char *name;
	unsigned from, to; /* bits of states */
	bool keeps;        /* the state */
} steps[] = {
	[RECORD_QUEUED] = {"queued", ANY_OPEN, IN(WAITING) | IN(DEFERRED)},
	[RECORD_RAISED] = {"raised", IN(WAITING), IN(WAITING)},
	[RECORD_OFFERED] = {"offered", IN(WAITING) | IN(OFFERED) | IN(ACTIVE),
			    IN(OFFERED) | IN(ACTIVE)},
	[RECORD_OFFER_ENDED] = {"offered no more", IN(OFFERED) | IN(ACTIVE),
				IN(OFFERED) | IN(WAITING) | IN(ACTIVE)},
	[RECORD_ASSIGNED] = {"assigned", ANY_OPEN & ~IN(HELD), IN(ACTIVE) | IN(BOT)},
	[RECORD_RELEASED] = {"released", ANY_OPEN, ANY_OPEN, true},
	[RECORD_HELD] = {"held", IN(ACTIVE) | IN(HELD), IN(ACTIVE) | IN(HELD)},
	[RECORD_TRANSFER] = {"transferred", IN(ACTIVE) | IN(BOT), IN(ACTIVE) | IN(BOT), true},
	[RECORD_MARKED] = {"marked", ANY_OPEN, ANY_OPEN, true},
	[RECORD_REMINDED] = {"reminded", ANY_OPEN, ANY_OPEN, true},
	[RECORD_CLOSED] = {"closed", ANY_OPEN, IN(CLOSED)},
	[RECORD_RATED] = {"rated", 0, 0},
};

static void check_opened(struct ledger *l, const struct step *s)
{
	const struct row_conversation *row = s->row;
	const uint64_t guest[2] = {row->desk, row->visitor};
	struct visit *other;
	MUST(!s->before, CHECK_ONCE, "opened twice");
	HASH_FIND(hh_guest, l->by_guest, guest, sizeof guest, other);
	if (other && other != s->before)
		ledger_fault(l, CHECK_ONCE, "conversation %s: its visitor opens another",
			     other->id);
	HASH_FIND(hh_room, l->by_room, &row->room, sizeof row->room, other);
	if (other && other != s->before)
		ledger_fault(l, CHECK_ONCE, "conversation %s: another is opened in its room",
			     other->id);
	MUST(row->state == CONVERSATION_WAITING || row->state == CONVERSATION_DEFERRED, CHECK_LOST,
	     "opened, and does not wait");
}

static void check_step(struct ledger *l, const struct step *s)
{
	enum record_kind_no kind = s->record->kind;
	uint8_t was = s->before->row.state, is = s->row->state;
	bool fits = (steps[kind].from & (1U << was)) && (steps[kind].to & (1U << is)) &&
		    (!steps[kind].keeps || was == is);
	MUST(fits, CHECK_ONCE, "%s, from state %d to state %d", steps[kind].name, was, is);
	if (kind != RECORD_ASSIGNED && kind != RECORD_RELEASED)
		MUST(s->row->seat == s->before->row.seat, CHECK_ONCE,
		     "%s, and another agent has it", steps[kind].name);
	if (kind != RECORD_ASSIGNED)
		return;
	MUST(s->row->seat && s->row->seat == s->record->conversation.seat, CHECK_ONCE,
	     "assigned to nobody");
	MUST(was != CONVERSATION_ACTIVE || s->before->row.transfer, CHECK_ONCE,
	     "assigned, and somebody has it already");
	MUST(s->row->stints == s->before->row.stints + 1, CHECK_ONCE, "a stint is missing");
}

/* Who serves leaves with the next record; whoever is nobody's is given a place with it. */
static void check_owed(struct ledger *l, const struct step *s)
{
	enum record_kind_no kind = s->record->kind;
	bool same = s->record->conversation.no == l->owes_no;
	bool placed = kind == RECORD_QUEUED || kind == RECORD_CLOSED || kind == RECORD_ASSIGNED;
	if (l->owes == OWES_RELEASE &&
	    !(same && kind == RECORD_RELEASED && s->record->conversation.stint_n == l->owes_stint))
		ledger_fault(l, CHECK_ONCE, "conversation %llu: two serve it", LLU(l->owes_no));
	if (l->owes == OWES_PLACE && !(same && placed))
		ledger_fault(l, CHECK_LOST, "conversation %llu: nobody has it, and no queue",
			     LLU(l->owes_no));
	l->owes = OWES_NOTHING;
}

static void note_owed(struct ledger *l, const struct step *s, const struct row_conversation *was)
{
	bool assigned = s->record->kind == RECORD_ASSIGNED;
	l->owes_no = s->record->conversation.no;
	if (assigned && was->seat && was->seat != s->row->seat) {
		l->owes = OWES_RELEASE;
		l->owes_stint = was->stints;
	}
	if (s->record->kind == RECORD_RELEASED && !s->row->seat && (SERVED & (1U << s->row->state)))
		l->owes = OWES_PLACE;
}

/* It stands somewhere, or somebody has it. */
static void check_place(struct ledger *l, const struct step *s)
{
	const struct row_conversation *row = s->row;
	bool served = SERVED & (1U << row->state);
	if (l->owes != OWES_PLACE)
		MUST(!served || row->seat, CHECK_LOST, "nobody has it, and no queue");
	MUST(served || !row->seat || row->robot || row->state == CONVERSATION_CLOSED, CHECK_ONCE,
	     "it waits, and somebody has it");
	MUST(row->state != CONVERSATION_OFFERED || row->offer, CHECK_LOST,
	     "offered, and to nobody");
	MUST(row->state != CONVERSATION_CLOSED || (!row->seat && !row->offer), CHECK_ONCE,
	     "closed, and somebody has it");
	MUST(!(row->state == CONVERSATION_WAITING || row->state == CONVERSATION_OFFERED) ||
		     roster_team(&l->roster, row->team),
	     CHECK_LOST, "it waits in no team");
}

/* ---- offers ----------------------------------------------------------------------- */

static bool is_offered(const struct visit *v, uint64_t seat)
{
	for (size_t i = 0; i < v->offered_len; i++)
		if (v->offered[i] == seat)
			return true;
	return false;
}

static void check_offer(struct ledger *l, const struct step *s)
{
	const struct visit *v = s->before;
	const struct record_conversation *in = &s->record->conversation;
	size_t was = v->offered_len, is = s->row->offered.len;
	switch (s->record->kind) {
	case RECORD_OFFERED:
		MUST(!is_offered(v, in->seat) && is == was + 1, CHECK_ONCE,
		     "offered twice to the same");
		MUST(v->row.offer ? s->row->offer == v->row.offer : s->row->offer > l->offers,
		     CHECK_ONCE, "offer %llu is not a new one", LLU(s->row->offer));
		break;
	case RECORD_OFFER_ENDED:
		MUST(is_offered(v, in->seat) && is + 1 == was, CHECK_ONCE,
		     "an offer ends that nobody has");
		break;
	case RECORD_ASSIGNED:
		MUST(!was || (was == 1 && is_offered(v, in->seat)), CHECK_ONCE,
		     "assigned, and offered to others");
		MUST(in->how != HOW(ACCEPTED) || was == 1, CHECK_ONCE,
		     "an offer is accepted that is over");
		MUST(!s->row->offer && !is, CHECK_ONCE, "assigned, and its offer goes on");
		break;
	case RECORD_QUEUED:
	case RECORD_CLOSED:
	case RECORD_RAISED:
		MUST(!was && !is, CHECK_ONCE, "%s, and its offer goes on",
		     steps[s->record->kind].name);
		break;
	default:
		MUST(s->row->offer == v->row.offer && is == was, CHECK_ONCE,
		     "%s, and its offer is another", steps[s->record->kind].name);
	}
}

/* ---- transfers -------------------------------------------------------------------- */

static void check_transfer(struct ledger *l, const struct step *s)
{
	struct visit *v = s->before;
	const struct row_conversation *was = &v->row, *is = s->row;
	bool told = s->record->kind == RECORD_TRANSFER;
	unsigned how = s->record->conversation.how;
	bool done = told && how == PARLOR__TRANSFER_END__TRANSFER_DONE && !was->transfer;
	MUST(!was->transfer || !is->transfer || is->seat, CHECK_OWNED,
	     "handed over, and nobody has it");
	MUST(told || s->record->kind == RECORD_ASSIGNED || is->transfer == was->transfer,
	     CHECK_OWNED, "%s, and its transfer is another", steps[s->record->kind].name);
	if (!told)
		return;
	MUST(is->seat, CHECK_OWNED, "handed over by nobody");
	MUST(done || !was->transfer != !is->transfer, CHECK_OWNED,
	     "a transfer ends that is over, or begins twice");
	if (!was->transfer)
		v->handed_by = is->seat;
	else if (how != PARLOR__TRANSFER_END__TRANSFER_ACCEPTED)
		MUST(is->seat == v->handed_by, CHECK_OWNED, "not handed over, and another has it");
	else
		MUST(is->seat != v->handed_by, CHECK_OWNED, "taken, and who gave it has it");
}

/* ---- the queue's order -------------------------------------------------------------- */

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* When it asked, less the head start of its priority; and asking is not forgotten. */
static void check_key(struct ledger *l, const struct step *s)
{
	const struct row_conversation *row = s->row;
	const struct roster_team *team = roster_team(&l->roster, row->team);
	bool opened = s->record->kind == RECORD_OPENED, queued = s->record->kind == RECORD_QUEUED;
	if (!team)
		return;
	bool anew = opened ||
		    (queued && s->before->row.state == CONVERSATION_BOT && !team->handoff_keeps);
	uint64_t asked = anew ? l->record_us : s->before->row.asked_desk_us;
	MUST(row->asked_desk_us == asked, CHECK_ORDER, "it asked %lld us later than it did",
	     (long long)(row->asked_desk_us - asked));
	uint64_t key = less(asked, team->boost_us[row->priority % DESK_PRIORITIES]);
	if (!opened && !queued && s->record->kind != RECORD_MARKED)
		key = s->before->row.key;
	MUST(row->key == key, CHECK_ORDER, "it stands %lld us behind its place",
	     (long long)(row->key - key));
}

struct pairing {
	const struct visit *of;
	struct roster_team *team;
	struct roster_seat *seat;
	struct roster_post *post; /* NULL: the seat has no row in the team */
	uint64_t urgency;
	unsigned why;
	bool chosen; /* somebody said who: a claim, a manager, a transfer */
	bool over;   /* the limits may be passed */
};

static uint64_t urgency(const struct visit *v, const struct roster_team *team)
{
	return less(v->row.key, v->row.reserved ? 0 : team->weight_us);
}

static bool pairing_of(struct ledger *l, const struct step *s, struct pairing *p)
{
	const struct record_conversation *in = &s->record->conversation;
	bool offered = s->record->kind == RECORD_OFFERED;
	uint64_t team = offered ? s->row->offer_team : s->row->serving_team;
	struct decision decision = {0};
	*p = (struct pairing){.of = s->before,
			      .team = roster_team(&l->roster, team),
			      .seat = roster_seat(&l->roster, in->seat)};
	if (!p->team || !p->seat || !p->seat->agent)
		return false;
	struct roster_post *post = roster_post(&l->roster, team, in->seat);
	p->post = post && post->stands ? post : NULL;
	if (in->decision.len && fields_decode_whole(in->decision, decision_fields, &decision))
		p->why = decision.why;
	if (offered)
		p->why = s->row->offer_why;
	p->urgency = urgency(s->before, p->team);
	p->chosen = s->before->row.transfer_seat || (!offered && in->how != HOW(AUTO));
	bool preferred = p->why == WHY(ASKED) || p->why == WHY(OWNER) || p->why == WHY(STICKY);
	p->over = (!offered && (in->how == HOW(FORCED) || in->how == HOW(ACCEPTED))) ||
		  (preferred && p->team->sticky_full == 2);
	return true;
}

static bool level_fits(const struct ledger *l, const struct visit *v,
		       const struct roster_post *post)
{
	const struct roster_team *team = post->team;
	if (team->no != v->row.team && team->no != v->row.transfer_team)
		return true; /* it helps with all it has */
	return post->level <= v->row.level ||
	       (!team->levels_wait && post->level <= roster_lowest_level(&l->roster, team));
}

/* The seat, which has room and is there, could take it as one of that team. */
static bool could(const struct ledger *l, const struct visit *v, const struct roster_post *post)
{
	const struct roster_seat *seat = post->seat;
	bool reserved = v->row.reserved == seat->no && !v->row.offer;
	return (reserved || idle_is_free(v)) && !idle_excluded_us(v, seat->no, l->record_us) &&
	       v->row.seat != seat->no && level_fits(l, v, post);
}

/* Those of one queue who stand before it. */
static void look_through(struct ledger *l, const struct step *s, const struct pairing *p,
			 const struct roster_post *post, bool overflow)
{
	struct roster_team *team = post->team;
	struct rank_tree *queue = overflow ? &team->overflowed : &team->queue;
	for (struct rank_node *n = rank_first(queue); n; n = rank_next(queue, n)) {
		struct visit *v = overflow ? VISIT(n, in_overflow) : VISIT(n, in_queue);
		if (less(v->row.key, team->weight_us) >= p->urgency)
			return;
		if (v == p->of || urgency(v, team) >= p->urgency)
			continue;
		if (team == p->team && !v->row.offer)
			team->figures.overtaken++;
		MUST(!could(l, v, post), CHECK_ORDER,
		     "seat %llu has it while conversation %s waits before it", LLU(p->seat->no),
		     v->id);
	}
}

static void check_first(struct ledger *l, const struct step *s)
{
	struct pairing p;
	if (!pairing_of(l, s, &p) || p.chosen || p.of->row.offer || p.over)
		return;
	if (!roster_available(&l->roster, p.seat) || p.seat->ready_us > l->record_us)
		return;
	for (struct roster_post *post = p.seat->posts; post; post = post->next_of_seat) {
		if (!post->stands || !roster_has_room(p.seat, post) || p.seat->agent->robot ||
		    roster_strategy(post->team) == STRATEGY_MANUAL)
			continue;
		look_through(l, s, &p, post, false);
		look_through(l, s, &p, post, true);
	}
}

/* ---- limits ----------------------------------------------------------------------- */

static void check_limits(struct ledger *l, const struct step *s)
{
	struct pairing p;
	if (!pairing_of(l, s, &p)) {
		MUST(false, CHECK_LIMITS, "given to a seat, or as of a team, that is not there");
		return;
	}
	const struct roster_seat *seat = p.seat;
	const struct roster_agent *a = seat->agent;
	if (p.over)
		return;
	MUST(seat->load <= seat->max || (a->robot && !seat->max), CHECK_LIMITS,
	     "seat %llu of %s has %llu of %llu", LLU(seat->no), a->id, LLU(seat->load),
	     LLU(seat->max));
	MUST(!a->max || a->load <= a->max, CHECK_LIMITS, "agent %s has %llu of %llu", a->id,
	     LLU(a->load), LLU(a->max));
	MUST(!p.post || !p.post->max || p.post->load <= p.post->max, CHECK_LIMITS,
	     "%s has %llu of %llu in team %s", a->id, LLU(p.post ? p.post->load : 0),
	     LLU(p.post ? p.post->max : 0), p.team->id);
}

/* ---- all of it -------------------------------------------------------------------- */

static bool pairs(const struct step *s)
{
	return s->record->kind == RECORD_OFFERED || s->record->kind == RECORD_ASSIGNED;
}

void rules_before(struct ledger *l, const struct step *s)
{
	check_owed(l, s);
	if (s->record->kind == RECORD_OPENED) {
		check_opened(l, s);
		if (!s->before)
			check_key(l, s);
		return;
	}
	if (!s->before) {
		ledger_fault(l, CHECK_LOST, "conversation %llu is %s, and is not open",
			     LLU(s->record->conversation.no), steps[s->record->kind].name);
		return;
	}
	check_step(l, s);
	check_key(l, s);
	check_offer(l, s);
	check_transfer(l, s);
	if (pairs(s)) {
		check_first(l, s);
		standing_before(l, s);
	}
	note_owed(l, s, &s->before->row);
}

void rules_behind(struct ledger *l, const struct step *s)
{
	check_place(l, s);
	if (pairs(s))
		check_limits(l, s);
}
