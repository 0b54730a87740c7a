#pragma once
// SPDX-License-Identifier: Apache-2.0
// The path of MAIL and RCPT: RFC 5321 §4.1.2, §4.1.1.2, §4.1.1.3.
#include <expected>
#include <optional>
#include <string_view>

#include "vocab/mailbox.h"

namespace postseal::smtpd {

struct PathArgument {
  std::string_view path;        ///< between the angle brackets
  std::string_view parameters;  ///< behind it
};

/// keyword: "FROM:" or "TO:". nullopt: the argument does not begin with it and a path in angle brackets.
std::optional<PathArgument> split_path(std::string_view argument, std::string_view keyword);

/// A source route is checked and dropped. The error is the reply line.
std::expected<Mailbox, std::string_view> parse_path(std::string_view path, std::string_view bad_address);

}  // namespace postseal::smtpd
