// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/check.h"

#include <algorithm>
#include <utility>

#include "protocol/spf/characters.h"
#include "protocol/spf/evaluation.h"

namespace postseal::spf {
namespace {

/// RFC 7208 §4.3: a domain that could have a policy, in lower case A-labels (RFC 8616 §4).
std::optional<std::string> policy_domain(std::string_view text) {
  const bool is_ascii = std::ranges::none_of(text, [](char c) { return (c & 0x80) != 0; });
  const auto domain = is_ascii ? Domain::parse_dns(text) : Domain::parse(text);
  if (!domain || domain->label_count() < 2 || domain->ascii().starts_with('[')) return std::nullopt;
  // Neither is "192.0.2.1": no top-level domain is a number.
  const std::string& name = domain->ascii();
  if (std::ranges::all_of(std::string_view(name).substr(name.rfind('.') + 1), is_digit)) return std::nullopt;
  return name;
}

struct Sender {
  std::string local;
  std::string domain;
};

Sender sender_of(std::string_view mail_from, std::string_view helo) {
  // RFC 7208 §2.4 MUST: with <> the identity is postmaster at the HELO name.
  if (mail_from.empty()) return {"postmaster", std::string(helo)};
  const std::size_t at = mail_from.rfind('@');
  // RFC 7208 §4.3: a sender without a local part is postmaster.
  if (at == mail_from.npos) return {"postmaster", std::string(mail_from)};
  return {at == 0 ? "postmaster" : std::string(mail_from.substr(0, at)), std::string(mail_from.substr(at + 1))};
}

}  // namespace

Awaitable<Verdict> check(dns::Resolver& resolver, Question question, Deadline deadline) {
  Verdict verdict;
  verdict.from_helo = question.mail_from.empty();
  Sender sender = sender_of(question.mail_from, question.helo);
  const auto domain = policy_domain(sender.domain);
  if (!domain) {
    verdict.domain = printable(std::string_view(sender.domain).substr(0, 255));
    verdict.reason = (verdict.from_helo ? "the HELO name" : "what follows the @ of the sender") +
                     std::string(" is no domain that could have a record");
    co_return verdict;
  }
  verdict.domain = *domain;

  Identity identity{std::move(sender.local),  *domain,
                    std::move(question.helo), std::move(question.receiver),
                    unmapped(question.ip),    question.now.value_or(SystemClock().now())};
  // RFC 7208 §4.6.4 SHOULD: an overall limit of at least 20 seconds.
  Evaluation evaluation(resolver, std::move(identity), deadline.earlier(Deadline::in(kTimeLimit)));
  Outcome outcome = co_await evaluation.check_host(*domain);
  verdict.result = outcome.result;
  verdict.mechanism = printable(outcome.mechanism);
  verdict.reason = std::move(outcome.reason);
  verdict.lookups = evaluation.lookups();
  verdict.void_lookups = evaluation.void_lookups();
  verdict.secure = evaluation.secure();
  // RFC 7208 §6.2: only a fail is explained, and only by the domain that was asked or redirected to.
  if (outcome.result == Result::Fail && outcome.explanation) {
    verdict.explanation = co_await evaluation.explain(std::move(*outcome.explanation), std::move(outcome.domain));
  }
  co_return verdict;
}

Awaitable<Verdict> check_helo(dns::Resolver& resolver, Question question, Deadline deadline) {
  question.mail_from.clear();
  co_return co_await check(resolver, std::move(question), deadline);
}

}  // namespace postseal::spf
