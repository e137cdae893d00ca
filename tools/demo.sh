#!/usr/bin/env bash
# Parlor from nothing, on a Debian 12 machine: installs, builds, starts a
# private MariaDB, the broker and two workers, plays recorded conversations,
# kills the broker in the middle, and counts at the end, from the files alone,
# whether anything was lost or doubled. Then the same visitors queue up at a desk, agents
# come and go, one is killed, and its journal alone says whether each was served once, in
# order. Leaves nothing running and no data.
#
#     tools/demo.sh [--corpus FILE]
#
# --corpus FILE, or PARLOR_CORPUS=FILE: conversations of yours (format: tests/data/README.md),
# some thousand messages or more, are played after the sample in the same way.
# PARLOR_BIN=DIRECTORY: the programs there are taken, and nothing is installed or built.
set -euo pipefail
from=$PWD
cd "$(dirname "$0")/.."
. tools/lib.sh
. tools/demo_desk.sh

sample=tests/data/sample.ndjson
corpus=${PARLOR_CORPUS-}
room=tea-1004
visitor=陈先生
kills=3

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '  %s\n' "$*"; }
quote() { sed -u "s/^/  ${dim}|${plain} /"; }
fail() { printf '\nFAILED: %s\n' "$*" >&2; exit 1; }

case $# in
  0) ;;
  2) [ "$1" = --corpus ] || fail "$1 is no option: tools/demo.sh [--corpus FILE]"; corpus=$2 ;;
  *) fail "tools/demo.sh [--corpus FILE]" ;;
esac
case $corpus in '' | /*) ;; *) corpus=$from/$corpus ;; esac
[ -z "$corpus" ] || [ -r "$corpus" ] || fail "$corpus cannot be read"

# ---- processes ----------------------------------------------------------------------

dir=$(mktemp -d "${TMPDIR:-/tmp}/parlor-demo-XXXXXX")
declare -A pids=()

stop() { # NAME [SIGNAL]: ends it and waits
  local pid=${pids[$1]:-}
  unset "pids[$1]"
  [ -n "$pid" ] || return 0
  kill "-${2:-TERM}" "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

clean_up() {
  local status=$?
  trap - EXIT INT TERM
  for name in watch "${agents[@]}" "${agents[@]/%/-hands}" follow replay worker-1 worker-2 broker mariadb; do
    stop "$name"
  done
  if [ "$status" != 0 ] && [ "$status" -lt 128 ]; then
    for log in "$dir"/*.log; do
      [ -s "$log" ] && { printf '\n%s ends with\n' "${log##*/}"; tail -n 5 "$log"; }
    done >&2
  fi
  rm -rf "$dir"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

launch() { # NAME COMMAND...: starts it and reads its ready line; $out is the rest it says
  local name=$1 fifo=$dir/$1.out
  shift
  mkfifo "$fifo"
  "$@" >"$fifo" 2>>"$dir/$name.log" &
  pids[$name]=$!
  exec {out}<"$fifo"
  rm "$fifo"
  read -r -t 60 -u "$out" ready || fail "$name does not become ready"
}

start_mariadb() {
  launch mariadb "$python" tests/lib/mariadb_server.py "$dir/mariadb"
  read -r _ socket <<<"$ready"
  export PARLOR_MYSQL="mysql://root@localhost/parlor?socket=$socket"
  "$bin/parlor-worker" --migrate 2>"$dir/migrate.log" || fail "the tables cannot be made"
}

sql() {
  mariadb --no-defaults "--socket=$socket" --user=root --default-character-set=utf8mb4 --table -e "$@"
}

client=tcp://127.0.0.1:* worker=tcp://127.0.0.1:*
start_broker() { # [OPTION...]: on the same ports each time
  launch broker "$bin/parlord" --data "$dir/broker" --listen "$client" --worker-listen "$worker" "$@"
  read -r _ _ client _ worker _ <<<"$ready"
}

start_worker() {
  launch "$1" "$bin/parlor-worker" --broker "$worker" --name "$1"
}

parlor() { "$bin/parlor" --broker "$client" "$@"; }
journal() { parlor --json sync status | grep -o '"position":[0-9]*' | head -n 1 | cut -d: -f2; }

# ---- playing ---------------------------------------------------------------------------

play() { # FILE HOW...
  "$bin/parlor-replay" play "$1" --broker "$client" "${@:2}" >"$dir/summary" 2>>"$dir/replay.log" &
  pids[replay]=$!
}

played() { # waits for it, and shows its summary
  local status=0
  wait "${pids[replay]}" || status=$?
  unset "pids[replay]"
  quote <"$dir/summary"
  [ "$status" = 0 ] || fail "the replay was not acknowledged in full"
}

# The broker dies while the file is being played, again and again: so many messages a
# second, as those of the recorded times come in a few seconds, and then hardly any.
play_and_kill() { # FILE RATE
  local before
  play "$1" --rate "$2"
  for ((n = 1; n <= kills; n++)); do
    before=$(journal)
    until [ "$(journal)" -gt $((before + 10)) ]; do
      kill -0 "${pids[replay]}" 2>/dev/null || fail "the replay was over before the broker was killed"
    done
    stop broker KILL
    start_broker
    note "killed and started again; the journal goes on at $(journal)"
  done
  played
}

# ---- the demonstration ---------------------------------------------------------------------

python=/usr/bin/python3
bin=${PARLOR_BIN:-build/release/bin}
export PYTHONDONTWRITEBYTECODE=1

if [ -z "${PARLOR_BIN:-}" ]; then
  step "Installing and building"
  install_packages
  build release parlord parlor-worker parlor parlor-replay
fi
"$bin/parlor" --version | quote

step "A private MariaDB, the broker, two workers"
start_mariadb
start_broker
note "broker    for clients at $client, for workers at $worker"
for n in 1 2; do
  start_worker "worker-$n"
  note "worker    ${ready#ready worker }"
done

step "Room $room, as the visitor $visitor sees it while it is replayed, 40 times as fast"
grep "\"room\":\"$room\"" "$sample" >"$dir/$room.ndjson"
launch follow "$bin/parlor" --broker "$client" follow "$visitor" --ready
quote <&"$out" &
play "$dir/$room.ndjson" --speed 40
played
stop follow

step "The whole sample, and the broker killed with SIGKILL $kills times meanwhile"
files=("$sample")
play_and_kill "$sample" 8/s

if [ -n "$corpus" ]; then
  step "$corpus, and again $kills kills"
  files+=("$corpus")
  play_and_kill "$corpus" 50/s
fi

step "Everything once more: what is there already is not posted again"
for file in "${files[@]}"; do
  play "$file"
  played
done

step "MySQL catches up"
parlor sync wait --timeout 60 | quote
step "The agents' unread messages, from MySQL"
sql "SELECT member_id AS agent, COUNT(*) AS rooms, SUM(unread) AS unread FROM chat_group
     WHERE ent_id = 'default' AND (member_id LIKE 'agent-%' OR member_id LIKE 'lead-%')
     GROUP BY member_id ORDER BY SUM(unread) DESC, member_id LIMIT 15" parlor | quote

step "Is it right? Counted from the files, compared with MySQL row by row"
status=0
PYTHONPATH=tests/lib "$python" tests/lib/compare.py --socket "$socket" "${files[@]}" >"$dir/compared" || status=$?
quote <"$dir/compared"
[ "$status" = 0 ] || fail "MySQL is not as the files say"
note "Nothing was lost, nothing was doubled, and every unread count is right."

desk_act
