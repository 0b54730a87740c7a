// SPDX-License-Identifier: Apache-2.0
#include "protocol/dsn/machine_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "protocol/dsn/clean.h"
#include "protocol/dsn/date.h"
#include "vocab/ascii.h"
#include "vocab/ip_address.h"

namespace postseal::dsn {
namespace {

constexpr std::size_t kLongestAddress = 500;     // RFC 3461 §4.2: an ORCPT has 500 octets at most
constexpr std::size_t kLongestEnvelopeId = 100;  // RFC 3461 §4.4
constexpr std::size_t kLongestDiagnostic = 2000;

struct TypedAddress {
  std::string type, address;
};

TypedAddress original_recipient(std::string_view given) {
  const auto semicolon = given.find(';');
  if (semicolon == std::string_view::npos) return {"rfc822", one_line(decode_xtext(given), kLongestAddress)};
  std::string type = to_lower(one_ascii_line(given.substr(0, semicolon), 40));
  const std::string_view address = given.substr(semicolon + 1);
  // RFC 6533 §3: the type utf-8 has an encoding of its own.
  const std::string plain = type == "utf-8" ? decode_embedded_unicode(address) : decode_xtext(address);
  return {type, one_line(plain, kLongestAddress)};
}

TypedAddress final_recipient(const Mailbox& mailbox) {
  return {mailbox.needs_smtputf8() ? "utf-8" : "rfc822", mailbox.to_string()};
}

std::string show(const TypedAddress& address, bool global) {
  return fmt::format("{}; {}", address.type,
                     global ? address.address : one_ascii_line(address.address, kLongestAddress));
}

std::string remote_mta(const std::string& host) {
  const auto address = IpAddress::parse(host);
  return "dns; " + (address ? to_string(MailDestination(*address)) : host);
}

std::string recipient_group(const RecipientReport& report, bool global) {
  std::string group;
  // RFC 3464 §2.3.1 MUST: present when the sender gave it, so that he recognises whom he wrote to.
  if (!report.recipient.original.empty()) {
    group += field("Original-Recipient", show(original_recipient(report.recipient.original), global));
  }
  group += field("Final-Recipient", show(final_recipient(report.recipient.mailbox), global));
  group += field("Action", to_string(report.action));
  group += field("Status", status_of(report).to_string());
  if (is_host(report.remote_host)) group += field("Remote-MTA", remote_mta(report.remote_host));
  if (report.remote_reply) {
    const std::string said = report.remote_reply->to_string();
    group += field("Diagnostic-Code",
                   "smtp; " + (global ? one_line(said, kLongestDiagnostic) : one_ascii_line(said, kLongestDiagnostic)));
  }
  if (report.last_attempt != WallTime{}) group += field("Last-Attempt-Date", format_date(report.last_attempt));
  // RFC 3464 §2.3.9: only of what will still be tried.
  if (report.action == Action::Delayed && report.will_retry_until) {
    group += field("Will-Retry-Until", format_date(*report.will_retry_until));
  }
  return group;
}

}  // namespace

bool is_host(std::string_view text) { return IpAddress::parse(text) || Domain::parse(text); }

EnhancedStatus status_of(const RecipientReport& report) {
  if (report.status.klass != 0) return report.status;
  switch (report.action) {
    case Action::Failed:
      return {5, 0, 0};
    case Action::Delayed:
      return {4, 0, 0};
    case Action::Delivered:
    case Action::Relayed:
    case Action::Expanded:
      return {2, 0, 0};
  }
  return {5, 0, 0};
}

MachinePart machine_part(const NotificationFacts& facts) {
  MachinePart part;
  part.global = std::ranges::any_of(facts.recipients, [](const RecipientReport& report) {
    return report.recipient.mailbox.needs_smtputf8() ||
           !is_ascii(original_recipient(report.recipient.original).address);
  });
  // RFC 3464 §2.2.1, RFC 3461 §6.3: as the sender meant it, before xtext.
  if (!facts.envelope.envelope_id.empty()) {
    part.text +=
        field("Original-Envelope-Id", one_ascii_line(decode_xtext(facts.envelope.envelope_id), kLongestEnvelopeId));
  }
  part.text += field("Reporting-MTA", "dns; " + one_ascii_line(facts.hostname, 255));
  if (facts.envelope.received != WallTime{}) part.text += field("Arrival-Date", format_date(facts.envelope.received));
  for (const RecipientReport& report : facts.recipients) part.text += "\r\n" + recipient_group(report, part.global);
  return part;
}

}  // namespace postseal::dsn
