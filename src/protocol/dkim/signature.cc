// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/signature.h"

#include <algorithm>
#include <limits>

#include "protocol/dkim/base64.h"
#include "protocol/dkim/tag_list.h"
#include "vocab/ascii.h"

namespace postseal::dkim {
namespace {

std::unexpected<SignatureProblem> permanent(std::string reason) {
  return std::unexpected(SignatureProblem{Result::PermError, std::move(reason)});
}

/// nullopt: not a number. What is too large for the type is its largest value: nothing is that long or that late.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    number = number > (kMost - digit) / 10 ? kMost : number * 10 + digit;
  }
  return number;
}

bool is_field_name(std::string_view name) {
  // All octets, without a branch for each.
  unsigned foreign = 0;
  for (const char c : name) foreign |= static_cast<unsigned char>(c - 33) > 126 - 33;
  return !name.empty() && foreign == 0;
}

/// RFC 6008 §4: at least eight characters.
std::string prefix_of(std::string_view b) {
  std::string prefix;
  for (char c : b) {
    if (prefix.size() == 8) break;
    if (c > 32 && c < 127) prefix += c;
  }
  return prefix;
}

std::string printable(std::string_view text) {
  std::string result;
  for (char c : text.substr(0, 255)) {
    if (static_cast<unsigned char>(c) > 32 && c != 127) result += c;
  }
  return result;
}

/// The tags that must be there: RFC 6376 §3.5.
std::optional<SignatureProblem> find_missing(const TagList& tags, SignatureKind kind) {
  for (const std::string_view name : {"v", "a", "b", "bh", "d", "h", "s"}) {
    if (name == "v" && kind == SignatureKind::ArcMessage) continue;
    const auto value = tags.value(name);
    // RFC 6376 §6.1.1 MUST: a signature without a required tag has permanently failed.
    if (!value) return SignatureProblem{Result::PermError, "the signature has no " + std::string(name) + "="};
    // DEVIATION: an ARC-Message-Signature may name no field; other validators take it, and the chain proves who made
    // it.
    if (name == "h" && kind == SignatureKind::ArcMessage) continue;
    if (value->empty())
      return SignatureProblem{Result::PermError, "the signature has an empty " + std::string(name) + "="};
  }
  return std::nullopt;
}

std::optional<SignatureProblem> read_algorithm(const TagList& tags, Signature& signature) {
  const std::string_view word = *tags.value("a");
  // RFC 8301 §3.1 MUST NOT (A25): rsa-sha1 proves nothing any more, whatever its arithmetic says.
  if (equals_ignoring_case(word, "rsa-sha1")) {
    return SignatureProblem{Result::PermError, "rsa-sha1 must not be used any more (RFC 8301)"};
  }
  const auto algorithm = parse_algorithm(word);
  // RFC 6376 §3.3.4 MUST: an algorithm that is not known here makes the signature one to be ignored.
  if (!algorithm) return SignatureProblem{Result::Neutral, "the algorithm " + printable(word) + " is not known here"};
  signature.algorithm = *algorithm;
  // RFC 6376 §3.5: "simple/simple" where the signer says nothing.
  if (const auto text = tags.value("c")) {
    const auto pair = parse_canonicalization_pair(without_blanks(*text));
    if (!pair) return SignatureProblem{Result::PermError, "c= names no known canonicalization"};
    signature.canonicalization = *pair;
  }
  return std::nullopt;
}

std::optional<SignatureProblem> read_signer(const TagList& tags, SignatureKind kind, Signature& signature) {
  // RFC 8616 §4: d=, s= and the domain of i= may be written in U-labels; they are looked up and compared in A-labels.
  auto domain = parse_signer_name(*tags.value("d"));
  if (!domain) return SignatureProblem{Result::PermError, "d= is no domain name"};
  signature.domain = *std::move(domain);
  signature.selector = *tags.value("s");
  if (!parse_signer_name(signature.selector)) return SignatureProblem{Result::PermError, "s= is no selector"};

  const auto identity = tags.value("i");
  if (kind == SignatureKind::ArcMessage) {
    signature.identity = identity.value_or("");
    return std::nullopt;
  }
  // RFC 6376 §3.5: without i= it is the domain itself, with nobody in particular.
  signature.identity = "@" + signature.domain.ascii();
  if (!identity) return std::nullopt;
  auto decoded = decode_quoted_printable(*identity);
  const std::size_t at = decoded ? decoded->rfind('@') : std::string::npos;
  const auto name =
      at == std::string::npos ? std::nullopt : parse_signer_name(std::string_view(*decoded).substr(at + 1));
  if (!name) return SignatureProblem{Result::PermError, "i= is no address"};
  // RFC 6376 §6.1.1 MUST: the identity lies in the signing domain or below it.
  if (!name->is_within(signature.domain)) {
    return SignatureProblem{Result::PermError, "i= is not in the domain of d="};
  }
  signature.identity_in_subdomain = *name != signature.domain;
  signature.identity = printable(*decoded);
  return std::nullopt;
}

std::optional<SignatureProblem> read_fields(const TagList& tags, SignatureKind kind, Signature& signature) {
  signature.names = split_list(*tags.value("h"));
  // DEVIATION: as above, empty names in it name nothing.
  if (kind == SignatureKind::ArcMessage) std::erase(signature.names, std::string_view());
  // RFC 6376 §3.5: field names between colons, none of them empty.
  if (!std::all_of(signature.names.begin(), signature.names.end(), is_field_name)) {
    return SignatureProblem{Result::PermError, "h= is no list of field names"};
  }
  // RFC 6376 §6.1.1 MUST: who does not sign From has signed nothing that anybody sees.
  const bool has_from = std::any_of(signature.names.begin(), signature.names.end(),
                                    [](std::string_view name) { return equals_ignoring_case(name, "from"); });
  if (!has_from && kind == SignatureKind::Dkim) return SignatureProblem{Result::PermError, "From is not signed"};
  return std::nullopt;
}

std::optional<SignatureProblem> read_numbers(const TagList& tags, Signature& signature) {
  struct Row {
    std::string_view name;
    std::optional<std::uint64_t>& number;
  };
  for (const Row& row : {Row{"l", signature.length}, Row{"t", signature.signed_at}, Row{"x", signature.expires_at}}) {
    const auto text = tags.value(row.name);
    if (!text) continue;
    row.number = parse_number(*text);
    if (!row.number) return SignatureProblem{Result::PermError, std::string(row.name) + "= is no number"};
  }
  // RFC 6376 §3.5 MUST: a signature ends after it was made.
  if (signature.signed_at && signature.expires_at && *signature.expires_at <= *signature.signed_at) {
    return SignatureProblem{Result::PermError, "x= is not later than t="};
  }
  return std::nullopt;
}

std::optional<SignatureProblem> read_values(const TagList& tags, Signature& signature) {
  auto b = decode_base64(*tags.value("b"));
  if (!b || b->empty()) return SignatureProblem{Result::PermError, "b= is no base64"};
  signature.signature = *std::move(b);
  signature.b_prefix = prefix_of(*tags.value("b"));
  const auto hash = decode_base64(*tags.value("bh"));
  if (!hash || hash->size() != signature.body_hash.size()) {
    return SignatureProblem{Result::PermError, "bh= is not the base64 of a SHA-256 hash"};
  }
  std::copy(hash->begin(), hash->end(), signature.body_hash.begin());
  return std::nullopt;
}

/// RFC 6376 §3.5: unknown query methods are passed over; the only known one is dns/txt.
bool can_query(const TagList& tags) {
  const auto text = tags.value("q");
  if (!text) return true;
  const auto methods = split_list(*text);
  return std::any_of(methods.begin(), methods.end(),
                     [](std::string_view method) { return equals_ignoring_case(method, "dns/txt"); });
}

}  // namespace

std::optional<Domain> parse_signer_name(std::string_view text) {
  if (auto name = Domain::parse(text)) return *std::move(name);
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (!plain) return std::nullopt;
  auto name = Domain::parse_dns(text);
  return name && !name->is_root() ? std::optional(*std::move(name)) : std::nullopt;
}

SignatureLabels read_labels(const message::HeaderField& field) {
  const auto tags = parse_tag_list(field.value());
  if (!tags) return {};
  SignatureLabels labels;
  const std::string_view domain = tags->value("d").value_or("");
  const auto name = parse_signer_name(domain);
  labels.domain = name ? name->ascii() : printable(domain);
  labels.selector = printable(tags->value("s").value_or(""));
  labels.algorithm = printable(tags->value("a").value_or(""));
  labels.identity = printable(tags->value("i").value_or(""));
  if (labels.identity.empty() && !labels.domain.empty()) labels.identity = "@" + labels.domain;
  labels.b_prefix = prefix_of(tags->value("b").value_or(""));
  return labels;
}

std::expected<Signature, SignatureProblem> parse_signature(const message::HeaderField& field, SignatureKind kind) {
  const auto tags = parse_tag_list(field.value());
  // RFC 6376 §6.1.1 MUST: what is not in the form of §3.5 has permanently failed.
  if (!tags) return permanent("the field does not parse: " + std::string(to_string(tags.error())));
  if (auto problem = find_missing(*tags, kind)) return std::unexpected(*std::move(problem));
  // RFC 6376 §6.1.1 MUST: another version may mean anything.
  if (kind == SignatureKind::Dkim && *tags->value("v") != "1") return permanent("v= is not 1");

  Signature signature;
  // DEVIATION: an ARC-Message-Signature without c= is taken as relaxed/relaxed, as all who make them and check them do.
  if (kind == SignatureKind::ArcMessage) {
    signature.canonicalization = {Canonicalization::Relaxed, Canonicalization::Relaxed};
  }
  if (auto problem = read_algorithm(*tags, signature)) return std::unexpected(*std::move(problem));
  if (auto problem = read_signer(*tags, kind, signature)) return std::unexpected(*std::move(problem));
  if (auto problem = read_fields(*tags, kind, signature)) return std::unexpected(*std::move(problem));
  if (auto problem = read_numbers(*tags, signature)) return std::unexpected(*std::move(problem));
  if (auto problem = read_values(*tags, signature)) return std::unexpected(*std::move(problem));
  if (!can_query(*tags)) return permanent("q= names no way to get the key but unknown ones");

  const Tag& b = *tags->find("b");
  signature.b_begin = field.value_begin() + b.begin;
  signature.b_end = field.value_begin() + b.end;
  return signature;
}

}  // namespace postseal::dkim
