/* hostile: a tenant posts at a steady rate while another one takes what it can get.
 * What the first one notices, what the broker's memory comes to, how long a turn gets. */
#include "attack.h"
#include "bench.h"
#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOMS_DEFAULT 1000
#define AGENTS 20
#define LOOK_NS 20000000 /* looking costs both of them time */
#define RATE_DEFAULT 2000
#define ATTACKERS_DEFAULT 16
#define LISTENERS_DEFAULT 2000 /* with those that ask nearly a tenant's share */
#define MESSAGES_DEFAULT 2000000
#define MEMBERS_DEFAULT 20000

/* What its settings let the broker keep: small, so that a leak would show. */
#define QUEUE_MB 128
#define RESIDENT_MB 256
#define TENANT_MEMBERS 150000 /* before e is refused */
#define BESIDE_MB 64          /* and all else that it needs */
#define TEXT_(n) #n
#define TEXT(n) TEXT_(n)

static const char *const settings[] = {"--set", "session.queue_bytes=" TEXT(QUEUE_MB) "M",
				       "--set", "limits.resident_bytes=" TEXT(RESIDENT_MB) "M",
				       "--set", "tenant.tenant_members=" TEXT(TENANT_MEMBERS),
				       NULL};

struct hostile {
	const struct options *options;
	const char *letters;
	struct attack_shape shape;
	struct stage_plan plan;
	struct stage stage;
	struct attack *attack; /* NULL: the victim is alone */
	uint64_t attack_until_ns;
	uint64_t look_ns; /* at the memory, next */
	double peak_mb;
	struct report reports[sizeof ATTACKS];
};

/* Looks at the memory, and ends the attack with the measured time: what the victim has
 * posted must come to its end. */
static void look_around(void *ctx, uint64_t now_ns)
{
	struct hostile *h = ctx;
	if (h->attack && now_ns > h->attack_until_ns)
		attack_stop(h->attack);
	if (now_ns < h->look_ns)
		return;
	h->look_ns = now_ns + LOOK_NS;
	double mb = anon_mb(h->stage.rig.broker->pid);
	if (mb > h->peak_mb)
		h->peak_mb = mb;
}

static void put_turns(struct hostile *h, struct row *row)
{
	static const char *const counters[] = {"turn_us_max",
					       "turn_steps_max",
					       "turns_full_of_requests",
					       "turns_full_of_bytes_in",
					       "turns_full_of_records",
					       "turns_full_of_steps",
					       "turns_full_of_rows",
					       "turns_full_of_deliveries",
					       "turns_full_of_time",
					       "turns_ended_by_commit",
					       "turns_full_of_bytes_out",
					       "sessions_held_back"};
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		row_set(row, counters[i], (double)dealer_stat(&h->stage.control, counters[i]));
}

static void post_on(struct hostile *h, struct load_result *result)
{
	struct load_plan load = stage_plan_of(h->options, 0);
	load.rate = option_or(h->options->rate, RATE_DEFAULT);
	load.tick = look_around;
	load.late = true;
	h->attack_until_ns = load_now_ns() + load.warmup_ns + load.measure_ns;
	load.tick_ctx = h;
	h->peak_mb = 0;
	stage_run(&h->stage, &load, result);
}

static void put_victim(const struct load_result *alone, const struct load_result *beside,
		       struct row *row)
{
	row_times(row, "alone_", &alone->acks);
	row_times(row, "", &beside->acks);
	row_times(row, "delivery_", &beside->deliveries);
	row_set(row, "acks_per_s", (double)beside->acked / beside->seconds);
	row_set(row, "ratio", row_get(row, "p99_us") / row_get(row, "alone_p99_us"));
}

/* The victim alone, then beside the attack; on a broker that has just been started, so
 * that its memory and its counters tell of this alone. */
static void measure(struct hostile *h, char letter, struct report *report)
{
	struct load_result *alone = mem_new(sizeof *alone), *beside = mem_new(sizeof *beside);
	struct stage *s = &h->stage;
	struct row row = {0};
	stage_restart(s, &h->plan);
	post_on(h, alone);
	row_set(&row, "memory_before_mb", anon_mb(s->rig.broker->pid));
	row_set(&row, "alone_turn_us_max", (double)dealer_stat(&s->control, "turn_us_max"));
	uint64_t began = load_now_ns();
	h->attack = attack_begin(letter, &h->shape, s->rig.client);
	post_on(h, beside);
	double seconds = (double)(h->attack_until_ns - began) / 1e9;
	put_turns(h, &row);
	struct attack_counts counts = attack_end(h->attack);
	h->attack = NULL;
	put_victim(alone, beside, &row);
	row_set(&row, "memory_peak_mb", h->peak_mb);
	row_set(&row, "memory_allowed_mb", QUEUE_MB + RESIDENT_MB + BESIDE_MB);
	row_set(&row, "attackers", (double)h->shape.sessions);
	row_set(&row, "attack_sent", (double)counts.requests);
	row_set(&row, "attack_answers_per_s", (double)counts.answered / seconds);
	row_set(&row, "attack_busy", (double)counts.busy);
	row_set(&row, "attack_full", (double)counts.full);
	row_set(&row, "attack_ended", (double)counts.ended);
	report_run(report, &row);
	free(alone);
	free(beside);
}

/* Whatever the other one has used up. */
static void make_a_room(struct hostile *h, char letter)
{
	struct buf body = {0}, spec = {0};
	char id[] = {'n', 'e', 'w', '-', letter, 0};
	put_text(&body, 1, id);
	put_text(&spec, 1, id);
	put_number(&spec, 2, 2);
	put_message(&body, 4, &spec);
	(void)dealer_ask(&h->stage.control, OP_ROOM_CREATE, &body);
	buf_fini(&body);
	buf_fini(&spec);
}

static void run(struct hostile *h)
{
	stage_open(&h->stage, h->options, &h->plan);
	attack_prepare(h->letters, &h->shape, h->stage.rig.client);
	for (size_t i = 0; h->letters[i]; i++) {
		measure(h, h->letters[i], &h->reports[i]);
		make_a_room(h, h->letters[i]);
	}
	world_check(h->stage.world, &h->stage.control);
	stage_close(&h->stage);
}

void scenario_hostile(const struct options *o)
{
	struct hostile *h = mem_new(sizeof *h);
	uint32_t sessions = 4;
	*h = (struct hostile){
		.options = o,
		.letters = o->attack ? o->attack : ATTACKS,
		.shape = {.messages = option_or(o->messages, MESSAGES_DEFAULT),
			  .members = option_or(o->members, MEMBERS_DEFAULT),
			  .sessions = option_or(o->sessions, ATTACKERS_DEFAULT),
			  .listeners = option_or(o->listeners, LISTENERS_DEFAULT)},
		.plan = {.world = {.rooms = (uint32_t)option_or(o->rooms, ROOMS_DEFAULT),
				   .agents = AGENTS,
				   .pool = (uint32_t)option_or(o->agents, AGENTS * sessions),
				   .sessions = sessions,
				   .body = (uint32_t)option_or(o->body, BODY_DEFAULT),
				   .timed = true},
			 .senders = (uint32_t)option_or(o->senders, 4),
			 .broker_args = settings},
	};
	check(strlen(h->letters) < sizeof ATTACKS, "--attack: some of %s", ATTACKS);
	for (size_t i = 0; h->letters[i]; i++) {
		const char *name = attack_name(h->letters[i]);
		check(name, "--attack: some of %s", ATTACKS);
		report_begin(&h->reports[i], o->json, "hostile", "parlor", name);
	}
	for (uint64_t n = 0; n < option_or(o->runs, 1); n++)
		run(h);
	for (size_t i = 0; h->letters[i]; i++)
		report_end(&h->reports[i]);
	free(h);
}
