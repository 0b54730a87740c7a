// SPDX-License-Identifier: Apache-2.0
#include "face/cli/explain_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

namespace postseal::cli {

namespace {

class Page {
 public:
  template <class... Args>
  void line(int indent, fmt::format_string<Args...> text, Args&&... args) {
    out_ += std::string(static_cast<std::size_t>(indent), ' ') + fmt::format(text, std::forward<Args>(args)...) + '\n';
  }
  void item(std::string_view name, std::string_view value) {
    if (!value.empty()) line(6, "{:11} {}", name, value);
  }
  void reasons(int indent, const std::vector<policy::Reason>& reasons) {
    for (const auto& reason : reasons) line(indent, "- {} [{}]", reason.text, policy::section(reason.code));
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

template <class R>
std::string state(const dns::Answer<R>& answer) {
  std::string text = dns::describe(answer.state, answer.secure, answer.failure);
  return answer.why.empty() ? text : fmt::format("{} ({})", text, answer.why);
}

std::string addresses_text(const dane::HostAddresses& addresses) {
  std::vector<std::string> parts;
  for (const auto* answer : {&addresses.aaaa, &addresses.a}) {
    if (!answer->found()) continue;
    for (const auto& address : answer->records) parts.push_back(address.to_string());
    parts.back() += fmt::format(" ({})", state(*answer));
  }
  if (parts.empty()) return fmt::format("A {}, AAAA {}", state(addresses.a), state(addresses.aaaa));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string tlsa_text(const policy::HostFacts& host) {
  switch (host.tlsa.state) {
    case dane::TlsaLookup::State::NotAsked:
      return "not asked for: the address is not signed";
    case dane::TlsaLookup::State::Absent:
      return host.tlsa.asked.empty() ? "none" : state(host.tlsa.answer);
    case dane::TlsaLookup::State::Failed:
      return state(host.tlsa.answer);
    case dane::TlsaLookup::State::Secure:
      break;
  }
  std::vector<std::string> records;
  for (const auto& record : host.tlsa_set.usable) records.push_back(dane::format_tlsa(record));
  for (const auto& bad : host.tlsa_set.unusable) {
    records.push_back(fmt::format("{} (unusable: {})", dane::format_tlsa(bad.record), dane::to_string(bad.why)));
  }
  return fmt::format("secure, base domain {}: {}", host.tlsa.base_domain.ascii(), fmt::join(records, "; "));
}

std::string requirement_text(const policy::Requirement& need) {
  std::string text;
  switch (need.proof) {
    case policy::Proof::Dane:
      text = fmt::format("DANE: match one of {} TLSA record(s)", need.tlsa.size());
      break;
    case policy::Proof::Pkix:
      text = "PKIX: a certificate of a trusted CA";
      break;
    case policy::Proof::None:
      switch (need.tls) {
        case policy::TlsUse::Required:
          text = "TLS, without proof";
          break;
        case policy::TlsUse::IfOffered:
          text = "nothing: TLS if offered, else plaintext";
          break;
        case policy::TlsUse::Never:
          text = "nothing: no TLS (local rule)";
          break;
      }
  }
  if (need.floor == policy::TlsFloor::Tls12) text += ", TLS 1.2 or later";
  if (need.requiretls_keyword) text += ", REQUIRETLS offered";
  return text;
}

std::string names_text(const policy::Requirement& need) {
  std::vector<std::string> names;
  for (const auto& name : need.names) names.push_back((name.below ? "*." : "") + name.name.ascii());
  return fmt::format("{}", fmt::join(names, ", "));
}

void evidence_lines(Page& page, const outbound::HostAttempt& attempt) {
  if (attempt.evidence) {
    const auto& evidence = *attempt.evidence;
    page.item("connected", fmt::format("{} port {}", evidence.address.to_string(), evidence.port));
    if (evidence.tls) {
      page.item("TLS", fmt::format("{} {} {}", evidence.tls->version, evidence.tls->cipher, evidence.tls->group));
    }
    page.item("proof", evidence.verdict.reason);
  }
  page.item(attempt.problem.empty() ? "session" : "problem",
            attempt.problem.empty() ? "ready for mail" : attempt.problem);
}

const policy::HostFacts* facts_of(const outbound::DeliveryRecord& record, const Domain& host) {
  for (const auto& facts : record.facts.hosts) {
    if (facts.name == host) return &facts;
  }
  return nullptr;
}

void host_lines(Page& page, const outbound::DeliveryRecord& record, const policy::HostDecision& host,
                std::size_t number) {
  const bool dial = host.use == policy::HostUse::Dial;
  const std::string name = host.host.is_root() ? postseal::to_string(record.facts.next_hop) : host.host.unicode();
  page.line(2, "{}. {} (preference {}){}", number, name, host.preference, dial ? "" : ": not used");
  if (const auto* facts = facts_of(record, host.host)) {
    page.item("addresses", addresses_text(facts->addresses));
    if (!host.host.is_root()) page.item("TLSA", tlsa_text(*facts));
  }
  if (dial) {
    page.item("must prove", requirement_text(host.requirement));
    page.item("names", names_text(host.requirement));
    page.item("SNI", host.requirement.sni.ascii());
  }
  page.line(6, "why");
  page.reasons(8, host.reasons);
  for (const auto& attempt : record.attempts) {
    if (attempt.host == host.host) evidence_lines(page, attempt);
  }
}

std::string sts_text(const mtasts::StsFacts& sts) {
  if (!sts.policy) return sts.record_unknown || sts.temporary_error ? "not known, none cached" : "none";
  std::vector<std::string> mx;
  for (const auto& pattern : sts.policy->mx) mx.push_back(pattern.to_string());
  return fmt::format("{} for {} (id {}, {})", mtasts::to_string(sts.policy->mode), fmt::join(mx, ", "), sts.id,
                     sts.source == mtasts::Source::Cached ? "cached" : "fetched");
}

std::string mx_text(const policy::Facts& facts) {
  if (facts.implicit_mx) return fmt::format("none ({}): the domain itself", state(facts.mx));
  auto sorted = facts.mx.records;
  std::ranges::sort(sorted);
  std::vector<std::string> records;
  for (const auto& record : sorted) {
    records.push_back(
        fmt::format("{} {}", record.preference, record.exchange.is_root() ? "." : record.exchange.ascii()));
  }
  return records.empty() ? state(facts.mx) : fmt::format("{} ({})", fmt::join(records, ", "), state(facts.mx));
}

std::string_view headline(const policy::Decision& decision) {
  switch (decision.course) {
    case policy::Course::Dial:
      return "would be sent to the first of these that proves itself";
    case policy::Course::Defer:
      return "would be kept for later";
    case policy::Course::Bounce:
      return "would be returned to the sender";
  }
  return "";
}

}  // namespace

std::string explain_text(const outbound::DeliveryRecord& record) {
  Page page;
  const auto& decision = record.decision;
  const std::string status = decision.course == policy::Course::Dial ? "" : " (" + decision.status.to_string() + ")";
  page.line(0, "Mail for {} {}{}", postseal::to_string(record.next_hop), headline(decision), status);
  if (!(record.facts.next_hop == record.next_hop)) {
    page.line(2, "route       {}", postseal::to_string(record.facts.next_hop));
  }
  if (record.facts.mx_lookup) page.line(2, "MX          {}", mx_text(record.facts));
  page.line(2, "MTA-STS     {}", sts_text(record.facts.sts));
  for (const auto& finding : record.facts.sts.findings) page.line(14, "{}", finding.text);
  if (record.facts.local) page.line(2, "local rule  {}", policy::to_string(record.facts.local->level));
  page.reasons(2, decision.reasons);
  std::size_t number = 0;
  for (const auto& host : decision.hosts) host_lines(page, record, host, ++number);
  return page.take();
}

std::string self_check_json(const std::vector<resolver::SelfCheckLine>& lines) {
  boost::json::array out;
  for (const auto& line : lines) {
    out.push_back(boost::json::object{{"good", line.good}, {"check", line.check}, {"result", line.result}});
  }
  return boost::json::serialize(out) + "\n";
}

}  // namespace postseal::cli
