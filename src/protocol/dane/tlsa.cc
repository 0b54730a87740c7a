// SPDX-License-Identifier: Apache-2.0
#include "protocol/dane/tlsa.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>

namespace postseal::dane {

namespace {

constexpr std::uint8_t kDaneTa = 2;
constexpr std::uint8_t kDaneEe = 3;
constexpr std::uint8_t kPublicKey = 1;
constexpr std::uint8_t kFull = 0;
constexpr std::uint8_t kSha256 = 1;
constexpr std::uint8_t kSha512 = 2;

std::optional<Unusable> why_unusable(const TlsaRecord& record, FullDataCheck parses) {
  // RFC 7672 §3.1.3 SHOULD (D11): a sender on port 25 knows no CAs that both sides trust; 0 and 1 cannot be judged.
  if (record.usage < kDaneTa) return Unusable::PkixUsage;
  // RFC 6698 §4.1 MUST (D11): numbers that nobody has defined make the record unusable, never the set.
  if (record.usage > kDaneEe) return Unusable::UnknownUsage;
  if (record.selector > kPublicKey) return Unusable::UnknownSelector;
  if (record.matching_type > kSha512) return Unusable::UnknownMatchingType;
  // RFC 6698 §4.1 MUST (D12): malformed association data.
  if (record.matching_type == kSha256 && record.data.size() != 32) return Unusable::DigestLength;
  if (record.matching_type == kSha512 && record.data.size() != 64) return Unusable::DigestLength;
  if (record.matching_type == kFull && record.data.empty()) return Unusable::Empty;
  if (record.matching_type == kFull && !parses(record)) return Unusable::Unparsable;
  return std::nullopt;
}

std::string_view next_word(std::string_view& text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(begin);
  const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::optional<std::uint8_t> parse_octet(std::string_view word) {
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view to_string(Unusable why) {
  switch (why) {
    case Unusable::PkixUsage:
      return "usage 0 and 1 (PKIX) are not used on port 25 (RFC 7672 §3.1.3)";
    case Unusable::UnknownUsage:
      return "unknown certificate usage";
    case Unusable::UnknownSelector:
      return "unknown selector";
    case Unusable::UnknownMatchingType:
      return "unknown matching type";
    case Unusable::DigestLength:
      return "the digest has the wrong length";
    case Unusable::Empty:
      return "no certificate association data";
    case Unusable::Unparsable:
      return "the data is no certificate or public key in DER";
  }
  return "unusable";
}

TlsaSet select_usable(const std::vector<TlsaRecord>& records, FullDataCheck parses) {
  std::vector<TlsaRecord> sorted = records;
  // Sorted, because DNS has no order: the same RRset gives the same set, and D50 keeps the same part of it. From the
  // back: DANE-EE first, public keys first, longer digests first, so that a flood of full certificates loses.
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  TlsaSet set;
  for (TlsaRecord& record : sorted) {
    // RFC 7672 §3.2 MUST (D10): an unusable record is left out, the usable ones still bind.
    const auto why = why_unusable(record, parses);
    // DEVIATION (D50): a local limit. It is counted apart for each kind: a flood of unusable records must not push out
    // the usable ones, or it would switch authentication off.
    if ((why ? set.unusable.size() : set.usable.size()) == kMaxRecords)
      ++set.dropped;
    else if (why)
      set.unusable.push_back({std::move(record), *why});
    else
      set.usable.push_back(std::move(record));
  }
  return set;
}

std::expected<TlsaRecord, std::string> parse_tlsa_text(std::string_view text) {
  constexpr std::array kFields = {"usage", "selector", "matching type"};
  std::array<std::uint8_t, 3> numbers{};
  for (std::size_t at = 0; at < kFields.size(); ++at) {
    const std::string_view word = next_word(text);
    const auto number = parse_octet(word);
    if (!number)
      return std::unexpected(std::string("the ") + kFields[at] + " must be a number from 0 to 255, not \"" +
                             std::string(word.substr(0, 40)) + "\"; a TLSA record looks like \"3 1 1 0123ab...\"");
    numbers[at] = *number;
  }
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  auto data = from_hex(text);
  if (!data) return std::unexpected("the certificate association data must be pairs of hexadecimal digits");
  return TlsaRecord{numbers[0], numbers[1], numbers[2], std::move(*data)};
}

std::string format_tlsa(const TlsaRecord& record) {
  return std::to_string(record.usage) + ' ' + std::to_string(record.selector) + ' ' +
         std::to_string(record.matching_type) + ' ' + to_hex(record.data);
}

std::string name_of(const TlsaRecord& record) {
  constexpr std::array<std::string_view, 4> kUsages = {"PKIX-TA", "PKIX-EE", "DANE-TA", "DANE-EE"};
  std::string name(record.usage < kUsages.size() ? kUsages[record.usage] : "TLSA");
  return name + ' ' + std::to_string(record.usage) + ' ' + std::to_string(record.selector) + ' ' +
         std::to_string(record.matching_type);
}

}  // namespace postseal::dane
