// SPDX-License-Identifier: Apache-2.0
#include "protocol/policy/decide_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "protocol/policy/raise.h"

namespace postseal::policy {

namespace {

/// A host on its way to a decision. Every step may raise the requirement or give the host up; none lowers or revives.
class HostCase {
 public:
  HostCase(const Facts& facts, const HostFacts& host) : facts_(facts), host_(host) {
    decision_.host = host.name;
    decision_.preference = host.preference;
    decision_.use = HostUse::Dial;
    decision_.requirement.sni = host.name;
    decision_.mx_authentic = mx_is_secure(facts);
  }

  HostDecision decide() && {
    find_addresses();
    if (alive()) start_with_local_rule();
    if (alive()) apply_dane();
    if (alive()) apply_mta_sts();
    if (alive()) raise_by_local_rule();
    if (alive()) raise_by_memory();
    if (alive()) raise_by_sender();
    if (alive()) raise_by_requiretls();
    return std::move(decision_);
  }

 private:
  bool alive() const { return decision_.use == HostUse::Dial; }
  bool weakened() const { return is_weakened(facts_.message); }
  std::string name() const { return host_.name.is_root() ? to_string(facts_.next_hop) : host_.name.unicode(); }
  Requirement& requirement() { return decision_.requirement; }

  void note(ReasonCode code, std::string text) { decision_.reasons.push_back({code, std::move(text)}); }

  void give_up(HostUse use, ReasonCode code, std::string text) {
    decision_.use = use;
    decision_.requirement = {};
    note(code, std::move(text));
  }

  void find_addresses();
  void start_with_local_rule();
  void apply_dane();
  void apply_usable_tlsa();
  void apply_mta_sts();
  void raise_by_local_rule();
  void raise_to_secure(ReasonCode code, std::string_view who);
  void raise_by_memory();
  void raise_by_sender();
  void raise_by_requiretls();

  const Facts& facts_;
  const HostFacts& host_;
  HostDecision decision_;
};

void HostCase::find_addresses() {
  // RFC 5321 §5.1 (D41): an exchange that is an IP address or no hostname at all is a mistake of the zone.
  if (!host_.name_valid) {
    return give_up(HostUse::Skip, ReasonCode::HostNameInvalid, fmt::format("{} is not a host name", name()));
  }
  const auto& [a, aaaa, cname, cname_asked] = host_.addresses;
  for (const auto* answer : {&aaaa, &a}) {
    if (answer->found()) std::ranges::copy(answer->records, std::back_inserter(decision_.addresses));
  }
  if (!decision_.addresses.empty()) return;

  // RFC 7672 §2.1.2 MUST (D28): an address lookup that failed says nothing; the host cannot be used now.
  if (a.unknown() || aaaa.unknown()) {
    const auto& failed = a.unknown() ? a : aaaa;
    return give_up(HostUse::Skip, ReasonCode::AddressUnknown,
                   fmt::format("the address of {} is not known: {}{}{}", name(),
                               dns::describe(failed.state, failed.secure, failed.failure),
                               failed.why.empty() ? "" : ", ", failed.why));
  }
  // RFC 5321 §5.1 (D40): an MX host that does not exist; the domain itself without MX and address is no mail domain.
  if (a.state == dns::AnswerState::NxDomain || facts_.implicit_mx) {
    return give_up(HostUse::Dead, ReasonCode::HostNotFound, fmt::format("{} does not exist or has no address", name()));
  }
  // RFC 7672 §2.2.2 MUST (D31): known to have no address: unreachable.
  give_up(HostUse::Skip, ReasonCode::AddressAbsent, fmt::format("{} has no address", name()));
}

void HostCase::start_with_local_rule() {
  if (facts_.local && facts_.local->level == LocalLevel::None) {
    requirement().tls = TlsUse::Never;
    note(ReasonCode::LocalNone, "local rule: no TLS unless a published policy asks for it");
    return;
  }
  note(ReasonCode::Opportunistic, "TLS is used where the server offers it");
}

void HostCase::apply_dane() {
  // RFC 7672 §2.2 (D41): DANE needs a name.
  if (host_.name.is_root()) return note(ReasonCode::AddressLiteral, "an address has no TLSA records and no policy");
  // RFC 8689 §4.2.2 MUST (X07): the sender asked for delivery even where TLSA records say otherwise. A local dane-only
  // rule is the administrator's, not the recipient's, and stays.
  const bool dane_only = facts_.local && facts_.local->level == LocalLevel::DaneOnly;
  if (weakened() && !dane_only)
    return note(ReasonCode::TlsRequiredNo, "TLS-Required: No: DANE and MTA-STS are not enforced");

  switch (host_.tlsa.state) {
    case dane::TlsaLookup::State::NotAsked:
      // RFC 7672 §2.2.2 SHOULD (D29): no TLSA question for a host whose address is not signed.
      return note(ReasonCode::AddressInsecure, fmt::format("the address of {} is not signed: no DANE", name()));
    case dane::TlsaLookup::State::Absent:
      // RFC 7672 §2.2 (D05, D06, D07, X03): absent, or unsigned: as if there were none.
      return note(ReasonCode::TlsaAbsent,
                  fmt::format("{} publishes no secure TLSA record for port {}", name(), facts_.port));
    case dane::TlsaLookup::State::Failed: {
      // RFC 7672 §2.1.2 MUST (D08, X04): nobody can say whether there are TLSA records: not this host.
      const auto& answer = host_.tlsa.answer;
      return give_up(HostUse::Skip, ReasonCode::TlsaUnknown,
                     fmt::format("the TLSA records of {} are not known: {}{}{}", name(),
                                 dns::describe(answer.state, answer.secure, answer.failure),
                                 answer.why.empty() ? "" : ", ", answer.why));
    }
    case dane::TlsaLookup::State::Secure:
      return apply_usable_tlsa();
  }
}

void HostCase::apply_usable_tlsa() {
  const auto& set = host_.tlsa_set;
  // RFC 7672 §2.2 MUST (D09): TLSA records that nobody can use still promise TLS.
  if (set.usable.empty()) {
    raise_to_tls(requirement());
    return note(ReasonCode::TlsaUnusable,
                fmt::format("none of the {} TLSA records of {} can be used: TLS is mandatory, without proof",
                            set.unusable.size(), name()));
  }
  std::vector<ReferenceName> names{{host_.tlsa.base_domain}};
  // RFC 7672 §3.2.2 MUST (D17): with a secure MX answer the next-hop domain and its alias target are names of it too.
  if (const auto* next_hop = std::get_if<Domain>(&facts_.next_hop); next_hop && mx_is_secure(facts_)) {
    names.push_back({*next_hop});
    if (facts_.mx_lookup && facts_.mx.aliased()) names.push_back({facts_.mx.canonical});
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  // RFC 7672 §2.2 MUST, RFC 8461 §2 MUST (D01, D02, D10, X01): whatever MTA-STS says, a usable secure record demands a
  // match.
  raise_to_dane(requirement(), set.usable, host_.tlsa.base_domain, std::move(names));
  note(ReasonCode::TlsaUsable, fmt::format("{} publishes {} usable TLSA record{}: the server must match one", name(),
                                           set.usable.size(), set.usable.size() == 1 ? "" : "s"));
  // RFC 7672 §2.2.1 (D25): the host is proved, but nothing proves that it is this domain's.
  if (!mx_is_secure(facts_)) {
    note(ReasonCode::TlsaMxInsecure, "the MX answer is not signed: the host can be proved, the MX cannot");
  }
}

void HostCase::apply_mta_sts() {
  const auto& sts = facts_.sts;
  // RFC 8461 §3.4 (S37): no policy for address literals.
  if (host_.name.is_root()) return;
  if (weakened()) return;  // apply_dane() has said so
  if (!sts.policy) {
    // RFC 8461 §5 MUST (I2): it may forbid this host. That nobody was asked is our doing, so it is no exception E2.
    if (sts.not_asked) {
      return give_up(HostUse::Skip, ReasonCode::StsNotAsked,
                     "an MTA-STS policy is announced and could not be asked for: too many others are waited for");
    }
    // RFC 8461 §3.3 (S03, S10): without a cached policy an unknown one cannot bind.
    if (sts.record_unknown || sts.temporary_error) {
      return note(ReasonCode::StsUnknown, "whether there is an MTA-STS policy is not known; none is cached");
    }
    return note(ReasonCode::StsAbsent, "no MTA-STS policy");
  }
  const auto pattern = mtasts::match_host(*sts.policy, host_.name);
  switch (sts.policy->mode) {
    case mtasts::Mode::None:
      // RFC 8461 §5 (S20, S30): a policy that asks for nothing.
      return note(ReasonCode::StsModeNone, "the MTA-STS policy says none");
    case mtasts::Mode::Testing:
      // RFC 8461 §5 MUST (S29): delivered all the same; the failure is for the report.
      if (!pattern)
        return note(ReasonCode::StsTestingMismatch, fmt::format("{} is not in the MTA-STS policy (testing)", name()));
      return note(ReasonCode::StsTesting, "the MTA-STS policy is in testing");
    case mtasts::Mode::Enforce:
      break;
  }
  // RFC 8461 §5 MUST, §4.1 (S28, S38, X02): mail must not go to a host that the policy does not name.
  if (!pattern) {
    return give_up(HostUse::Skip, ReasonCode::StsMxMismatch,
                   fmt::format("{} is not in the MTA-STS policy, which allows {}", name(),
                               fmt::join(sts.policy->mx | std::views::transform(&mtasts::MxPattern::to_string), ", ")));
  }
  // RFC 8461 §4.2 MUST (S31, S32): the certificate is checked for the MX host's own name, whatever the pattern.
  raise_to_pkix(requirement(), {{host_.name}});
  decision_.mx_authentic = true;
  note(ReasonCode::StsEnforce,
       fmt::format("the MTA-STS policy is enforced: {} matches {}", name(), pattern->to_string()));
}

void HostCase::raise_to_secure(ReasonCode code, std::string_view who) {
  // DANE proves the host that the MX answer names. Where nothing vouches for that answer, whoever forges it names a
  // host of his own, with TLSA records of his own.
  if (requirement().proof == Proof::Dane && !decision_.mx_authentic) {
    return give_up(
        HostUse::Skip, code,
        fmt::format("{}, but the MX answer is not signed: DANE proves a host that anybody may have named", who));
  }
  std::vector<ReferenceName> names;
  // As Postfix's "secure": names that a forged MX answer cannot choose. The MX host's own name counts only where
  // DNSSEC, MTA-STS or the administrator's route vouches for it.
  if (const auto* next_hop = std::get_if<Domain>(&facts_.next_hop)) {
    names.push_back({*next_hop});
    names.push_back({*next_hop, true});
  }
  if (decision_.mx_authentic && !host_.name.is_root()) names.push_back({host_.name});
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  if (names.empty()) {
    return give_up(HostUse::Skip, code, fmt::format("{}, but an address has no name to verify", who));
  }
  raise_to_pkix(requirement(), std::move(names));
  note(code, fmt::format("{}: the server must prove its name", who));
}

void HostCase::raise_by_local_rule() {
  if (!facts_.local) return;
  switch (facts_.local->level) {
    case LocalLevel::None:
      return;
    case LocalLevel::May:
      return note(ReasonCode::LocalMay, "local rule: may");
    case LocalLevel::Dane:
      return note(ReasonCode::LocalDane, "local rule: dane, which is what happens anyway");
    case LocalLevel::Encrypt:
      raise_to_tls(requirement());
      return note(ReasonCode::LocalEncrypt, "local rule: TLS is mandatory");
    case LocalLevel::Secure:
      return raise_to_secure(ReasonCode::LocalSecure, "local rule: secure");
    case LocalLevel::DaneOnly:
      break;
  }
  // RFC 7672 §6 (D43), §2.2.1 MUST (D26): mandatory DANE means a usable TLSA record at a host that a secure MX names.
  if (requirement().proof != Proof::Dane || !mx_is_secure(facts_)) {
    return give_up(HostUse::Skip, ReasonCode::DaneRequiredAbsent,
                   fmt::format("local rule: dane-only, but {}", requirement().proof != Proof::Dane
                                                                    ? name() + " publishes no usable TLSA record"
                                                                    : "the MX answer is not signed"));
  }
  note(ReasonCode::LocalDaneOnly, "local rule: dane-only");
}

/// Design, anti-downgrade memory: what had TLS and now shows none may be under attack.
void HostCase::raise_by_memory() {
  if (!facts_.remembered_tls || weakened() || requirement().tls == TlsUse::Required) return;
  raise_to_tls(requirement());
  note(ReasonCode::RememberedTls, fmt::format("{} had working TLS before: TLS is mandatory by local rule", name()));
}

/// The sender's own wish for one message: nobody gets it who has not proved himself, whatever is published.
void HostCase::raise_by_sender() {
  if (!facts_.message.only_if_verified) return;
  raise_to_secure(ReasonCode::OnlyIfVerified, "the sender asks for a verified server");
}

void HostCase::raise_by_requiretls() {
  if (!facts_.message.requiretls) return;
  // RFC 8689 §4.2.1 MUST (X05): the MX must come from DNSSEC or MTA-STS, the certificate must verify, and the server
  // must promise REQUIRETLS itself.
  if (!decision_.mx_authentic || host_.name.is_root()) {
    return give_up(
        HostUse::Skip, ReasonCode::RequireTlsUnauthenticMx,
        fmt::format("REQUIRETLS: neither DNSSEC nor an MTA-STS policy proves that {} is the right server", name()));
  }
  raise_to_pkix(requirement(), {{host_.name}});
  raise_to_requiretls(requirement());
  note(ReasonCode::RequireTls, "REQUIRETLS: verified TLS and the server's own promise");
}

}  // namespace

bool is_weakened(const MessageDemands& message) {
  // RFC 8689 §4.1 (X07): REQUIRETLS in the envelope beats TLS-Required: No in the header.
  return message.tls_required_no && !message.requiretls && !message.only_if_verified;
}

bool mx_is_secure(const Facts& facts) {
  // A route to a fixed host is the administrator's own word; a literal names no host at all.
  if (!facts.mx_lookup) return std::holds_alternative<Domain>(facts.next_hop);
  return facts.mx.secure;
}

HostDecision decide_host(const Facts& facts, const HostFacts& host) { return HostCase(facts, host).decide(); }

}  // namespace postseal::policy
