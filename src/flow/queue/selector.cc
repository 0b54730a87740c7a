// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/selector.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "edge/settings/values.h"
#include "flow/queue/courier.h"
#include "flow/queue/pattern.h"
#include "flow/queue/times.h"
#include "vocab/ascii.h"

namespace postseal::queue {

namespace {

using Stored = std::expected<void, std::string>;

bool contains(std::string_view text, std::string_view part) {
  return !std::ranges::search(text, part, {}, ascii_lower, ascii_lower).empty();
}

Stored store_duration(std::optional<Seconds>& target, std::string_view value) {
  const auto duration = settings::parse_duration(value);
  if (!duration) return std::unexpected(duration.error());
  target = std::chrono::floor<Seconds>(*duration);
  return {};
}

/// "4096", "10k", "5M", "1G": powers of 1024.
Stored store_size(std::optional<std::uint64_t>& target, std::string_view value) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const std::string_view unit = value.substr(static_cast<std::size_t>(end - value.data()));
  int shift = 0;
  if (unit == "k" || unit == "K") shift = 10;
  if (unit == "M") shift = 20;
  if (unit == "G") shift = 30;
  if (error != std::errc() || (shift == 0 && !unit.empty()) || number > (~std::uint64_t{0} >> shift)) {
    return std::unexpected(fmt::format("\"{}\" is no size; sizes are digits and k, M, G or nothing", value));
  }
  target = number << shift;
  return {};
}

Stored store_text(std::string& target, std::string_view value) {
  target = value;
  return {};
}

Stored store_term(Selector& selector, std::string_view key, std::string_view value) {
  if (value.empty()) return std::unexpected(fmt::format("{}= needs a value", key));
  if (key == "domain") return store_text(selector.domain, value);
  if (key == "recipient") return store_text(selector.recipient, value);
  if (key == "mx") return store_text(selector.mx, value);
  if (key == "sender") return store_text(selector.sender, value);
  if (key == "reason") return store_text(selector.reason, value);
  if (key == "older") return store_duration(selector.older, value);
  if (key == "younger") return store_duration(selector.younger, value);
  if (key == "larger") return store_size(selector.larger, value);
  if (key == "smaller") return store_size(selector.smaller, value);
  return std::unexpected(fmt::format(
      "\"{}=\" is no selector; they are domain, recipient, mx, sender, reason, older, younger, larger and smaller",
      key));
}

Stored store_word(Selector& selector, std::string_view word) {
  if (word == "all") return {};
  if (word == "held" || word == "not-held") {
    selector.held = word == "held";
    return {};
  }
  if (const auto id = spool::LetterId::parse(word)) {
    selector.ids.push_back(*id);
    return {};
  }
  return std::unexpected(
      fmt::format("\"{}\" is no letter id and no selector; selectors are KEY=VALUE, held, not-held and all", word));
}

bool sender_matches(std::string_view pattern, const ReversePath& from) {
  if (pattern == "<>") return !from;
  if (!from) return false;
  if (pattern.starts_with('@')) return name_matches(pattern.substr(1), to_string(from->destination()));
  if (pattern.starts_with('.')) return name_matches(pattern, to_string(from->destination()));
  return equals_ignoring_case(pattern, from->to_string());
}

bool recipient_matches(const Selector& selector, const spool::EnvelopeRecipient& recipient,
                       const spool::RecipientState& state) {
  const Mailbox& mailbox = recipient.mailbox;
  if (!selector.domain.empty() && !name_matches(selector.domain, to_string(mailbox.destination()))) return false;
  if (!selector.recipient.empty() && !equals_ignoring_case(selector.recipient, mailbox.to_string())) return false;
  return selector.reason.empty() || contains(state.explanation, selector.reason) ||
         contains(state.code.to_string(), selector.reason);
}

}  // namespace

std::expected<Selector, std::string> parse_selector(std::span<const std::string> terms) {
  if (terms.empty()) return std::unexpected("which letters? Give letter ids, selectors, or \"all\"");
  Selector selector;
  for (const std::string_view term : terms) {
    const auto equals = term.find('=');
    const auto stored = equals == std::string_view::npos
                            ? store_word(selector, term)
                            : store_term(selector, term.substr(0, equals), term.substr(equals + 1));
    if (!stored) return std::unexpected(stored.error());
  }
  return selector;
}

bool letter_matches(const Selector& selector, const spool::QueuedLetter& letter, WallTime now) {
  const auto& envelope = letter.envelope;
  if (!selector.ids.empty() && std::ranges::find(selector.ids, letter.id) == selector.ids.end()) return false;
  if (selector.held && *selector.held != letter.held) return false;
  if (!selector.sender.empty() && !sender_matches(selector.sender, envelope.from)) return false;
  const Seconds age = now - envelope.received;
  if (selector.older && age < *selector.older) return false;
  if (selector.younger && age >= *selector.younger) return false;
  if (selector.larger && envelope.size < *selector.larger) return false;
  return !selector.smaller || envelope.size < *selector.smaller;
}

std::vector<std::uint32_t> matching_recipients(const Selector& selector, const spool::QueuedLetter& letter,
                                               WallTime now,
                                               const std::function<std::string(std::string_view)>& site_of) {
  std::vector<std::uint32_t> matching;
  if (!letter_matches(selector, letter, now)) return matching;
  for (std::uint32_t i = 0; i < letter.states.size(); ++i) {
    const auto& recipient = letter.envelope.recipients[i];
    if (letter.states[i].status != spool::RecipientStatus::Waiting) continue;
    if (!recipient_matches(selector, recipient, letter.states[i])) continue;
    if (!selector.mx.empty() && !site_matches(selector.mx, site_of(next_hop_of(letter, recipient.mailbox).key()))) {
      continue;
    }
    matching.push_back(i);
  }
  return matching;
}

}  // namespace postseal::queue
