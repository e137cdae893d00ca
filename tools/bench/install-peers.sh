#!/usr/bin/env bash
# Installs what `parlor-bench compare` measures Parlor against: Debian packages
# of the servers, and of the C clients they are spoken to with. Starts none of
# them: each run starts its own, in a private directory. Debian 12.
#
#     tools/bench/install-peers.sh          then configure and build again
#     tools/bench/install-peers.sh --unstable DIR
#
# The second makes DIR a root of Debian unstable with the servers as they are
# now, and in DIR/peers a program for each, named with its version: what
# `parlor-bench compare floor --peers-root DIR` starts. Unstable moves: a later
# call may leave a version that parlor-bench does not know.
set -euo pipefail
from=$PWD
cd "$(dirname "$0")/../.."
. tools/lib.sh

PARLOR_PACKAGES=(
  mariadb-server default-libmysqlclient-dev
  redis-server libhiredis-dev
  nats-server
  rabbitmq-server librabbitmq-dev
  ejabberd erlang-p1-mysql
)

# Debian starts a service when its package is installed, unless a machine's
# policy says no. Where there is none, ours says no as long as this runs.
policy=/usr/sbin/policy-rc.d
no_services() {
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$1$policy" >/dev/null
  as_root chmod 755 "$1$policy"
}

# ---- as they are now ------------------------------------------------------------------

# The archive that this machine's own packages come from.
mirror() {
  # shellcheck disable=SC2016 # apt's own form
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1
}

# ROOT SERVER DIGITS NAME: a program that runs the server with the root's own
# libraries, so that it sees this machine's files and needs no rights.
put_program() {
  local root=$1 server=$2 digits=$3 name=$4 libraries loader run
  server=$(find "$root/usr/bin" "$root/usr/sbin" -name "$server")
  libraries=$(dirname "$(find "$root/usr/lib" -name libc.so.6)")
  loader=$(echo "$libraries"/ld-linux*.so.*)
  run=("$loader" --library-path "$libraries" "$server")
  name+=-$("${run[@]}" --version | grep -oE "v=?$digits" | head -n 1 | tr -d v=)
  # shellcheck disable=SC2016 # the program's own arguments
  printf '#!/bin/sh\nexec%s "$@"\n' "$(printf ' "%s"' "${run[@]}")" |
    as_root tee "$root/peers/$name" >/dev/null
  as_root chmod 755 "$root/peers/$name"
  printf '%s\n' "$root/peers/$name"
}

install_unstable() {
  local root=$1
  PARLOR_PACKAGES=(debootstrap)
  install_packages
  [ -e "$root/etc/debian_version" ] ||
    as_root debootstrap --variant=minbase sid "$root" "$(mirror)"
  no_services "$root"
  # A mirror may be behind. What a package does when it is unpacked may fail
  # without a running system; the servers themselves are looked at below.
  local apt=(chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -q)
  as_root "${apt[@]}" -o Acquire::Check-Valid-Until=false update
  as_root "${apt[@]}" install -y --no-install-recommends redis-server valkey-server nats-server || true
  as_root rm -rf "$root/peers"
  as_root mkdir "$root/peers"
  put_program "$root" redis-server '[0-9]+' redis
  put_program "$root" valkey-server '[0-9]+' valkey
  put_program "$root" nats-server '[0-9]+\.[0-9]+' nats
}

case ${1-} in
  '') ;;
  --unstable)
    [ $# = 2 ] || { echo '--unstable wants a directory' >&2; exit 2; }
    case $2 in /*) install_unstable "$2" ;; *) install_unstable "$from/$2" ;; esac
    exit ;;
  *) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

if [ ! -e "$policy" ]; then
  trap 'as_root rm -f "$policy"' EXIT
  no_services ''
fi

install_packages
