/* What a list of waits or of shares comes to: percentiles that are values of the list,
 * and Jain's index of how evenly something is shared. Pure arithmetic in one order:
 * the same list gives the same bits. Knows no unit, no agent and no queue, and prints
 * nothing. */
#ifndef FAIRNESS_H
#define FAIRNESS_H

#include <stddef.h>
#include <stdint.h>

/* Smallest first: what fairness_percentile wants. */
void fairness_sort(uint64_t *values, size_t n);
/* The smallest value that at least `percent` (0 to 100) of the values do not exceed, by
 * nearest rank, so it is one of them; 0 of none. */
uint64_t fairness_percentile(const uint64_t *sorted, size_t n, unsigned percent);

/* (sum x)^2 / (n sum x^2) of shares that are not negative, in the order given: 1 when
 * all are alike, 1/n when one has all. 1 of none, and when all are 0. */
double fairness_jain(const double *shares, size_t n);
/* What of `whole` a part is, and 0 of nothing: a share as fairness_jain takes it. */
double fairness_share(uint64_t part, uint64_t whole);

#endif
