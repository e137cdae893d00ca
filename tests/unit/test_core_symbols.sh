#!/bin/sh
# The core does no I/O: beyond itself and the memory and bytes of proto/base it
# needs from outside only what stands here.
#   test_core_symbols.sh nm libparlor_core.a libparlor_engine.a
set -eu
nm=$1
shift

allowed='
memcmp memcpy memmove memset strlen
malloc free exit qsort snprintf __snprintf_chk __memcpy_chk
__assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_
span_equal span_order span_sort
buf_fini buf_clear buf_grow buf_put_u32 buf_put_u64
buf_put_span
be64_put be64_get
reader_init reader_u8 reader_u32 reader_u64 reader_long_varint reader_span reader_left
hash64 hash64_seeded hash128 hash_stream_init hash_stream_add hash_stream_sum
table_seed mem_map mem_new mem_ready mem_resize mem_text mem_unmap pool_get pool_put pool_fini
'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$nm" --format=posix "$@" >"$scratch/symbols"
awk 'NF > 1 && $2 ~ /^[Uwv]$/ { print $1 }' "$scratch/symbols" | sort -u >"$scratch/needs"
awk 'NF > 1 && $2 !~ /^[Uwv]$/ { print $1 }' "$scratch/symbols" >"$scratch/may"
printf '%s\n' $allowed >>"$scratch/may"
sort -u "$scratch/may" >"$scratch/known"

if ! grep -qx core_apply "$scratch/known" || ! grep -qx mem_new "$scratch/needs"; then
	echo "$1 is not the core, or $nm cannot read it" >&2
	exit 1
fi
# Sanitizers and coverage bring their own.
comm -23 "$scratch/needs" "$scratch/known" |
	grep -Ev '^__(asan|ubsan|tsan|lsan|sanitizer|gcov)_' >"$scratch/more" || true
if [ -s "$scratch/more" ]; then
	echo "the core needs what it must not know:" >&2
	cat "$scratch/more" >&2
	exit 1
fi
echo "the core needs $(wc -l <"$scratch/needs") symbols, all of them known"
