#include "fairness.h"

#include <assert.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

void fairness_sort(uint64_t *values, size_t n)
{
	if (n)
		qsort(values, n, sizeof *values, by_value);
}

uint64_t fairness_percentile(const uint64_t *sorted, size_t n, unsigned percent)
{
	assert(percent <= 100);
	if (!n)
		return 0;
	/* n * percent / 100 rounded up, without a product that could overflow. */
	size_t rank = n / 100 * percent + (n % 100 * percent + 99) / 100;
	return sorted[rank ? rank - 1 : 0];
}

double fairness_jain(const double *shares, size_t n)
{
	double largest = 0, sum = 0, squares = 0;
	for (size_t i = 0; i < n; i++) {
		assert(shares[i] >= 0);
		if (shares[i] > largest)
			largest = shares[i];
	}
	if (largest == 0)
		return 1;
	/* Of the largest: no square is too large or too small for a double. */
	for (size_t i = 0; i < n; i++) {
		double of_largest = shares[i] / largest;
		sum += of_largest;
		squares += of_largest * of_largest;
	}
	return sum * sum / ((double)n * squares);
}

double fairness_share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}
