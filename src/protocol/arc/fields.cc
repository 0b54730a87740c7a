// SPDX-License-Identifier: Apache-2.0
// The fields of an ARC Set, each by itself.
#include <algorithm>
#include <charconv>

#include "protocol/arc/set.h"
#include "protocol/dkim/base64.h"
#include "protocol/dkim/tag_list.h"
#include "protocol/message/structured.h"
#include "vocab/ascii.h"

namespace postseal::arc {
namespace {

std::unexpected<std::string> failure(std::string why) { return std::unexpected(std::move(why)); }

std::optional<ChainValidation> parse_cv(std::string_view word) {
  // RFC 8617 §4.1.3: chain-status is written in lower case.
  for (const auto cv : {ChainValidation::None, ChainValidation::Pass, ChainValidation::Fail}) {
    if (word == to_string(cv)) return cv;
  }
  return std::nullopt;
}

/// The tags that must be there and not empty. RFC 8617 §4.1.3.
std::string find_missing(const dkim::TagList& tags) {
  for (const std::string_view name : {"a", "b", "cv", "d", "i", "s"}) {
    const auto value = tags.value(name);
    if (!value) return "it has no " + std::string(name) + "=";
    if (value->empty()) return "its " + std::string(name) + "= is empty";
  }
  return {};
}

}  // namespace

std::string_view to_string(ChainValidation cv) {
  switch (cv) {
    case ChainValidation::None:
      return "none";
    case ChainValidation::Pass:
      return "pass";
    case ChainValidation::Fail:
      return "fail";
  }
  std::unreachable();
}

std::optional<unsigned> parse_instance(std::string_view digits) {
  // RFC 8617 §4.2.1: one or two digits, nothing else.
  if (digits.empty() || digits.size() > 2 || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  unsigned instance = 0;
  for (const char c : digits) instance = instance * 10 + static_cast<unsigned>(c - '0');
  return instance >= 1 && instance <= kMaxInstance ? std::optional(instance) : std::nullopt;
}

std::expected<Seal, std::string> parse_seal(const message::HeaderField& field) {
  const auto tags = dkim::parse_tag_list(field.value());
  if (!tags) return failure("it does not parse: " + std::string(to_string(tags.error())));
  // RFC 8617 §4.1.3 MUST: a seal covers what §5.1.1 says and nothing else; with h= the chain has failed.
  if (tags->find("h") != nullptr) return failure("it has h=, which a seal must not have");
  if (std::string why = find_missing(*tags); !why.empty()) return failure(std::move(why));
  const auto instance = parse_instance(*tags->value("i"));
  if (!instance) return failure("its i= is no number from 1 to 50");
  const auto cv = parse_cv(*tags->value("cv"));
  if (!cv) return failure("its cv= is not none, pass or fail");
  // RFC 8617 §4.1.3: a= is what RFC 6376 §3.3 has, without rsa-sha1 (RFC 8301 §3.1).
  const auto algorithm = dkim::parse_algorithm(*tags->value("a"));
  if (!algorithm) return failure("its a= is an algorithm that is not known here");
  // RFC 8617 §4.1.4 MAY: in U-labels or A-labels, the domain and the selector.
  auto domain = dkim::parse_signer_name(*tags->value("d"));
  if (!domain) return failure("its d= is no domain name");
  if (!dkim::parse_signer_name(*tags->value("s"))) return failure("its s= is no selector");
  auto signature = dkim::decode_base64(*tags->value("b"));
  if (!signature || signature->empty()) return failure("its b= is no base64");

  Seal seal{.instance = *instance,
            .cv = *cv,
            .algorithm = *algorithm,
            .domain = std::move(*domain),
            .selector = std::string(*tags->value("s")),
            .signature = std::move(*signature),
            .sealed_at = {},
            .b_begin = field.value_begin() + tags->find("b")->begin,
            .b_end = field.value_begin() + tags->find("b")->end};
  if (const auto time = tags->value("t")) {
    std::uint64_t seconds = 0;
    const auto [end, error] = std::from_chars(time->data(), time->data() + time->size(), seconds);
    // RFC 8617 §4.1.3, RFC 6376 §3.5: digits.
    if (error != std::errc() || end != time->data() + time->size()) return failure("its t= is no number");
    seal.sealed_at = seconds;
  }
  return seal;
}

std::optional<Results> parse_results(const message::HeaderField& field) {
  const auto line = message::unfold(field.value());
  if (!line) return std::nullopt;
  message::StructuredCursor cursor(*line);
  // RFC 8617 §4.1.1 MUST: the instance stands in front, and a semicolon behind it.
  if (!cursor.skip_cfws() || !cursor.take('i') || !cursor.skip_cfws() || !cursor.take('=') || !cursor.skip_cfws()) {
    return std::nullopt;
  }
  const auto instance = parse_instance(cursor.take_while(is_digit));
  if (!instance || !cursor.skip_cfws() || !cursor.take(';')) return std::nullopt;
  std::string_view rest = cursor.rest();
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  return Results{.instance = *instance, .payload = std::string(rest)};
}

}  // namespace postseal::arc
