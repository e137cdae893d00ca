# Sourced by demo.sh: a desk, where the recording's visitors queue up and agents come and
# go. What it needs is there: a broker, workers, MariaDB, and demo.sh's words for them.
# shellcheck shell=bash disable=SC2154

agents=(agent-lin agent-wei agent-joan agent-sam)
visits=0
declare -A visitor_of=() said=() answer=()

# Their first words, and what they were answered.
read_visitors() {
  local line visit
  while read -r line; do
    [[ $line =~ \"room\":\"(tea-[0-9]+)\",\"seq\":0,.*\"from\":\"([^\"]+)\".*\"body\":\"(.*)\"\} ]] || continue
    visit=visit-$((++visits))
    visitor_of[$visit]=${BASH_REMATCH[2]}
    said[$visit]=${BASH_REMATCH[3]}
    answer[$visit]=$(grep "\"room\":\"${BASH_REMATCH[1]}\"" "$sample" |
      sed -n '/"role":"agent","type":"text"/{s/.*"body":"\(.*\)"}$/\1/p;q}')
  done <"$sample"
}

furnish() {
  local agent team
  parlor desk desk set shop --name "Tea shop"
  for team in tea refunds; do
    parlor desk team set shop $team --strategy most-idle --accept offer --again-ms 3000 --gap-ms off
  done
  for agent in "${agents[@]}"; do
    team=tea
    [ "$agent" != agent-joan ] || team=refunds
    parlor desk agent set "$agent"
    parlor desk seat set shop "$agent" --max 2
    parlor desk team-seat set shop $team "$agent"
  done
}

# What somebody does the next time, and only then.
plan() { printf '%s\n' "${@:2}" >"$dir/plan-$1"; }
planned() { # NAME: into $words
  [ -e "$dir/plan-$1" ] && mapfile -t words <"$dir/plan-$1" && rm "$dir/plan-$1"
}

serve() { # AGENT VISIT
  parlor post "$2" "$1" "${answer[$2]:-Hello!}"
  sleep 0.7
  if planned "$2"; then
    parlor desk transfer "$2" --by "$1" "${words[@]}"
  else
    parlor desk close "$2" --by "$1" --why solved
    parlor desk rate "$2" $((4 + ${2#visit-} % 2)) --by "${visitor_of[$2]}"
  fi
}

answers() { # AGENT: its work, one after the other, by what it hears
  local line visit offer
  while read -r line; do
    [[ $line =~ conversation\ ([^ ]+)\ of\ .*\ is\ asked,\ offer\ ([0-9]+) ]] || continue
    visit=${BASH_REMATCH[1]} offer=${BASH_REMATCH[2]}
    sleep 0.3
    if planned "$1"; then
      parlor desk decline "$visit" "$offer" "$1" --why "${words[0]}" || true
    elif parlor desk accept "$visit" "$offer" "$1"; then
      serve "$1" "$visit"
    fi
  done
}

comes() { # AGENT: a process of its own; it is there as long as that is
  note "$1 comes"
  launch "$1" "$bin/parlor" --broker "$client" follow "$1" --ready
}

works() { # AGENT that has just come
  answers "$1" <&"$out" >>"$dir/$1.log" 2>&1 &
  pids[$1-hands]=$!
}

asks() { # VISIT
  parlor desk open shop "${visitor_of[$1]}" --team tea --conversation "$1" --room "$1" \
    --body "${said[$1]}" --client-id "$1" >/dev/null
}

watches() { # what happens to all conversations, as it happens
  launch watch "$bin/parlor" --broker "$client" desk watch shop tea refunds --ready
  sed -u -E '/serves it no more, closed/d; s/^([0-9:]+ ) [^ ]+  conversation /\1/' <&"$out" |
    tee "$dir/watched" | quote &
}

await() { # WHAT COMMAND...: until it is so
  local n
  for ((n = 0; n < 300; n++)); do
    ! "${@:2}" || return 0
    sleep 0.1
  done
  fail "$1 did not come"
}
happened() { # N TEXT: so often
  [ "$(grep -c "$2" "$dir/watched")" -ge "$1" ]
}

desk_act() {
  local n agent
  step "The desk: the same visitors all ask at once, and nobody is there"
  # Whoever is killed says nothing more, and is missed after this time.
  stop broker
  start_broker --set session.timeout_ms=4000 --set session.heartbeat_ms=1000
  read_visitors
  furnish >/dev/null
  watches
  for ((n = 1; n <= visits - 3; n++)); do asks "visit-$n"; done
  parlor desk queue shop tea | sed -E 's/(STATE|waiting).*/\1/' | quote

  step "Agents come, each with a limit of two; one declines, two hand over, one is killed while it is asked"
  plan agent-wei "my tea is boiling over"
  plan visit-2 --agent agent-joan --note "she knows that parcel"
  plan visit-5 --team refunds --note "wants its money back"
  for agent in agent-lin agent-wei agent-joan; do
    comes $agent
    works $agent
  done
  comes agent-sam
  await "an offer to agent-sam" happened 1 'agent-sam is asked, offer'
  note "agent-sam is killed, process ${pids[agent-sam]}"
  stop agent-sam KILL
  await "the end of that offer" happened 1 'agent-sam is asked no more'

  step "One goes for lunch while more visitors come, and comes back for the last"
  await "room for a break" happened $((visits - 5)) ' is closed'
  parlor desk mode agent-lin away --why lunch >/dev/null
  note "agent-lin goes"
  asks "visit-$((visits - 2))"
  asks "visit-$((visits - 1))"
  await "an end of lunch" happened $((visits - 2)) ' is closed'
  note "agent-lin is back"
  parlor desk mode agent-lin ready >/dev/null
  asks "visit-$visits"
  await "the last of them" happened $visits ' is rated'

  step "Who served whom, from MySQL"
  parlor sync wait --timeout 60 >/dev/null
  sql "SELECT c.conversation_id AS visit, c.visitor_id AS visitor,
         GROUP_CONCAT(s.agent_id ORDER BY s.n SEPARATOR ', ') AS served_by, r.score
       FROM desk_conversation c JOIN desk_stint s USING (ent_id, conversation_id)
         LEFT JOIN desk_rating r USING (ent_id, conversation_id)
       GROUP BY c.no ORDER BY c.no" parlor | quote

  step "The broker is stopped. What happened is counted from its journal, record by record"
  stop broker
  "$bin/parlor-replay" desk --data "$dir/broker" --desk shop >"$dir/told" || {
    quote <"$dir/told"
    fail "the journal says that something went wrong at the desk"
  }
  quote <"$dir/told"
  grep -q " $visits opened: $visits served" "$dir/told" || fail "not everybody was served"
  note "Everybody was served once, in order; limits held, and nobody was lost."
}
