# SPDX-License-Identifier: Apache-2.0
# Which Debian packages we need, and how to get them. Sourced by ./dev.

# To build and run the program and the lab.
build_packages=(
  clang-19 libclang-rt-19-dev libstdc++-12-dev cmake ninja-build ccache mold pkg-config
  libboost1.81-dev libboost-json1.81-dev libssl-dev libunbound-dev libidn2-dev libunistring-dev libcurl4-openssl-dev
  libfmt-dev libtomlplusplus-dev libcli11-dev librocksdb-dev libargon2-dev prometheus-cpp-dev libgoogle-perftools-dev
  dns-root-data ca-certificates knot ldnsutils iproute2 openssl python3
)
# To test, measure and tidy.
test_packages=(
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev clang-tidy-19 clang-format-19 swaks git
  libnet-ssleay-perl libio-socket-ssl-perl curl gsasl python3-dkim python3-nacl python3-authres libopendkim11
)
# Daemons among them. Debian starts what it installs; the lab starts its own, so these stay off.
daemon_units=(knot.service)

missing_packages() {
  local package installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qx "installed $package" <<<"$installed" || printf '%s\n' "$package"
  done
}

# Runs a command as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# setup_packages PACKAGE...: installs those that are missing; a quick no-op when none is.
setup_packages() {
  local missing unit masked=()
  command -v dpkg-query >/dev/null || die "setup knows Debian 12; install what scripts/packages.sh lists by other means"
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    die "these packages are missing and there is no sudo. As root, run:  apt-get install --no-install-recommends ${missing[*]}"
  mkdir -p build
  say "installing ${#missing[@]} packages (about a minute; log: build/setup.log)"
  # A masked unit is not started by its package. Only units that are not there yet are masked, and only until then.
  if [ -d /run/systemd/system ]; then
    for unit in "${daemon_units[@]}"; do
      if [[ " ${missing[*]} " == *" ${unit%.service} "* ]] && as_root systemctl mask --quiet "$unit"; then
        masked+=("$unit")
      fi
    done
  fi
  local code=0
  {
    as_root apt-get update -q &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  } >build/setup.log 2>&1 || code=$?
  for unit in "${masked[@]}"; do
    as_root systemctl unmask --quiet "$unit" || true
    as_root systemctl disable --quiet "$unit" 2>/dev/null || true
  done
  if [ "$code" -ne 0 ]; then
    tail -n 15 build/setup.log >&2
    die "could not install: ${missing[*]} (see build/setup.log; is the network up, is this Debian 12 with bookworm sources?)"
  fi
}
