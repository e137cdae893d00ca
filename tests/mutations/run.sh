#!/usr/bin/env bash
# Breaks the code on purpose, one plausible bug at a time, and wants a test to
# notice. Each *.patch beside this file is such a bug: its head says what it
# breaks and which test is to catch it.
#
#   tests/mutations/run.sh            the short list: those with `Short: yes`
#   tests/mutations/run.sh --all      all of them, end-to-end stories included
#   tests/mutations/run.sh NAME...    these, by the name of their file
#   tests/mutations/run.sh --list     says what there is
#
# Works on a copy of the tree, so nothing here is touched. Fails when a patch,
# asked for or not, no longer applies, when one does not build, when its test is
# not there or fails without it, and when the test still passes with it.
# JOBS=N: processes that build, 2 without it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
jobs=${JOBS:-2}

head_of() { sed -n "/^--- /q; s/^$2: *//p" "$here/$1.patch"; }

names=()
case ${1-} in
--list)
  for file in "$here"/*.patch; do
    name=$(basename "$file" .patch)
    printf '%-30s %s (%s)\n' "$name" "$(head_of "$name" Breaks)" "$(head_of "$name" "Caught by")"
  done
  exit ;;
--all)
  for file in "$here"/*.patch; do names+=("$(basename "$file" .patch)"); done ;;
-*)
  sed -n '2,16s/^# \{0,1\}//p' "$0" >&2
  exit 2 ;;
"")
  for file in "$here"/*.patch; do
    name=$(basename "$file" .patch)
    if [ "$(head_of "$name" Short)" = yes ]; then names+=("$name"); fi
  done ;;
*) names=("$@") ;;
esac

for name in "${names[@]}"; do
  for word in Breaks "Caught by"; do
    if [ -z "$(head_of "$name" "$word")" ]; then
      echo "$name.patch: no line \"$word: ...\"" >&2
      exit 1
    fi
  done
done

scratch=$(mktemp -d "${TMPDIR:-/tmp}/parlor-mutations-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree build=$scratch/build log=$scratch/log
mkdir "$tree"
tar -C "$source" --exclude=./build --exclude=./.git -cf - . | tar -C "$tree" -xf -
for file in "$here"/*.patch; do
  if ! patch -s -p1 --dry-run -d "$tree" < "$file" > "$log" 2>&1; then
    echo "$(basename "$file" .patch): no longer applies" >&2
    cat "$log" >&2
    exit 1
  fi
done
cmake -S "$tree" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=-O1 > "$log"

targets_of() {
  case $1 in
  e2e_*) echo parlord parlor parlor-worker parlor-replay parlor_fault e2e_python ;;
  test_sim_*) echo test_sim ;;
  *) echo "$1" ;;
  esac
}

build() { # test
  # shellcheck disable=SC2046
  ninja -C "$build" -j "$jobs" $(targets_of "$1") > "$log" 2>&1
}

# The test of the list's words: its name, and for a story which part of it.
run_test() { # test [part]
  PYTEST_ADDOPTS="-x${2:+ -k $2}" ctest --test-dir "$build" -R "^$1\$" \
    --no-tests=error --timeout 120 --output-on-failure > "$log" 2>&1
}

failed=0
wrong() { # name, what
  echo "$1: $2"
  tail -n 30 "$log" | sed 's/^/    /'
  failed=$((failed + 1))
}

# Sets `test` to the test's name and perhaps a part of it.
test_of() { read -r -a test <<< "$(head_of "$1" "Caught by")"; }

declare -A sound
for name in "${names[@]}"; do
  test_of "$name"
  if [ -n "${sound[${test[*]}]-}" ]; then continue; fi
  if ! build "${test[0]}" || ! run_test "${test[@]}"; then
    wrong "$name" "${test[*]} fails without it"
    exit 1
  fi
  sound[${test[*]}]=yes
done

try() { # name
  local status=0
  test_of "$1"
  if ! patch -d "$tree" -p1 --fuzz=0 --batch --no-backup-if-mismatch \
    < "$here/$1.patch" > "$log" 2>&1; then
    wrong "$1" "no longer applies"
    return
  fi
  if ! build "${test[0]}"; then
    wrong "$1" "does not build"
  else
    run_test "${test[@]}" || status=$?
    if [ $status = 0 ]; then
      wrong "$1" "NOT CAUGHT by ${test[*]}"
    elif grep -q 'Not Run\|Timeout' "$log"; then
      wrong "$1" "${test[*]} came to no end"
    else
      printf '%-32s caught by %s\n' "$1" "${test[*]}"
    fi
  fi
  patch -d "$tree" -p1 -R --fuzz=0 --batch --no-backup-if-mismatch < "$here/$1.patch" > "$log"
}

for name in "${names[@]}"; do try "$name"; done
if [ $failed != 0 ]; then
  echo "$failed of ${#names[@]} mutations are not caught"
  exit 1
fi
echo "${#names[@]} mutations, all caught"
