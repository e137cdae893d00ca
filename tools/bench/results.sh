#!/usr/bin/env bash
# Measures all that RESULTS.md shows, into one file of JSON lines, and makes the
# tables and pictures from it. Wants a machine with nothing else to do; takes
# about eleven minutes.
#
#     tools/bench/results.sh [--short] [--only SECTION,...] [--out FILE]
#                            [--runs N] [--seconds N] [--bin DIR] [--corpus FILE]
#                            [--peers-root DIR]
#
# --short: everything once and small, in three minutes: does it all work? Then,
# as with --only, RESULTS.md and the pictures are left alone unless --render.
# --corpus, or PARLOR_CORPUS: what `mixed` plays instead of the tests' sample,
# which is small (format: tests/data/README.md). --peers-root: floor also on the
# peers of Debian unstable, which are installed there.
set -euo pipefail
from=$PWD
cd "$(dirname "$0")/../.."
. tools/lib.sh

out=build/results.json bin='' corpus=${PARLOR_CORPUS-}
runs=3 seconds=2 peers_root='' short='' only='' render=yes
usage() { sed -n '2,15s/^# \{0,1\}//p' "$0"; exit "$1"; }
while [ $# -gt 0 ]; do
  case $1 in
    --short) short=yes render='' runs=1 seconds=1; shift ;;
    --render) render=yes; shift ;;
    --help) usage 0 ;;
    --out | --bin | --corpus | --runs | --seconds | --only | --peers-root)
      [ $# -ge 2 ] || usage 2
      name=${1#--}
      declare "${name//-/_}=$2"
      [ "$1" != --only ] || render=''
      shift 2 ;;
    *) usage 2 >&2 ;;
  esac
done

case $corpus in '' | /*) ;; *) corpus=$from/$corpus ;; esac
case $peers_root in '' | /*) ;; *) peers_root=$from/$peers_root ;; esac
[ -z "$corpus" ] || [ -r "$corpus" ] || { echo "$corpus cannot be read" >&2; exit 2; }
if [ -z "$bin" ]; then
  tools/bench/install-peers.sh
  [ -z "$peers_root" ] || tools/bench/install-peers.sh --unstable "$peers_root"
  build release
  bin=build/release/bin
fi
mkdir -p "$(dirname "$out")"

# ---- measuring ----------------------------------------------------------------------

# SECTION ARGUMENTS...: what is said on stdout goes into the file, behind a line
# with the section and the command.
measure() {
  local section=$1 began=$SECONDS
  shift
  local said=$*
  [ -z "$corpus" ] || said=${said/"$corpus"/FILE}
  [ -z "$peers_root" ] || said=${said/"$peers_root"/DIR}
  case ",$only," in ,, | *,"$section",*) ;; *) return 0 ;; esac
  printf '{"section": "%s", "command": "parlor-bench %s"}\n' "$section" "$said" >>"$out"
  "$bin/parlor-bench" "$@" --json >>"$out"
  printf '%-9s %4d s  parlor-bench %s\n' "$section" $((SECONDS - began)) "$said"
}

python=/usr/bin/python3
"$python" tools/bench/machine.py ${peers_root:+"$peers_root"} >"$out"

small=() backlog=() file=() unstable=()
[ -z "$peers_root" ] || unstable=(--peers-root "$peers_root")
[ -z "$short" ] || small=(--rooms 500) backlog=(--messages 20000)
[ -z "$corpus" ] || file=(--corpus "$corpus")
[ -z "$short" ] || file=()

measure floor compare floor --rate half --runs "$runs" --seconds "$seconds" --warmup-ms 500 "${small[@]}" "${unstable[@]}"
measure slow compare floor --fsync-ms 1 --peers mysql,redis --runs 1 --seconds "$seconds" --warmup-ms 500 "${small[@]}"
measure lmdb lmdb --runs 1 --seconds 1
measure router router --runs 1 --seconds "$seconds" --warmup-ms 500
measure team team --runs 1 --seconds "$seconds" --warmup-ms 500
measure size size --runs 1 --seconds "$seconds" --warmup-ms 500
[ -n "$short" ] || measure size size --callgrind --runs 1
measure sync sync --runs 1 --seconds "$seconds" "${backlog[@]}"
measure list list --runs "$runs" --seconds "$seconds" "${small[@]}"
measure storm storm --runs "$runs" "${backlog[@]}"
measure desk compare desk --runs "$runs" --seconds "$seconds" --warmup-ms 500
[ -n "$short" ] || measure desk_queue desk --runs 1
[ -n "$short" ] || measure desk_posts desk --callgrind --runs 1
measure hostile hostile --runs 1 --seconds 3 --attack abcde "${backlog[@]}"
measure mixed mixed --runs 1 "${file[@]}"
measure history history --runs 1 --seconds "$seconds" "${backlog[@]}"
measure idle idle --runs 1
if [ -z "$short" ]; then measure restart restart --runs 1; else measure restart restart --runs 1 --bytes 50M; fi

# ---- showing ------------------------------------------------------------------------

[ -n "$render" ] || exit 0
"$python" tools/bench/render.py "$out" tools/bench/RESULTS.md
"$python" tools/bench/plot.py "$out" tools/bench
