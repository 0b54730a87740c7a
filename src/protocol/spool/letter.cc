// SPDX-License-Identifier: Apache-2.0
#include "protocol/spool/letter.h"

#include <algorithm>

#include "protocol/spool/store.h"

namespace postseal::spool {

std::string_view to_string(RecipientStatus status) {
  switch (status) {
    case RecipientStatus::Waiting:
      return "waiting";
    case RecipientStatus::Delivered:
      return "delivered";
    case RecipientStatus::Bounced:
      return "bounced";
    case RecipientStatus::Deleted:
      return "deleted";
  }
  return "";
}

std::string_view to_string(StoreErrorCode code) {
  switch (code) {
    case StoreErrorCode::NoSpace:
      return "no-space";
    case StoreErrorCode::ReadOnly:
      return "read-only";
    case StoreErrorCode::Io:
      return "io";
    case StoreErrorCode::Corrupt:
      return "corrupt";
    case StoreErrorCode::NotFound:
      return "not-found";
    case StoreErrorCode::Closing:
      return "closing";
  }
  return "";
}

bool QueuedLetter::finished() const {
  return std::ranges::none_of(states, [](const auto& state) { return state.status == RecipientStatus::Waiting; });
}

}  // namespace postseal::spool
