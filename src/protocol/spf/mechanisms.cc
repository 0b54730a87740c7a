// SPDX-License-Identifier: Apache-2.0
// The mechanisms of RFC 7208 §5, as part of an evaluation.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/spf/characters.h"
#include "protocol/spf/evaluation.h"

namespace postseal::spf {
namespace {

std::string unknown_reason(const Domain& name, std::string_view why) {
  return fmt::format("DNS gave no usable answer about {}: {}", name.ascii().substr(0, 100), printable(why));
}

}  // namespace

Awaitable<Evaluation::Finding> Evaluation::match(Mechanism mechanism, std::string domain) {
  // RFC 7208 §5.1: "all" always matches.
  if (std::holds_alternative<All>(mechanism)) co_return Finding{Match::Yes};
  // RFC 7208 §5.6: no lookup; an address of the other family does not match.
  if (const auto* network = std::get_if<Network>(&mechanism)) {
    co_return Finding{is_in(identity_.ip, network->network, network->bits) ? Match::Yes : Match::No};
  }
  if (auto over = count_lookup()) co_return std::move(*over);
  if (auto* include = std::get_if<Include>(&mechanism)) co_return co_await match_include(std::move(*include), domain);
  if (auto* address = std::get_if<Address>(&mechanism)) co_return co_await match_address(std::move(*address), domain);
  if (auto* mx = std::get_if<Mx>(&mechanism)) co_return co_await match_mx(std::move(*mx), domain);
  if (auto* ptr = std::get_if<Ptr>(&mechanism)) co_return co_await match_ptr(std::move(*ptr), domain);
  co_return co_await match_exists(std::get<Exists>(std::move(mechanism)), domain);
}

Awaitable<Evaluation::Target> Evaluation::find_target(std::optional<MacroString> target, std::string domain) {
  Target result;
  if (target) {
    const bool is_ascii = std::ranges::none_of(identity_.local, [](char c) { return (c & 0x80) != 0; });
    // RFC 8616 §4: a term with a local part outside ASCII matches nothing.
    if (!is_ascii && target->uses("sl")) {
      result.settled = Finding{};
      co_return result;
    }
    const bool with_name = target->uses("p");
    // RFC 7208 §4.6.4 MUST: the PTR lookup that %{p} needs is one of the ten.
    if (with_name && !names_) {
      if (auto over = count_lookup()) {
        result.settled = std::move(over);
        co_return result;
      }
    }
    result.text = expand_target(*target, co_await values_for(with_name, std::move(domain)));
  } else {
    result.text = std::move(domain);
  }
  // RFC 7208 §4.8: what no DNS name can be (empty or overlong labels) is left to us: it matches nothing.
  if (auto name = Domain::escape_dns(result.text)) {
    result.name = std::move(*name);
  } else {
    result.settled = Finding{};
  }
  co_return result;
}

Awaitable<Evaluation::Finding> Evaluation::match_include(Include include, std::string domain) {
  const bool about_local_part = include.target.uses("sl");
  const Target target = co_await find_target(std::move(include.target), std::move(domain));
  if (target.settled && (target.settled->match == Match::PermError || (about_local_part && target.text.empty()))) {
    co_return *target.settled;
  }
  Outcome outcome = co_await check_host(target.text);
  // RFC 7208 §5.2: only a pass matches; errors are errors of the whole, and so is a domain without a record.
  switch (outcome.result) {
    case Result::Pass:
      co_return Finding{Match::Yes};
    case Result::Fail:
    case Result::SoftFail:
    case Result::Neutral:
      co_return Finding{Match::No};
    case Result::TempError:
      co_return Finding{Match::TempError, std::move(outcome.reason)};
    case Result::PermError:
    case Result::None:
      co_return Finding{Match::PermError, std::move(outcome.reason)};
  }
  co_return Finding{Match::PermError};
}

dns::RecordType Evaluation::address_type() const {
  // RFC 7208 §5.3: the type is that of the client's address.
  return identity_.ip.is_v4() ? dns::RecordType::A : dns::RecordType::AAAA;
}

bool Evaluation::covers(const std::vector<IpAddress>& addresses, CidrLengths lengths) const {
  return std::ranges::any_of(addresses, [&](const IpAddress& address) {
    return is_in(identity_.ip, address, address.is_v4() ? lengths.v4 : lengths.v6);
  });
}

Awaitable<Evaluation::Finding> Evaluation::match_address(Address address, std::string domain) {
  const Target target = co_await find_target(std::move(address.target), std::move(domain));
  if (target.settled) co_return *target.settled;
  const auto answer = dns::parse_addresses(co_await ask(target.name, address_type()));
  // RFC 7208 §5: a lookup that fails is a temporary error of the check.
  if (answer.unknown()) co_return Finding{Match::TempError, unknown_reason(target.name, answer.why)};
  if (answer.absent()) co_return count_void().value_or(Finding{});
  co_return Finding{covers(answer.records, address.lengths) ? Match::Yes : Match::No};
}

Awaitable<Evaluation::Finding> Evaluation::match_mx(Mx mx, std::string domain) {
  const Target target = co_await find_target(std::move(mx.target), std::move(domain));
  if (target.settled) co_return *target.settled;
  // RFC 7208 §5.4 MUST NOT: without MX records the domain is not its own MX.
  const auto hosts = dns::parse_mx(co_await ask(target.name, dns::RecordType::MX));
  if (hosts.unknown()) co_return Finding{Match::TempError, unknown_reason(target.name, hosts.why)};
  if (hosts.absent()) co_return count_void().value_or(Finding{});
  // RFC 7208 §4.6.4 MUST: more than ten MX hosts are a permanent error (A26); whatever their order, so that a record
  // means the same each time.
  if (hosts.records.size() > kMaxNames) {
    co_return Finding{Match::PermError, fmt::format("{} has more than {} MX hosts", target.text, kMaxNames)};
  }
  bool asked = false;
  bool found = false;
  for (const dns::MxRecord& host : hosts.records) {
    if (host.exchange.is_root()) continue;  // RFC 7505: a null MX is no host
    asked = true;
    const auto answer = dns::parse_addresses(co_await ask(host.exchange, address_type()));
    if (answer.unknown()) co_return Finding{Match::TempError, unknown_reason(host.exchange, answer.why)};
    if (covers(answer.records, mx.lengths)) co_return Finding{Match::Yes};
    found = found || answer.found();
  }
  // RFC 7208 §4.6.4 counts terms, so hosts without addresses count once.
  if (asked && !found) co_return count_void().value_or(Finding{});
  co_return Finding{};
}

Awaitable<Evaluation::Finding> Evaluation::match_ptr(Ptr ptr, std::string domain) {
  const Target target = co_await find_target(std::move(ptr.target), std::move(domain));
  if (target.settled) co_return *target.settled;
  co_await find_names();
  if (names_->state == dns::AnswerState::NoData || names_->state == dns::AnswerState::NxDomain) {
    co_return count_void().value_or(Finding{});
  }
  // RFC 7208 §5.5: a failed lookup of names does not match; a validated name at or below the target does.
  const bool within =
      std::ranges::any_of(names_->validated, [&](const Domain& name) { return name.is_within(target.name); });
  co_return Finding{within ? Match::Yes : Match::No};
}

Awaitable<Evaluation::Finding> Evaluation::match_exists(Exists exists, std::string domain) {
  const Target target = co_await find_target(std::move(exists.target), std::move(domain));
  if (target.settled) co_return *target.settled;
  // RFC 7208 §5.7: any A record, for IPv6 clients, too.
  const auto answer = co_await ask(target.name, dns::RecordType::A);
  if (answer.unknown()) co_return Finding{Match::TempError, unknown_reason(target.name, answer.why)};
  if (answer.absent()) co_return count_void().value_or(Finding{});
  co_return Finding{Match::Yes};
}

}  // namespace postseal::spf
