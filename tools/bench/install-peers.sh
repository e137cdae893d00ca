#!/usr/bin/env bash
# Installs what `parlor-bench compare` measures Parlor against: Debian packages
# of the servers, and of the C clients they are spoken to with. Starts none of
# them: each run starts its own, in a private directory. Debian 12.
#
#     tools/bench/install-peers.sh          then configure and build again
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/lib.sh

# shellcheck disable=SC2034 # read by install_packages
PARLOR_PACKAGES=(
  mariadb-server default-libmysqlclient-dev
  redis-server libhiredis-dev
  nats-server
  rabbitmq-server librabbitmq-dev
)

# Debian starts a service when its package is installed, unless a machine's
# policy says no. Where there is none, ours says no as long as this runs.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
fi

install_packages
