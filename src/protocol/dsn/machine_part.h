#pragma once
// SPDX-License-Identifier: Apache-2.0
// The part for programs: RFC 3464 §2.1 to §2.3, with RFC 6533 §3 where addresses are not ASCII.
#include <string>
#include <string_view>

#include "protocol/dsn/notification.h"

namespace postseal::dsn {

struct MachinePart {
  bool global = false;  ///< message/global-delivery-status: it has UTF-8
  std::string text;     ///< the fields, groups divided by empty lines
};

/// A name or an address that anybody may see; not a socket or a folder of ours.
bool is_host(std::string_view text);

MachinePart machine_part(const NotificationFacts& facts);

/// What the reporter left open is filled in by class: RFC 3464 §2.3.4 wants a status in any case.
EnhancedStatus status_of(const RecipientReport& report);

}  // namespace postseal::dsn
