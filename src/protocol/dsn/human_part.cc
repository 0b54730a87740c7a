// SPDX-License-Identifier: Apache-2.0
#include "protocol/dsn/human_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "protocol/dsn/advice.h"
#include "protocol/dsn/clean.h"
#include "protocol/dsn/date.h"
#include "protocol/dsn/machine_part.h"

namespace postseal::dsn {
namespace {

constexpr std::array kByGravity{Action::Failed, Action::Delayed, Action::Expanded, Action::Relayed, Action::Delivered};
constexpr std::size_t kLongestText = 2000;

std::string_view headline(Action action) {
  switch (action) {
    case Action::Failed:
      return "It could not be delivered to:";
    case Action::Delayed:
      return "It has not been delivered yet. There is nothing you need to do: it will be tried again. It waits for:";
    case Action::Delivered:
      return "It has been delivered, as you asked to be told, to the mailbox of:";
    case Action::Relayed:
      return "It has been handed to another server, which does not tell when it is delivered, for:";
    case Action::Expanded:
      return "It has been passed on to those for whom this address stands:";
  }
  return "";
}

std::string_view subject_words(Action action) {
  switch (action) {
    case Action::Failed:
      return "Not delivered";
    case Action::Delayed:
      return "Not delivered yet";
    case Action::Delivered:
      return "Delivered";
    case Action::Relayed:
    case Action::Expanded:
      return "Passed on";
  }
  return "";
}

/// Whom the sender wrote to, where an alias has led somewhere else.
std::string written_to(const spool::EnvelopeRecipient& recipient) {
  const std::string_view original = recipient.original;
  const auto semicolon = original.find(';');
  if (semicolon == std::string_view::npos) return {};
  const std::string_view encoded = original.substr(semicolon + 1);
  const bool utf8 = (original[0] == 'u' || original[0] == 'U');
  const std::string plain = one_line(utf8 ? decode_embedded_unicode(encoded) : decode_xtext(encoded), 500);
  return plain == recipient.mailbox.to_string() ? std::string() : plain;
}

std::string paragraph(const RecipientReport& report) {
  const EnhancedStatus status = status_of(report);
  std::string text = "  " + report.recipient.mailbox.to_string() + "\r\n";
  if (const std::string original = written_to(report.recipient); !original.empty()) {
    text += wrapped("(to whom your letter to " + original + " goes)", "  ");
  }
  const auto line = [&](std::string_view what) { text += wrapped(what, "    "); };
  const bool trouble = report.action == Action::Failed || report.action == Action::Delayed;
  const Advice help = advice(status);
  if (trouble) line(fmt::format("{} (status {})", help.meaning, status.to_string()));
  if (trouble && !report.explanation.empty()) line("Why: " + one_line(report.explanation, kLongestText));
  if (report.remote_reply && trouble && !report.explanation.contains(report.remote_reply->to_string())) {
    const std::string host = is_host(report.remote_host) ? report.remote_host : "the other server";
    line(fmt::format("In the words of {}: {}", host, one_line(report.remote_reply->to_string(), kLongestText)));
  }
  if (trouble && report.attempts > 1) {
    line(fmt::format("It was tried {} times, the last time on {}.", report.attempts, format_date(report.last_attempt)));
  }
  if (report.action == Action::Failed) line(fmt::format("What you can do: {}", help.remedy));
  if (report.action == Action::Delayed && report.will_retry_until) {
    line("It will be tried until " + format_date(*report.will_retry_until) + ". You will be told if it fails then.");
  }
  return text;
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::Failed:
      return "failed";
    case Action::Delayed:
      return "delayed";
    case Action::Delivered:
      return "delivered";
    case Action::Relayed:
      return "relayed";
    case Action::Expanded:
      return "expanded";
  }
  return "";
}

Action worst(const NotificationFacts& facts) {
  for (const Action action : kByGravity) {
    if (std::ranges::any_of(facts.recipients, [&](const auto& report) { return report.action == action; }))
      return action;
  }
  return Action::Failed;
}

std::string subject(const NotificationFacts& facts) {
  std::string text = fmt::format("{}: your letter", subject_words(worst(facts)));
  const std::string whom = facts.recipients.size() == 1 ? facts.recipients.front().recipient.mailbox.to_string() : "";
  if (!whom.empty() && whom.size() <= 45 && is_ascii(whom)) text += " to " + whom;
  return text;
}

std::string human_part(const NotificationFacts& facts) {
  const std::string hostname = one_ascii_line(facts.hostname, 255);
  std::string text = wrapped("This is the mail server " + hostname + ".", "") + "\r\n";
  const std::string arrived =
      facts.envelope.received == WallTime{} ? "" : " of " + format_date(facts.envelope.received);
  text += wrapped("It writes to you about your letter" + arrived + ".", "");
  for (const Action action : kByGravity) {
    std::string of_this;
    for (const RecipientReport& report : facts.recipients) {
      if (report.action == action) of_this += "\r\n" + paragraph(report);
    }
    if (!of_this.empty()) text += "\r\n" + wrapped(headline(action), "") + of_this;
  }
  text += "\r\n";
  text +=
      wrapped(facts.envelope.requiretls
                  ? "Your letter asked for protected transport (REQUIRETLS). This notice may travel without it, so it "
                    "repeats nothing of the letter but its Message-ID and date."
                  : "Below are a report for programs and the header of your letter, without its body.",
              "");
  text += wrapped(
      fmt::format("If you ask postmaster@{} for help, name the letter {}.", hostname, one_ascii_line(facts.id, 64)),
      "");
  return text;
}

}  // namespace postseal::dsn
