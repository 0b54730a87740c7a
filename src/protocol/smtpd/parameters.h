#pragma once
// SPDX-License-Identifier: Apache-2.0
// The parameters of MAIL and RCPT: RFC 5321 §4.1.2 (syntax), 1870, 3461, 4954 §5, 6152, 6531, 8689.
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "protocol/smtpd/server.h"

namespace postseal::smtpd {

/// What the parameters are judged by.
struct ParameterRules {
  std::uint64_t message_size = 0;  ///< 0: no limit
  bool requiretls = false;         ///< the keyword is offered
  bool auth = false;               ///< AUTH is offered
  bool trusted = false;            ///< the client has authenticated
};

/// text: what stands behind the path. The error is the reply line.
std::expected<Parameters, std::string_view> parse_mail_parameters(std::string_view text, const ParameterRules& rules);

struct RecipientParameters {
  std::string notify;    ///< capitals
  std::string original;  ///< as given
};
/// smtputf8: MAIL had that parameter.
std::expected<RecipientParameters, std::string_view> parse_recipient_parameters(std::string_view text, bool smtputf8);

}  // namespace postseal::smtpd
