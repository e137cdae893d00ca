#!/usr/bin/env bash
# Installs what is missing, builds with sanitizers and runs every test; the
# last line is CTest's. Arguments go to ctest: tools/test.sh -L unit
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

install_packages

# What has a second thread is watched for races: the outbox, whose frames ZeroMQ
# lets go of on its own, and the store, whose commits run beside the loop.
build tsan test_outbox test_outbox_queued test_store test_store_model
TSAN_OPTIONS="suppressions=$PWD/tests/lib/tsan.supp" \
  ctest --test-dir build/tsan -R '^test_(outbox|outbox_queued|store|store_model)$' --no-tests=error --output-on-failure

build asan
ctest --preset asan --no-tests=error -j2 "$@"
