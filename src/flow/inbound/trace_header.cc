// SPDX-License-Identifier: Apache-2.0
#include "flow/inbound/trace_header.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string_view>

#include "protocol/message/structured.h"
#include "vocab/ascii.h"

namespace postseal::inbound {

namespace {

constexpr std::size_t kLongestText = 255;

/// A21: what the client said goes into the header of everybody's letter: nothing that could end the line or the
/// comment.
std::string plain(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kLongestText)) {
    const bool bad = static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '(' || c == ')' || c == '\\' ||
                     c == ';' || c == '<' || c == '>' || c == '"';
    result += bad ? '?' : c;
  }
  return result;
}

std::string comment_text(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kLongestText)) {
    const bool bad = static_cast<unsigned char>(c) < ' ' || c == 0x7f || c == '(' || c == ')' || c == '\\';
    result += bad ? '?' : c;
  }
  return result;
}

/// RFC 5321 §4.1.3.
std::string literal(const IpAddress& address) {
  return address.is_v4() ? "[" + address.to_string() + "]" : "[IPv6:" + address.to_string() + "]";
}

int key_bits(std::string_view cipher) {
  if (cipher.find("AES_128") != std::string_view::npos || cipher.find("AES128") != std::string_view::npos) return 128;
  return 256;
}

void add_tls(std::string& field, const smtpd::TlsFacts& tls) {
  fmt::format_to(std::back_inserter(field), "\r\n\t(using {} with cipher {} ({}/{} bits)", plain(tls.version),
                 plain(tls.cipher), key_bits(tls.cipher), key_bits(tls.cipher));
  if (!tls.group.empty()) fmt::format_to(std::back_inserter(field), " key-exchange {}", plain(tls.group));
  field += ')';
  if (!tls.client_name.empty())
    fmt::format_to(std::back_inserter(field), "\r\n\t(client certificate {} {})", comment_text(tls.client_name),
                   tls.client_verified ? "verified" : "not verified");
}

}  // namespace

std::string format_date(WallTime time) {
  static constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", kDays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::string format_received(const Trace& trace) {
  std::string field = "Received: from ";
  field.reserve(512);
  // RFC 5321 §4.4 MUST: the name that the client gave and the address that it really has.
  field += trace.helo.empty() ? literal(trace.peer) : plain(trace.helo);
  field += " (" + literal(trace.peer) + ")";
  if (trace.tls) add_tls(field, *trace.tls);
  fmt::format_to(std::back_inserter(field), "\r\n\tby {} with {} id {}", trace.hostname, trace.protocol,
                 trace.id.to_string());
  // RFC 5321 §7.2: a list of recipients would show who is hidden.
  if (trace.recipient) field += "\r\n\tfor <" + trace.recipient->to_string() + ">";
  field += ";\r\n\t" + format_date(trace.now) + "\r\n";
  return field;
}

bool was_received_by(std::string_view value, std::string_view hostname) {
  const auto line = message::unfold(value);
  if (!line) return false;
  message::StructuredCursor cursor(*line);
  bool by = false;
  while (cursor.skip_cfws() && !cursor.at_end()) {
    if (cursor.take(';')) continue;
    const auto word = cursor.take_while([](char c) { return c != ' ' && c != '\t' && c != '(' && c != ';'; });
    if (by && equals_ignoring_case(word, hostname)) return true;
    by = equals_ignoring_case(word, "by");
  }
  return false;
}

}  // namespace postseal::inbound
