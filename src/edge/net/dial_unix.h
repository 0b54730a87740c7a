#pragma once
// SPDX-License-Identifier: Apache-2.0
// Opening a connection to a program on this machine, by the path of its socket.
#include <expected>
#include <memory>
#include <string>

#include "edge/net/stream.h"

namespace postseal::net {

/// The error's context is the system's words, without the path.
Awaitable<std::expected<std::unique_ptr<Stream>, IoError>> dial_unix(std::string path, Deadline deadline);

}  // namespace postseal::net
