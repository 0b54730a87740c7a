// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/replies.h"

#include <fmt/format.h>

#include <algorithm>

namespace postseal::smtpd::reply {
namespace {

// RFC 5321 §4.5.3.1.5: a reply line has 512 octets with code and CRLF; the code and a status take less than 20.
constexpr std::size_t kMaxText = 490;

}  // namespace

std::string greeting(std::string_view hostname) { return fmt::format("220 {} ESMTP", hostname); }

std::string hello(std::string_view hostname) { return fmt::format("250 {}", hostname); }

std::string chunk_taken(std::uint64_t octets) { return fmt::format("250 2.0.0 {} octets taken", octets); }

std::string accepted(std::string_view status, std::string_view words) {
  if (words.empty()) return fmt::format("250 {} Ok", status);
  bool has_status = words.starts_with("2.") && EnhancedStatus::parse_prefix(words);
  return has_status ? fmt::format("250 {}", clean_text(words)) : fmt::format("250 {} {}", status, clean_text(words));
}

std::string clean_text(std::string_view text) {
  std::string result(text.substr(0, kMaxText));
  // A21: what came from outside cannot end our line. Replies stay in ASCII, whoever listens.
  std::ranges::replace_if(result, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return result;
}

std::string format(const Reply& given) {
  int code = given.code >= 400 && given.code < 600 ? given.code : 451;
  auto klass = static_cast<std::uint16_t>(code / 100);
  auto said = given.lines.empty() ? std::nullopt : EnhancedStatus::parse_prefix(given.lines.front());
  EnhancedStatus status = given.status.value_or(said.value_or(EnhancedStatus{klass, 0, 0}));
  // RFC 2034 §4 MUST: the status's class is the code's.
  if (status.klass != klass) status = EnhancedStatus{klass, 0, 0};

  std::string text;
  for (std::size_t i = 0; i == 0 || i < given.lines.size(); ++i) {
    std::string_view words = i < given.lines.size() ? std::string_view(given.lines[i]) : "Refused";
    if (auto prefix = EnhancedStatus::parse_prefix(words)) {
      words.remove_prefix(std::min(words.size(), prefix->to_string().size() + 1));
    }
    if (i > 0) text += "\r\n";
    text +=
        fmt::format("{}{}{} {}", code, i + 1 < given.lines.size() ? '-' : ' ', status.to_string(), clean_text(words));
  }
  return text;
}

}  // namespace postseal::smtpd::reply
