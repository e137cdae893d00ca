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
# not there or fails without it, and when the test still passes with it. The others
# have their turn all the same; whatever was wrong is listed at the end.
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
  sed -n '2,17s/^# \{0,1\}//p' "$0" >&2
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
# The directory has another name each time, and what was built in it is the same.
export CCACHE_BASEDIR=$scratch
cmake -S "$tree" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=-O1 > "$log"

targets_of() {
  case $1 in
  e2e_*) echo parlord parlor parlor-worker parlor-replay parlor_fault e2e_python ;;
  test_sim_*) echo test_sim ;;
  test_core_symbols) echo parlor_core parlor_engine ;;
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

change() { # name [option of patch]
  patch -d "$tree" -p1 --fuzz=0 --batch --no-backup-if-mismatch "${@:2}" < "$here/$1.patch" > "$log" 2>&1
}

wrong=() caught=0 uncaught=0
tell_wrong() { # name, what
  wrong+=("$1: $2")
  echo "$1: $2"
  tail -n 30 "$log" | sed 's/^/    /'
}

declare -A stale
for file in "$here"/*.patch; do
  name=$(basename "$file" .patch)
  if ! change "$name" --dry-run; then
    stale[$name]=yes
    tell_wrong "$name" "no longer applies"
  fi
done

# Whether the test passes while nothing is broken: it is run so once.
declare -A sound
is_sound() { # test [part]
  if [ -z "${sound[$*]-}" ]; then
    sound[$*]=no
    if build "$1" && run_test "$@"; then sound[$*]=yes; fi
  else
    : > "$log"
  fi
  [ "${sound[$*]}" = yes ]
}

# Builds what is broken and runs its test.
judge() { # name, test [part]
  if ! build "$2"; then
    tell_wrong "$1" "does not build"
  elif run_test "${@:2}"; then
    uncaught=$((uncaught + 1))
    tell_wrong "$1" "NOT CAUGHT by ${*:2}"
  elif grep -q '[*]Not Run\|[*]Timeout' "$log"; then
    tell_wrong "$1" "${*:2} came to no end"
  else
    caught=$((caught + 1))
    printf '%-32s caught by %s (%d s)\n' "$1" "${*:2}" "$((SECONDS - began))"
  fi
}

for name in "${names[@]}"; do
  if [ -n "${stale[$name]-}" ]; then continue; fi
  read -r -a test <<< "$(head_of "$name" "Caught by")"
  if ! is_sound "${test[@]}"; then
    tell_wrong "$name" "${test[*]} fails without it"
    continue
  fi
  began=$SECONDS
  change "$name"
  judge "$name" "${test[@]}"
  change "$name" -R
done

echo "${#names[@]} mutations: $caught caught, $uncaught not caught, $((${#names[@]} - caught - uncaught)) not run"
if [ ${#wrong[@]} != 0 ]; then
  printf '%s\n' "${wrong[@]}"
  exit 1
fi
