// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/outcome.h"

#include <utility>

namespace postseal::smtp {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::Greeting:
      return "greeting";
    case Stage::Hello:
      return "EHLO";
    case Stage::StartTls:
      return "STARTTLS";
    case Stage::Mail:
      return "MAIL";
    case Stage::Rcpt:
      return "RCPT";
    case Stage::Data:
      return "DATA";
    case Stage::Body:
      return "message";
    case Stage::Local:
      return "local";
  }
  return "";
}

bool worth_another_try(const RecipientOutcome& outcome) {
  if (outcome.accepted) return false;
  // RFC 5321 §4.5.3.1.10 SHOULD: 552 to RCPT for too many recipients is RFC 821's mistake for 452. A status other than
  // 5.5.3 (RFC 3463 §3.6: too many recipients) says that 552 means something else here, such as a full mailbox.
  if (outcome.stage == Stage::Rcpt && outcome.reply.code == 552) {
    return !outcome.reply.status || outcome.reply.status == EnhancedStatus{5, 5, 3};
  }
  return !outcome.reply.permanent();
}

Reply local_reply(int code, EnhancedStatus status, std::string text) {
  Reply reply{.code = code, .status = status, .lines = {}};
  reply.lines.push_back(status.to_string() + ' ' + std::move(text));
  return reply;
}

}  // namespace postseal::smtp
