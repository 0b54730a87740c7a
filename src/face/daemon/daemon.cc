// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/daemon.h"

#include "face/daemon/assemble.h"
#include "face/daemon/life.h"
#include "face/daemon/parts.h"

namespace postseal::daemon {

std::expected<void, Failure> run_daemon(Start start) {
  Parts parts(std::move(start));
  if (auto assembled = assemble(parts); !assembled) return assembled;
  Life(parts).live();
  return {};
}

}  // namespace postseal::daemon
