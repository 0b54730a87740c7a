#pragma once
// SPDX-License-Identifier: Apache-2.0
// An SMTP reply (RFC 5321 §4.2) as received: code, lines of text without the code, enhanced status if the first has
// one.
#include <optional>
#include <string>
#include <vector>

#include "vocab/enhanced_status.h"

namespace postseal {

struct Reply {
  int code = 0;  ///< 200..599
  std::optional<EnhancedStatus> status;
  std::vector<std::string> lines;  ///< printable: control characters are shown as '?'

  bool positive() const { return code >= 200 && code < 400; }
  bool transient() const { return code >= 400 && code < 500; }
  bool permanent() const { return code >= 500; }
  /// "550 5.1.1 No such user" with the lines joined by " / ".
  std::string to_string() const;
  bool operator==(const Reply&) const = default;
};

}  // namespace postseal
