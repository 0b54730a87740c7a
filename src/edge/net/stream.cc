// SPDX-License-Identifier: Apache-2.0
#include "edge/net/stream.h"

namespace postseal::net {

Awaitable<std::expected<void, IoError>> Stream::wait_readable(Deadline) { co_return std::expected<void, IoError>{}; }

std::string_view to_string(IoErrorCode code) {
  switch (code) {
    case IoErrorCode::Timeout:
      return "timeout";
    case IoErrorCode::Closed:
      return "closed";
    case IoErrorCode::Reset:
      return "reset";
    case IoErrorCode::Refused:
      return "refused";
    case IoErrorCode::Unreachable:
      return "unreachable";
    case IoErrorCode::Tls:
      return "tls";
    case IoErrorCode::Cancelled:
      return "cancelled";
    case IoErrorCode::Other:
      return "other";
  }
  return "other";
}

}  // namespace postseal::net
