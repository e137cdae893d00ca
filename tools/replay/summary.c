#include "summary.h"

#include <jansson.h>
#include <parlor/error.h>
#include <stdlib.h>

typedef unsigned long long ull;

void summary_refuse(struct summary *s, int code)
{
	size_t slot = code < 0 || code >= SUMMARY_CODES ? SUMMARY_CODES - 1 : (size_t)code;

	s->refused[slot]++;
	s->refused_all++;
}

static bool deliveries_good(const struct summary *s)
{
	const struct delivery_check *h = s->delivery_check;

	if (h == NULL)
		return true;
	return h->unexpected == 0 && h->out_of_order == 0 &&
	       (!s->verify || (delivery_check_outstanding(h) == 0 && s->resets == 0));
}

bool summary_good(const struct summary *s)
{
	return !s->interrupted && s->input_error[0] == '\0' && s->broker_error[0] == '\0' &&
	       s->refused_all == 0 && s->unanswered == 0 && s->unsent == 0 && s->misordered == 0 &&
	       s->left_alone == 0 && s->renumbered == 0 && deliveries_good(s);
}

static double acks_per_second(const struct summary *s)
{
	return s->seconds > 0 ? (double)s->acknowledged / s->seconds : 0;
}

static double posts_per_second(const struct summary *s)
{
	return s->seconds > 0 ? (double)s->ack_us.count / s->seconds : 0;
}

static void print_refusals(const struct summary *s, FILE *out)
{
	for (int code = 0; code < SUMMARY_CODES; code++)
		if (s->refused[code] > 0)
			fprintf(out, "refused     %llu %s\n", (ull)s->refused[code],
				parlor_err_name(code));
	if (s->unanswered > 0)
		fprintf(out, "unanswered  %llu\n", (ull)s->unanswered);
	if (s->unsent > 0)
		fprintf(out, "not sent    %llu\n", (ull)s->unsent);
	if (s->passed_over > 0)
		fprintf(out, "passed over %llu events about what the recording lacks\n",
			(ull)s->passed_over);
	if (s->left_alone > 0)
		fprintf(out, "left alone  %llu events of rooms that were there before\n",
			(ull)s->left_alone);
	if (s->renumbered > 0)
		fprintf(out, "renumbered  %llu messages\n", (ull)s->renumbered);
	if (s->misordered > 0)
		fprintf(out, "misordered  %llu\n", (ull)s->misordered);
}

static void print_deliveries(const struct summary *s, FILE *out)
{
	const struct delivery_check *h = s->delivery_check;

	fprintf(out, "deliveries  %llu of %llu heard (%u sessions:", (ull)h->heard,
		(ull)h->expected, s->sessions);
	for (unsigned i = 0; i < s->sessions; i++)
		fprintf(out, " %llu", (ull)h->heard_by[i]);
	fprintf(out, "), %llu unexpected, %llu out of order, %llu foreign\n", (ull)h->unexpected,
		(ull)h->out_of_order, (ull)h->foreign);
}

void summary_print_text(const struct summary *s, FILE *out)
{
	fprintf(out, "rooms       %llu with %llu members\n", (ull)s->rooms, (ull)s->members);
	fprintf(out, "messages    %llu texts, %llu notices, %llu of them already there\n",
		(ull)s->texts, (ull)s->notices, (ull)s->already_there);
	fprintf(out, "membership  %llu joins, %llu leaves\n", (ull)s->joins, (ull)s->leaves);
	if (s->reads > 0)
		fprintf(out, "read        %llu\n", (ull)s->reads);
	if (s->changes > 0 || s->recalls > 0 || s->presences > 0)
		fprintf(out,
			"changes     %llu of names and states, %llu recalls, %llu of presence\n",
			(ull)s->changes, (ull)s->recalls, (ull)s->presences);
	fprintf(out, "requests    %llu acknowledged in %.2f s: %.0f/s, of posts %.0f/s\n",
		(ull)s->acknowledged, s->seconds, acks_per_second(s), posts_per_second(s));
	fprintf(out, "ack time    p50 %llu us, p99 %llu us, max %llu us\n",
		(ull)histogram_percentile(&s->ack_us, 50),
		(ull)histogram_percentile(&s->ack_us, 99), (ull)s->ack_us.max);
	if (s->late_us.count > 0)
		fprintf(out, "late        p50 %llu us, p99 %llu us, max %llu us\n",
			(ull)histogram_percentile(&s->late_us, 50),
			(ull)histogram_percentile(&s->late_us, 99), (ull)s->late_us.max);
	if (s->reconnects > 0 || s->retried > 0)
		fprintf(out, "trouble     %llu sessions lost, %llu resets, %llu requests retried\n",
			(ull)s->reconnects, (ull)s->resets, (ull)s->retried);
	print_refusals(s, out);
	if (s->delivery_check != NULL)
		print_deliveries(s, out);
	if (s->input_error[0] != '\0')
		fprintf(out, "input       %s\n", s->input_error);
	if (s->broker_error[0] != '\0')
		fprintf(out, "broker      %s\n", s->broker_error);
	if (s->interrupted)
		fprintf(out, "interrupted\n");
	fprintf(out, "%s\n", summary_good(s) ? "all is well" : "NOT ALL IS WELL");
}

static void set_int(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *refusals_json(const struct summary *s)
{
	json_t *refused = json_object();

	for (int code = 0; code < SUMMARY_CODES; code++)
		if (s->refused[code] > 0)
			set_int(refused, parlor_err_name(code), s->refused[code]);
	return refused;
}

static json_t *times_json(const struct histogram *h)
{
	json_t *times = json_object();

	set_int(times, "p50", histogram_percentile(h, 50));
	set_int(times, "p99", histogram_percentile(h, 99));
	set_int(times, "max", h->max);
	json_object_set_new(times, "mean", json_real(histogram_mean(h)));
	return times;
}

static json_t *deliveries_json(const struct summary *s)
{
	const struct delivery_check *h = s->delivery_check;
	json_t *object = json_object();
	json_t *by_session = json_array();

	set_int(object, "expected", h->expected);
	set_int(object, "heard", h->heard);
	set_int(object, "missing", delivery_check_outstanding(h));
	set_int(object, "unexpected", h->unexpected);
	set_int(object, "out_of_order", h->out_of_order);
	set_int(object, "foreign", h->foreign);
	for (unsigned i = 0; i < s->sessions; i++)
		json_array_append_new(by_session, json_integer((json_int_t)h->heard_by[i]));
	json_object_set_new(object, "by_session", by_session);
	return object;
}

static json_t *text_or_null(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

static void set_counts(json_t *object, const struct summary *s)
{
	set_int(object, "rooms", s->rooms);
	set_int(object, "members", s->members);
	set_int(object, "texts", s->texts);
	set_int(object, "notices", s->notices);
	set_int(object, "already_there", s->already_there);
	set_int(object, "joins", s->joins);
	set_int(object, "leaves", s->leaves);
	set_int(object, "reads", s->reads);
	set_int(object, "changes", s->changes);
	set_int(object, "recalls", s->recalls);
	set_int(object, "presences", s->presences);
	set_int(object, "passed_over", s->passed_over);
	set_int(object, "left_alone", s->left_alone);
	set_int(object, "renumbered", s->renumbered);
	set_int(object, "acknowledged", s->acknowledged);
	set_int(object, "unanswered", s->unanswered);
	set_int(object, "unsent", s->unsent);
	set_int(object, "retried", s->retried);
	set_int(object, "misordered", s->misordered);
	set_int(object, "reconnects", s->reconnects);
	set_int(object, "resets", s->resets);
}

void summary_print_json(const struct summary *s, FILE *out)
{
	json_t *object = json_object();

	json_object_set_new(object, "good", json_boolean(summary_good(s)));
	set_counts(object, s);
	json_object_set_new(object, "refused", refusals_json(s));
	json_object_set_new(object, "seconds", json_real(s->seconds));
	json_object_set_new(object, "acks_per_s", json_real(acks_per_second(s)));
	json_object_set_new(object, "posts_per_s", json_real(posts_per_second(s)));
	json_object_set_new(object, "ack_us", times_json(&s->ack_us));
	if (s->late_us.count > 0)
		json_object_set_new(object, "late_us", times_json(&s->late_us));
	if (s->delivery_check != NULL)
		json_object_set_new(object, "deliveries", deliveries_json(s));
	json_object_set_new(object, "interrupted", json_boolean(s->interrupted));
	json_object_set_new(object, "input_error", text_or_null(s->input_error));
	json_object_set_new(object, "broker_error", text_or_null(s->broker_error));
	json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(object);
}
