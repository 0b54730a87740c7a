// SPDX-License-Identifier: Apache-2.0
#include "face/cli/queue_text.h"

#include <fmt/format.h>

#include "face/cli/human_text.h"
#include "face/cli/json_text.h"
#include "vocab/moment_text.h"

namespace postseal::cli {

namespace json = boost::json;

namespace {

// ID, age, size, state, tries, next; then addresses to the end of the line.
constexpr std::string_view kRow = "{:<13}  {:>4}  {:>5}  {:<9}  {:>5}  {:>4}  ";
constexpr std::size_t kFront = 13 + 2 + 4 + 2 + 5 + 2 + 9 + 2 + 5 + 2 + 4 + 2;
constexpr std::size_t kReasonIndent = 15;

std::string age_of(const json::object& object, std::string_view key, const View& view) {
  const auto at = moment_in(object, key);
  return at ? age_text(view.now - *at) : "";
}

std::string until(const json::object& object, std::string_view key, const View& view) {
  const auto at = moment_in(object, key);
  return at ? age_text(*at - view.now) : "";
}

std::string sender_of(const json::object& letter) {
  const std::string from = text_in(letter, "from");
  return from.empty() ? "<> (a notification)" : from;
}

/// Waiting recipients by their place in the queue, others by what became of them.
std::string state_of(const json::object& recipient) {
  const std::string state = text_in(recipient, "state"), status = text_in(recipient, "status");
  return status == "waiting" && !state.empty() ? state : status;
}

/// Of what has not been tried, since others were and failed.
std::string waits_for(const json::object& recipient) {
  const std::string problem = text_in(recipient, "waits_for");
  return problem.empty() ? "" : "not tried yet; mail for the same servers waits: " + problem;
}

std::string recipient_row(const json::object& recipient, const View& view) {
  const std::string state = state_of(recipient);
  const std::uint64_t attempts = number_in(recipient, "attempts");
  std::string row = fmt::format(fmt::runtime(kRow), "", "", "", state, attempts == 0 ? "" : fmt::to_string(attempts),
                                state == "waiting" ? until(recipient, "next_attempt", view) : "");
  row += "to " + fit(text_in(recipient, "address"), view.width - kFront - 3) + "\n";
  std::string reason = text_in(recipient, "reason");
  if (const std::string code = text_in(recipient, "code"); !code.empty() && !reason.starts_with(code))
    reason = reason.empty() ? code : code + " " + reason;
  if (reason.empty()) reason = waits_for(recipient);
  return row + wrap(reason, kReasonIndent, view.width);
}

std::string fact(std::string_view name, std::string_view value, const View& view) {
  if (value.empty()) return "";
  std::string lines = wrap(value, 13, view.width);
  const std::string label = fmt::format("  {:<10} ", name);
  return label + lines.substr(label.size());
}

std::string asks_of(const json::object& letter) {
  std::string asks;
  for (const auto& [key, words] : {std::pair<std::string_view, std::string_view>{"requiretls", "REQUIRETLS"},
                                   {"tls_required_no", "TLS-Required: No"},
                                   {"only_if_verified", "only to verified servers"}})
    if (flag_in(letter, key)) asks += (asks.empty() ? "" : ", ") + std::string(words);
  return asks;
}

}  // namespace

std::string listing_head() {
  return fmt::format(fmt::runtime(kRow), "ID", "AGE", "SIZE", "STATE", "TRIES", "NEXT") + "FROM, TO\n";
}

std::string listing_text(const json::object& letter, const View& view) {
  std::string text = fmt::format(fmt::runtime(kRow), text_in(letter, "id"), age_of(letter, "received", view),
                                 size_text(number_in(letter, "size")), flag_in(letter, "held") ? "held" : "", "", "");
  text += fit(sender_of(letter), view.width - kFront) + "\n";
  if (const std::string rerouted = text_in(letter, "rerouted"); !rerouted.empty())
    text += wrap("rerouted to " + rerouted, kReasonIndent, view.width);
  for (const json::value& recipient : array_in(letter, "recipients")) {
    if (recipient.is_object() && flag_in(recipient.get_object(), "selected"))
      text += recipient_row(recipient.get_object(), view);
  }
  return text;
}

std::string letter_text(const json::object& letter, const View& view) {
  std::string text = fmt::format("Letter {}{}\n", text_in(letter, "id"), flag_in(letter, "held") ? " (held)" : "");
  text += fact("from", sender_of(letter), view);
  text +=
      fact("received", fmt::format("{}, {} ago", text_in(letter, "received"), age_of(letter, "received", view)), view);
  text += fact("size", size_text(number_in(letter, "size")), view);
  text += fact("client", text_in(letter, "peer"), view);
  text += fact("user", text_in(letter, "user"), view);
  text += fact("message-id", text_in(letter, "message_id"), view);
  text += fact("envid", text_in(letter, "envelope_id"), view);
  text += fact("asks for", asks_of(letter), view);
  text += fact("rerouted", text_in(letter, "rerouted"), view);
  for (const json::value& element : array_in(letter, "recipients")) {
    if (!element.is_object()) continue;
    const json::object& recipient = element.get_object();
    text += wrap("to " + text_in(recipient, "address") + ": " + state_of(recipient), 2, view.width);
    if (const auto attempts = number_in(recipient, "attempts"); attempts > 0) {
      text += wrap(fmt::format("{} {}, the last {} ago{}", attempts, attempts == 1 ? "attempt" : "attempts",
                               age_of(recipient, "last_attempt", view),
                               text_in(recipient, "host").empty() ? "" : " at " + text_in(recipient, "host")),
                   4, view.width);
    }
    if (const auto next = moment_in(recipient, "next_attempt"))
      text += wrap(*next <= view.now
                       ? "next attempt as soon as it is its turn"
                       : fmt::format("next attempt in {}, at {}", age_text(*next - view.now), moment_text(*next)),
                   4, view.width);
    if (const std::string site = text_in(recipient, "site"); !site.empty())
      text += wrap("servers: " + site, 4, view.width);
    const std::string code = text_in(recipient, "code"), reason = text_in(recipient, "reason");
    const std::string_view between = code.empty() || reason.empty() ? "" : " ";
    text += wrap(fmt::format("{}{}{}", code, between, reason), 4, view.width);
    if (code.empty() && reason.empty()) text += wrap(waits_for(recipient), 4, view.width);
  }
  return text;
}

std::string tally_text(const json::object& tally) {
  const std::uint64_t letters = number_in(tally, "letters"), recipients = number_in(tally, "recipients");
  return fmt::format("{} {}, {} {}", letters, letters == 1 ? "letter" : "letters", recipients,
                     recipients == 1 ? "recipient" : "recipients");
}

std::string statistics_text(const json::object& statistics, const View& view) {
  std::string text =
      fmt::format("{} letters: {} ready, {} waiting, {} under way, {} held\n", number_in(statistics, "letters"),
                  number_in(statistics, "ready"), number_in(statistics, "waiting"), number_in(statistics, "active"),
                  number_in(statistics, "held"));
  text += fmt::format("{} connections to {} sites for {} destinations\n", number_in(statistics, "connections"),
                      number_in(statistics, "site_count"), number_in(statistics, "destinations"));
  if (const auto owed = number_in(statistics, "changes_owed"); owed > 0)
    text += fmt::format("{} changes that the store could not take yet: look at its disk\n", owed);
  if (!array_in(statistics, "sites").empty())
    text += fmt::format("\n{:>7}  {:>7}  {:>6}  {:>4}  {:>5}  {:>4}  SITE\n", "READY", "WAITING", "ACTIVE", "HELD",
                        "CONN", "NEXT");
  for (const json::value& element : array_in(statistics, "sites")) {
    if (!element.is_object()) continue;
    const json::object& site = element.get_object();
    std::string name = text_in(site, "site");
    text += fmt::format("{:>7}  {:>7}  {:>6}  {:>4}  {:>5}  {:>4}  {}\n", number_in(site, "ready"),
                        number_in(site, "waiting"), number_in(site, "active"), number_in(site, "held"),
                        number_in(site, "connections"), until(site, "not_before", view),
                        fit(name.empty() ? "(servers not looked up yet)" : name, view.width - 45));
    text += wrap(text_in(site, "problem"), kReasonIndent, view.width);
  }
  for (const json::value& element : array_in(statistics, "downgrades")) {
    if (!element.is_object()) continue;
    const json::object& downgrade = element.get_object();
    text += wrap(fmt::format("{}: showed less than before ({}) at {}{}", text_in(downgrade, "domain"),
                             text_in(downgrade, "before"), text_in(downgrade, "when"),
                             flag_in(downgrade, "deferred") ? "; its mail waits" : ""),
                 0, view.width);
  }
  return text;
}

std::string trace_text(const json::object& trace, const View& view) {
  const json::object& letter = object_in(trace, "letter");
  std::string text = letter.empty() ? fmt::format("Letter {} is not in the queue any more\n", text_in(trace, "id"))
                                    : letter_text(letter, view);
  for (const json::value& element : array_in(trace, "events")) {
    if (!element.is_object()) continue;
    const json::object& event = element.get_object();
    const std::string at = text_in(event, "started").empty() ? text_in(event, "time") : text_in(event, "started");
    std::string head = text_in(event, "event");
    if (head.empty()) head = "attempt for " + text_in(event, "destination");
    text += "\n" + wrap(fmt::format("{}  {}", at, head), 0, view.width);
    for (const json::value& recipient : array_in(event, "recipients")) {
      if (!recipient.is_object()) continue;
      text +=
          wrap(fmt::format("{}: {}. {}", text_in(recipient.get_object(), "recipient"),
                           text_in(recipient.get_object(), "outcome"), text_in(recipient.get_object(), "explanation")),
               2, view.width);
    }
    text += tree_text(event, 4, view.width);
  }
  return text;
}

}  // namespace postseal::cli
