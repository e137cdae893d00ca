# Sourced by the scripts beside it: what they need to stand on. Debian 12.
# shellcheck shell=bash

PARLOR_PACKAGES=(
  cmake ninja-build gcc libc6-dev pkg-config
  libzmq3-dev liblmdb-dev default-libmysqlclient-dev libprotobuf-c-dev protobuf-c-compiler
  protobuf-compiler libxxhash-dev uthash-dev libinih-dev libmicrohttpd-dev libjansson-dev zlib1g-dev
  libcmocka-dev libsqlite3-dev mariadb-server
  python3 python3-zmq python3-protobuf python3-pymysql python3-pytest tzdata
)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs what is missing, and asks nothing. Quick when all is there.
install_packages() {
  local package missing=()
  for package in "${PARLOR_PACKAGES[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  printf 'installing %s\n' "${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=200)
  as_root "${apt[@]}" update
  as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
}

# Configures and builds a preset; quiet unless it fails. Usage: build PRESET [cmake --build options]
build() {
  local preset=$1 log
  shift
  log=$(mktemp)
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" -- -j"$(nproc)" "$@"; } >"$log" 2>&1; then
    tail -n 60 "$log"
    rm -f "$log"
    printf 'the %s build failed\n' "$preset"
    return 1
  fi
  rm -f "$log"
}
