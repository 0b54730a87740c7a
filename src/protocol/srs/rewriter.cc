// SPDX-License-Identifier: Apache-2.0
#include "protocol/srs/rewriter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/sasl/hash.h"
#include "vocab/ascii.h"

namespace postseal::srs {
namespace {

using Failure = std::unexpected<Problem>;

constexpr std::size_t kMaxLocalPart = 64;
/// 30 bits: a guess costs a recipient, and recipients are counted. More would leave too few octets for the address.
constexpr std::size_t kHashLength = 6;
/// Letters of one case and digits: on the way back some servers change the case of local parts.
constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::int64_t kDayCycle = 1024;

std::string hash_of(std::string_view secret, std::string_view text) {
  const std::string mac = sasl::hmac_sha256(secret, to_lower(text));
  std::uint64_t bits = 0;
  for (int i = 0; i < 4; ++i) bits = bits << 8 | static_cast<unsigned char>(mac[static_cast<std::size_t>(i)]);
  std::string hash;
  for (std::size_t i = 0; i < kHashLength; ++i) hash += kDigits[bits >> (27 - 5 * i) & 31];
  return hash;
}

std::int64_t day_of(WallTime now) { return std::chrono::floor<std::chrono::days>(now).time_since_epoch().count(); }

std::string day_text(std::int64_t day) {
  const auto place = static_cast<std::size_t>(day % kDayCycle);
  return {kDigits[place / 32], kDigits[place % 32]};
}

std::optional<std::int64_t> read_day(std::string_view text) {
  if (text.size() != 2) return std::nullopt;
  const std::size_t high = kDigits.find(ascii_lower(text[0])), low = kDigits.find(ascii_lower(text[1]));
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<std::int64_t>(high * 32 + low);
}

/// RFC 5321 §4.1.2: what a local part stands for, without its quotes.
std::string unquoted(std::string_view local_part) {
  if (!local_part.starts_with('"')) return std::string(local_part);
  std::string text;
  for (std::size_t i = 1; i + 1 < local_part.size(); ++i) {
    if (local_part[i] == '\\') ++i;
    text += local_part[i];
  }
  return text;
}

/// Mailbox::parse() takes the quotes off again where they are not needed.
std::expected<Mailbox, Problem> mailbox_of(std::string_view local_part, const Domain& domain) {
  std::string quoted = "\"";
  for (const char c : local_part) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  auto mailbox = Mailbox::parse(quoted + "\"@" + domain.ascii());
  // RFC 5321 §4.5.3.1.1 MUST: 64 octets, whatever was packed.
  if (!mailbox || mailbox->local_part().size() > kMaxLocalPart) return Failure(Problem::TooLong);
  return std::move(*mailbox);
}

/// "SRS0" or "SRS1" in any case and one of its three separators; what follows, nullopt for anything else.
std::optional<std::string_view> behind(std::string_view text, std::string_view tag) {
  if (text.size() <= tag.size() || !equals_ignoring_case(text.substr(0, tag.size()), tag)) return std::nullopt;
  if (!std::string_view("=+-").contains(text[tag.size()])) return std::nullopt;
  return text.substr(tag.size() + 1);
}

/// Up to the next "=", which is taken off as well; nullopt if there is none, or nothing before it.
std::optional<std::string_view> take_part(std::string_view& text) {
  const std::size_t end = text.find('=');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const auto part = text.substr(0, end);
  text.remove_prefix(end + 1);
  return part;
}

/// What the hash of an SRS0 address is of. A domain has no "=" and the day two digits: no two senders are alike.
std::string sealed0(std::string_view day, std::string_view domain, std::string_view local_part) {
  return "0=" + std::string(day) + '=' + std::string(domain) + '=' + std::string(local_part);
}

std::string sealed1(std::string_view host, std::string_view rest) {
  return "1=" + std::string(host) + '=' + std::string(rest);
}

}  // namespace

std::string_view to_string(Problem problem) {
  switch (problem) {
    case Problem::NotOurs:
      return "is no rewritten address of ours";
    case Problem::Malformed:
      return "is not a whole rewritten address";
    case Problem::Forged:
      return "was not rewritten here";
    case Problem::Expired:
      return "was rewritten too long ago";
    case Problem::TooLong:
      return "is too long to be rewritten into 64 octets";
    case Problem::NoDomain:
      return "has no domain";
  }
  std::unreachable();
}

Rewriter::Rewriter(std::vector<std::string> secrets, Seconds lifetime)
    : secrets_(std::move(secrets)), lifetime_days_(std::chrono::floor<std::chrono::days>(lifetime).count()) {}

bool Rewriter::made_here(std::string_view hash, std::string_view text) const {
  bool made = false;
  // Letters of either case, and the same time for each wrong digit.
  for (const auto& secret : secrets_) made |= sasl::equal_in_constant_time(hash_of(secret, text), to_lower(hash));
  return made;
}

std::expected<Mailbox, Problem> Rewriter::forward(const Mailbox& sender, const Domain& ours, WallTime now) const {
  const auto* domain = std::get_if<Domain>(&sender.destination());
  if (domain == nullptr) return Failure(Problem::NoDomain);
  if (*domain == ours) return sender;
  const std::string local_part = unquoted(sender.local_part());

  // A second forwarder keeps the first one's packing as it is; it may have separators and a hash of its own kind.
  if (behind(local_part, "SRS0")) {
    const std::string rest = local_part.substr(4);
    return mailbox_of(
        "SRS1=" + hash_of(secrets_[0], sealed1(domain->ascii(), rest)) + '=' + domain->ascii() + '=' + rest, ours);
  }
  // A third puts its hash in the place of the second's, so that addresses do not grow.
  if (auto text = behind(local_part, "SRS1")) {
    const auto hash = take_part(*text), host = take_part(*text);
    if (hash && host && Domain::parse(*host) && !text->empty() && std::string_view("=+-").contains(text->front())) {
      return mailbox_of(
          "SRS1=" + hash_of(secrets_[0], sealed1(*host, *text)) + '=' + std::string(*host) + '=' + std::string(*text),
          ours);
    }
  }
  const std::string day = day_text(day_of(now));
  return mailbox_of("SRS0=" + hash_of(secrets_[0], sealed0(day, domain->ascii(), local_part)) + '=' + day + '=' +
                        domain->ascii() + '=' + local_part,
                    ours);
}

std::expected<Mailbox, Problem> Rewriter::reverse(const Mailbox& recipient, const Domain& ours, WallTime now) const {
  const auto* domain = std::get_if<Domain>(&recipient.destination());
  if (domain == nullptr || *domain != ours) return Failure(Problem::NotOurs);
  const std::string local_part = unquoted(recipient.local_part());

  if (auto text = behind(local_part, "SRS1")) {
    const auto hash = take_part(*text), host = take_part(*text);
    if (!hash || !host || text->empty()) return Failure(Problem::Malformed);
    if (!made_here(*hash, sealed1(*host, *text))) return Failure(Problem::Forged);
    const auto first = Domain::parse(*host);
    if (!first) return Failure(Problem::Malformed);
    return mailbox_of("SRS0" + std::string(*text), *first);
  }
  auto text = behind(local_part, "SRS0");
  if (!text) return Failure(Problem::NotOurs);
  const auto hash = take_part(*text), day = take_part(*text), name = take_part(*text);
  if (!hash || !day || !name) return Failure(Problem::Malformed);
  if (!made_here(*hash, sealed0(*day, *name, *text))) return Failure(Problem::Forged);
  const auto made = read_day(*day);
  const auto sender = Domain::parse(*name);
  if (!made || !sender) return Failure(Problem::Malformed);
  // Days are counted in a circle of 1024. Tomorrow may be where another server of ours stands.
  const std::int64_t age = (day_of(now) % kDayCycle - *made + kDayCycle) % kDayCycle;
  if (age > lifetime_days_ && age != kDayCycle - 1) return Failure(Problem::Expired);
  return mailbox_of(*text, *sender);
}

}  // namespace postseal::srs
