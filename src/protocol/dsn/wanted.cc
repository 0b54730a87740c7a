// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "protocol/dsn/notification.h"

namespace postseal::dsn {
namespace {

bool same_word(std::string_view word, std::string_view upper) {
  if (word.size() != upper.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i] >= 'a' && word[i] <= 'z' ? static_cast<char>(word[i] - ('a' - 'A')) : word[i];
    if (c != upper[i]) return false;
  }
  return true;
}

bool names(std::string_view list, std::string_view upper) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (same_word(list.substr(0, comma), upper)) return true;
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return false;
}

}  // namespace

bool wanted(const spool::Envelope& envelope, const spool::EnvelopeRecipient& recipient, Action action) {
  // RFC 3464 §2 MUST NOT, RFC 5321 §4.5.5 (A36): a notification never causes another.
  if (!envelope.from) return false;
  // RFC 3461 §4.1 MUST NOT: NEVER means never.
  if (names(recipient.notify, "NEVER")) return false;
  // RFC 3461 §4.1: without NOTIFY a failure is told; of a delay the server decides, and we tell.
  const bool given = !recipient.notify.empty();
  switch (action) {
    case Action::Failed:
      return !given || names(recipient.notify, "FAILURE");
    case Action::Delayed:
      return !given || names(recipient.notify, "DELAY");
    case Action::Delivered:
    case Action::Relayed:
    case Action::Expanded:
      // RFC 3461 §5.2.2 to §5.2.7 MUST NOT: of success nobody is told who has not asked.
      return names(recipient.notify, "SUCCESS");
  }
  return false;
}

}  // namespace postseal::dsn
