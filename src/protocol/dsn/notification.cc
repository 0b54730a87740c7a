// SPDX-License-Identifier: Apache-2.0
#include "protocol/dsn/notification.h"

#include <fmt/format.h>

#include "protocol/dsn/clean.h"
#include "protocol/dsn/date.h"
#include "protocol/dsn/human_part.h"
#include "protocol/dsn/machine_part.h"
#include "protocol/dsn/returned_header.h"

namespace postseal::dsn {
namespace {

/// An id that can stand in In-Reply-To as it is.
bool is_message_id(std::string_view text) {
  return text.size() > 2 && text.size() <= 500 && text.starts_with('<') && text.ends_with('>') && is_ascii(text) &&
         text.find_first_of(" \t\r\n") == std::string_view::npos && one_line(text, 500) == text;
}

/// Text in the least encoding that makes it 7-bit.
std::string text_part(std::string_view type, const std::string& text) {
  const bool plain = is_seven_bit(text);
  return fmt::format("Content-Type: {}{}\r\nContent-Transfer-Encoding: {}\r\n\r\n{}", type,
                     is_ascii(text) ? "; charset=us-ascii" : "; charset=utf-8", plain ? "7bit" : "quoted-printable",
                     plain ? text : quoted_printable(text));
}

std::string machine_text(const NotificationFacts& facts) {
  const MachinePart part = machine_part(facts);
  // RFC 6533 §4: 8bit wherever it can be; the letter itself has shown that its sender's side can take UTF-8.
  return part.global
             ? "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + part.text
             : "Content-Type: message/delivery-status\r\n\r\n" + part.text;
}

/// RFC 3461 §4.3, DEVIATION: also with RET=FULL, and where RET is not given, only the header goes back. A body that is
/// returned to a forged sender carries spam past his filters, and copies what may be private to one more place.
/// RFC 8689 §5 MUST: for REQUIRETLS it is so in any case.
std::string header_text(const NotificationFacts& facts) {
  const Extent extent = facts.envelope.requiretls ? Extent::Redacted : Extent::Whole;
  std::string header = returned_header(facts.original_header, extent);
  if (header.empty()) return header;
  // RFC 6533 §6: a header in UTF-8 has a type of its own.
  if (facts.envelope.utf8_headers && !is_ascii(header) && has_mail_lines(header)) {
    return "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + header;
  }
  const bool plain = is_seven_bit(header);
  return fmt::format("Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: {}\r\n\r\n{}",
                     plain ? "7bit" : "quoted-printable", plain ? header : quoted_printable(header));
}

}  // namespace

std::string compose(const NotificationFacts& facts) {
  const std::string hostname = one_ascii_line(facts.hostname, 255);
  std::string text;
  text += field("Date", format_date(facts.now));
  text += field("From", fmt::format("\"Mail server {}\" <postmaster@{}>", hostname, hostname));
  if (facts.envelope.from) text += fmt::format("To: <{}>\r\n", facts.envelope.from->to_string());
  text += field("Subject", subject(facts));
  text += field("Message-ID", one_ascii_line(facts.message_id, 500));
  // RFC 3834 §3.1.5 SHOULD: the reader sees it below the letter that it is about.
  if (is_message_id(facts.envelope.message_id)) {
    text += fmt::format("In-Reply-To: {0}\r\nReferences: {0}\r\n", facts.envelope.message_id);
  }
  // RFC 3834 §5 SHOULD: nobody answers a machine by a machine.
  text += "Auto-Submitted: auto-replied\r\n";
  text += "MIME-Version: 1.0\r\n";
  // RFC 3464 §2, RFC 6522 §3 MUST: report-type names the type of the second part.
  text += fmt::format("Content-Type: multipart/report; report-type=delivery-status;\r\n  boundary=\"{}\"\r\n",
                      facts.boundary);

  std::string parts;
  const auto add = [&](const std::string& part) { parts += fmt::format("--{}\r\n{}\r\n", facts.boundary, part); };
  add(text_part("text/plain", human_part(facts)));
  add(machine_text(facts));
  if (const std::string header = header_text(facts); !header.empty()) add(header);
  parts += fmt::format("--{}--\r\n", facts.boundary);
  // RFC 2045 §6.2: a whole says of its parts what it needs.
  if (!is_ascii(parts)) text += "Content-Transfer-Encoding: 8bit\r\n";
  return text + "\r\n" + parts;
}

spool::Envelope envelope_of(const NotificationFacts& facts, std::string_view text) {
  spool::Envelope envelope;
  // RFC 3464 §2 MUST, RFC 5321 §4.5.5 MUST: a null reverse-path, and to the reverse-path of the letter only.
  if (facts.envelope.from)
    envelope.recipients.push_back({.mailbox = *facts.envelope.from, .original = {}, .notify = "NEVER"});
  // RFC 8689 §5 MUST: the demand goes with what is known of the letter.
  envelope.requiretls = facts.envelope.requiretls;
  envelope.eight_bit = !is_ascii(text);
  envelope.utf8_headers = !is_ascii(text.substr(0, text.find("\r\n\r\n")));
  envelope.message_id = facts.message_id;
  envelope.size = text.size();
  envelope.received = facts.now;
  return envelope;
}

}  // namespace postseal::dsn
