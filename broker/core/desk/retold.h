/* A desk whose history was decided elsewhere: its rows with the numbers that they had, then
 * what became of its conversations, in the order in which it happened, as records that a
 * request would have made. The desk's time is that of the records. Numbers that are given
 * afterwards are above all of them. Checks that what is named is there, not who may do
 * what. */
#ifndef DESK_RETOLD_H
#define DESK_RETOLD_H

#include "core/call.h"
#include "core/desk/form.h"
#include "core/desk/row.h"
#include "core/desk/view.h"

/* A member as visitor or agent: in order of their numbers, before anybody else. VALUE: the
 * number is another's. */
enum parlor_err retell_party(struct core *, const struct core_call *, struct span member,
			     uint64_t no) PARLOR_MUST_CHECK;
/* Numbers included; in the order of kinds. VALUE: its number or key is another's, or whom it
 * needs is not there. */
enum parlor_err retell_desk_row(struct core *, const struct core_call *, enum config_no,
				uint64_t no, const union row_any *, bool removed) PARLOR_MUST_CHECK;
/* All rows are there: conversations follow. TEAM_UNKNOWN: a desk lacks its team "*". */
enum parlor_err retell_desk_begin(struct core *, const struct core_call *) PARLOR_MUST_CHECK;

/* row: id, room_id, product, and what of its numbers holds from the beginning on. */
enum parlor_err retell_opened(struct core *, const struct core_call *, uint64_t no,
			      const struct row_conversation *row) PARLOR_MUST_CHECK;
/* end: OFFER_LIVE, or how it ended. decision: or NULL. */
enum parlor_err retell_offer(struct core *, const struct core_call *, struct span conversation,
			     const struct offer_view *, const struct decision *) PARLOR_MUST_CHECK;
/* That it was asked for; or, with an end, that it ended. */
enum parlor_err retell_transfer(struct core *, const struct core_call *, struct span conversation,
				const struct transfer_view *) PARLOR_MUST_CHECK;
/* Its stint n begins; or, with an end, it ends. */
enum parlor_err retell_stint(struct core *, const struct core_call *, struct span conversation,
			     uint32_t n, const struct row_stint *) PARLOR_MUST_CHECK;
/* As it is in the end, or when it was closed. row: its state, and what else of its numbers
 * is known. */
enum parlor_err retell_so_far(struct core *, const struct core_call *, struct span conversation,
			      const struct row_conversation *row) PARLOR_MUST_CHECK;
enum parlor_err retell_rated(struct core *, const struct core_call *, struct span conversation,
			     uint8_t score, struct span comment) PARLOR_MUST_CHECK;

/* Nobody has been asked by who serves now: live offers are withdrawn, and so are transfers
 * to one seat. `step` behind each of them: what it returns but OK ends it. */
typedef enum parlor_err retell_step_fn(void *ctx);
enum parlor_err retell_withdraw(struct core *, const struct core_call *, retell_step_fn *step,
				void *ctx) PARLOR_MUST_CHECK;

#endif
