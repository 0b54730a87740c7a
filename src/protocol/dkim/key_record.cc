// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/key_record.h"

#include <algorithm>

#include "protocol/dkim/base64.h"
#include "protocol/dkim/record_shelf.h"
#include "protocol/dkim/tag_list.h"
#include "vocab/ascii.h"

namespace postseal::dkim {
namespace {

bool has(std::string_view list, std::string_view word) {
  const auto elements = split_list(list);
  return std::any_of(elements.begin(), elements.end(),
                     [&](std::string_view element) { return equals_ignoring_case(element, word); });
}

}  // namespace

std::expected<KeyRecord, std::string> parse_key_record(std::string_view text) {
  // DEVIATION: line ends that an editor left in a zone are blanks. They mean nothing in a record, and others pass over
  // them.
  std::string line(text);
  std::ranges::replace_if(line, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  const auto tags = parse_tag_list(line);
  if (!tags) return std::unexpected("the key record does not parse: " + std::string(to_string(tags.error())));
  KeyRecord record;
  // RFC 6376 §3.6.1 MUST: v= is the first tag if it is there at all, and a record of another version is discarded.
  if (const auto version = tags->value("v")) {
    if (tags->tags().front().name != "v") return std::unexpected("the key record does not begin with its v=");
    if (*version != "DKIM1") return std::unexpected("the key record is not of version DKIM1");
  }
  // RFC 6376 §3.6.1 MUST: unknown key types are ignored, which leaves no key. The default is rsa.
  if (const auto type = tags->value("k")) {
    if (equals_ignoring_case(*type, "ed25519")) {
      record.type = KeyType::Ed25519;
    } else if (!equals_ignoring_case(*type, "rsa")) {
      return std::unexpected("the key is of a type that is not known here");
    }
  }
  // RFC 6376 §3.6.1: where h= or s= is there, what it does not list is not allowed; what is listed and unknown is
  // passed over.
  if (const auto hashes = tags->value("h")) record.sha256 = has(*hashes, "sha256");
  if (const auto services = tags->value("s")) record.email = has(*services, "*") || has(*services, "email");
  if (const auto flags = tags->value("t")) {
    record.testing = has(*flags, "y");
    record.strict_identity = has(*flags, "s");
  }
  // RFC 6376 §3.6.1: p= must be there; with nothing in it the key has been revoked.
  const auto key = tags->value("p");
  if (!key) return std::unexpected("the key record has no p=");
  auto octets = decode_base64(*key);
  if (!octets) return std::unexpected("p= of the key record is no base64");
  record.key = *std::move(octets);
  return record;
}

Awaitable<KeyAnswer> lookup_key(dns::Resolver& resolver, std::string selector, Domain domain, Deadline deadline) {
  KeyAnswer answer;
  // RFC 8616 §4: U-labels are asked for as A-labels. Selectors with underscores exist and hurt nobody.
  auto label = Domain::parse_dns(selector);
  if (!label) label = Domain::parse(selector);
  const auto name = label ? domain.prefixed(label->ascii() + "._domainkey") : std::nullopt;
  if (!name) {
    answer.problem = Result::PermError;
    answer.reason = "the selector and domain make no name that could be asked for";
    co_return answer;
  }
  const auto found = dns::parse_txt(co_await resolver.lookup(*name, dns::RecordType::TXT, deadline));
  answer.secure = found.secure;
  // RFC 6376 §6.1.2 (step 2): nobody answers: try later. A bogus answer is never looked at.
  if (found.unknown()) {
    answer.problem = Result::TempError;
    answer.reason = "the key at " + name->ascii() + " cannot be had now: " + found.why;
    co_return answer;
  }
  // RFC 6376 §6.1.2 (step 3).
  if (found.absent()) {
    answer.problem = Result::PermError;
    answer.reason = "there is no key at " + name->ascii();
    co_return answer;
  }
  // RFC 6376 §3.6.2.2: the strings of a record are joined with nothing between. §6.1.2 (step 4): several records are
  // tried one after the other. A25: as many as a selector could sensibly have, and of a size that a key could have.
  answer.records.reserve(std::min(found.records.size(), kMaxKeyRecords));
  for (const auto& record : found.records) {
    if (answer.records.size() == kMaxKeyRecords) break;
    std::string text = record.joined();
    if (text.size() <= kMaxKeyRecordOctets) answer.records.push_back(std::move(text));
  }
  if (answer.records.empty()) {
    answer.problem = Result::PermError;
    answer.reason = "the record at " + name->ascii() + " is larger than any key";
  }
  co_return answer;
}

namespace {

KeyCheck check_with(const ShelvedRecord& shelved, const KeyUse& use, const Digest& digest, std::string_view signature) {
  KeyCheck check;
  const auto refuse = [&](Result result, std::string reason) {
    check.result = result;
    check.reason = std::move(reason);
    return check;
  };
  if (!shelved.record) return refuse(Result::PermError, shelved.record.error());
  const KeyRecord& record = *shelved.record;
  const auto& key = shelved.key;
  check.testing = record.testing;
  // RFC 6376 §6.1.2 (step 8), §3.6.1.
  if (record.key.empty()) return refuse(Result::PermError, "the key has been revoked");
  // RFC 6376 §6.1.2 (step 6).
  if (!record.sha256) return refuse(Result::PermError, "the key must not be used with SHA-256");
  // RFC 6376 §3.6.1.
  if (!record.email) return refuse(Result::PermError, "the key is not for mail");
  // RFC 6376 §6.1.2 (step 9), A25: a key is used as what it was published as.
  if (record.type != key_type(use.algorithm)) {
    return refuse(Result::PermError, "the key is " + std::string(to_string(record.type)) + ", the signature is " +
                                         std::string(to_string(use.algorithm)));
  }
  // RFC 6376 §3.6.1 (t=s).
  if (record.strict_identity && use.identity_in_subdomain) {
    return refuse(Result::PermError, "i= is in a subdomain, which the key does not allow");
  }
  if (!key) return refuse(Result::PermError, key.error());
  check.key_bits = key->bits();
  // RFC 8301 §3.2 MUST NOT (A25): short keys can be broken by anybody.
  if (record.type == KeyType::Rsa && key->bits() < kMinRsaBits) {
    return refuse(Result::PermError,
                  "the RSA key has " + std::to_string(key->bits()) + " bits, less than 1024 (RFC 8301)");
  }
  if (!key->verify(digest, signature)) return refuse(Result::Fail, "the signature is not by this key over this header");
  check.result = Result::Pass;
  return check;
}

}  // namespace

KeyCheck check_signature(const KeyAnswer& answer, const KeyUse& use, const Digest& digest, std::string_view signature) {
  if (answer.problem != Result::None) return {answer.problem, answer.reason, 0, false};
  std::optional<KeyCheck> best;
  for (const std::string& text : answer.records) {
    KeyCheck check = check_with(*find_record(text), use, digest, signature);
    if (check.result == Result::Pass) return check;
    // Of what did not hold, the record that came furthest is told.
    if (!best || (best->result != Result::Fail && check.result == Result::Fail)) best = std::move(check);
  }
  return best ? *std::move(best) : KeyCheck{Result::PermError, "there is no key record", 0, false};
}

}  // namespace postseal::dkim
