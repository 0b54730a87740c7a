// SPDX-License-Identifier: Apache-2.0
// The JSON form of the delivery record. docs/formats/delivery-record.md is its documentation: change both or none.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "edge/tls/fingerprint.h"
#include "flow/outbound/record.h"
#include "vocab/moment_text.h"

namespace postseal::outbound {

namespace {

namespace json = boost::json;

json::value or_null(bool present, std::string_view text) { return present ? json::value(text) : json::value(nullptr); }

template <class R>
json::object answer_json(const dns::Answer<R>& answer) {
  json::object out{{"question", answer.question.ascii()},
                   {"state", dns::describe(answer.state, answer.secure, answer.failure)},
                   {"secure", answer.secure}};
  if (answer.aliased() && answer.found()) out["canonical"] = answer.canonical.ascii();
  if (answer.found() || answer.absent()) out["ttl"] = answer.ttl.count();
  if (!answer.why.empty()) out["why"] = answer.why;
  return out;
}

json::array texts(const auto& range, auto&& text) {
  json::array out;
  for (const auto& item : range) out.emplace_back(text(item));
  return out;
}

json::array tlsa_texts(const std::vector<dns::TlsaRecord>& records) {
  return texts(records, [](const auto& record) { return dane::format_tlsa(record); });
}

json::value sts_json(const mtasts::StsFacts& sts) {
  json::object out{{"record", sts.record_unknown ? "unknown" : [&] {
                      switch (sts.record) {
                        case mtasts::RecordVerdict::Valid:
                          return "valid";
                        case mtasts::RecordVerdict::None:
                          return "none";
                        case mtasts::RecordVerdict::Several:
                          return "several";
                        case mtasts::RecordVerdict::Invalid:
                          return "invalid";
                      }
                      return "";
                    }()}};
  if (sts.policy) {
    out["policy"] = json::object{{"mode", mtasts::to_string(sts.policy->mode)},
                                 {"mx", texts(sts.policy->mx, [](const auto& mx) { return mx.to_string(); })},
                                 {"max_age", sts.policy->max_age.count()},
                                 {"id", sts.id},
                                 {"source", sts.source == mtasts::Source::Cached ? "cache" : "https"},
                                 {"expires", moment_text(sts.expires)}};
  } else {
    out["policy"] = nullptr;
  }
  out["findings"] = texts(sts.findings, [](const mtasts::Finding& finding) {
    return json::object{{"result", or_null(finding.result.has_value(),
                                           finding.result ? std::string(tlsrpt::to_string(*finding.result)) : "")},
                        {"text", finding.text}};
  });
  return out;
}

std::string_view word(dane::TlsaLookup::State state) {
  switch (state) {
    case dane::TlsaLookup::State::NotAsked:
      return "not-asked";
    case dane::TlsaLookup::State::Absent:
      return "absent";
    case dane::TlsaLookup::State::Secure:
      return "secure";
    case dane::TlsaLookup::State::Failed:
      return "unknown";
  }
  return "";
}

json::object host_facts_json(const policy::HostFacts& host) {
  json::object out{{"name", host.name.ascii()}, {"preference", host.preference}};
  json::object a = answer_json(host.addresses.a), aaaa = answer_json(host.addresses.aaaa);
  const auto address_text = [](const IpAddress& address) { return address.to_string(); };
  a["records"] = texts(host.addresses.a.records, address_text);
  aaaa["records"] = texts(host.addresses.aaaa.records, address_text);
  out["a"] = std::move(a);
  out["aaaa"] = std::move(aaaa);
  if (host.addresses.cname_asked) out["cname"] = answer_json(host.addresses.cname);
  json::object tlsa{{"state", word(host.tlsa.state)}};
  if (host.tlsa.state == dane::TlsaLookup::State::Secure) tlsa["base_domain"] = host.tlsa.base_domain.ascii();
  tlsa["asked"] = texts(host.tlsa.asked, [](const auto& answer) { return answer_json(answer); });
  tlsa["usable"] = tlsa_texts(host.tlsa_set.usable);
  tlsa["unusable"] = texts(host.tlsa_set.unusable, [](const auto& unusable) {
    return json::object{{"record", dane::format_tlsa(unusable.record)}, {"why", dane::to_string(unusable.why)}};
  });
  out["tlsa"] = std::move(tlsa);
  return out;
}

json::object facts_json(const policy::Facts& facts) {
  json::object out;
  if (facts.mx_lookup) {
    json::object mx = answer_json(facts.mx);
    mx["records"] = texts(facts.mx.records, [](const dns::MxRecord& record) {
      return fmt::format("{} {}", record.preference, record.exchange.is_root() ? "." : record.exchange.ascii());
    });
    mx["implicit"] = facts.implicit_mx;
    out["mx"] = std::move(mx);
  } else {
    out["mx"] = nullptr;
  }
  out["hosts"] = texts(facts.hosts, host_facts_json);
  out["mta_sts"] = sts_json(facts.sts);
  out["local_rule"] = facts.local ? json::value(json::object{{"level", policy::to_string(facts.local->level)},
                                                             {"match", facts.local->match},
                                                             {"reason", facts.local->reason}})
                                  : json::value(nullptr);
  out["requiretls"] = facts.message.requiretls;
  out["tls_required_no"] = facts.message.tls_required_no;
  out["only_if_verified"] = facts.message.only_if_verified;
  out["remembered_tls"] = facts.remembered_tls;
  out["port"] = facts.port;
  return out;
}

json::object reason_json(const policy::Reason& reason) {
  return {{"code", policy::slug(reason.code)}, {"section", policy::section(reason.code)}, {"text", reason.text}};
}

std::string_view word(policy::TlsUse use) {
  switch (use) {
    case policy::TlsUse::Never:
      return "never";
    case policy::TlsUse::IfOffered:
      return "if-offered";
    case policy::TlsUse::Required:
      return "required";
  }
  return "";
}

std::string_view word(policy::Proof proof) {
  switch (proof) {
    case policy::Proof::None:
      return "none";
    case policy::Proof::Pkix:
      return "pkix";
    case policy::Proof::Dane:
      return "dane";
  }
  return "";
}

std::string_view word(policy::HostUse use) {
  switch (use) {
    case policy::HostUse::Dial:
      return "dial";
    case policy::HostUse::Skip:
      return "skip";
    case policy::HostUse::Dead:
      return "dead";
  }
  return "";
}

std::string_view word(policy::Course course) {
  switch (course) {
    case policy::Course::Dial:
      return "dial";
    case policy::Course::Defer:
      return "defer";
    case policy::Course::Bounce:
      return "bounce";
  }
  return "";
}

json::object decision_json(const policy::Decision& decision) {
  json::object out{{"course", word(decision.course)}};
  out["status"] = or_null(decision.course != policy::Course::Dial, decision.status.to_string());
  out["reasons"] = texts(decision.reasons, reason_json);
  out["weakened"] = decision.weakened;
  out["hosts"] = texts(decision.hosts, [](const policy::HostDecision& host) {
    json::object entry{{"name", host.host.ascii()}, {"preference", host.preference}, {"use", word(host.use)}};
    if (host.use == policy::HostUse::Dial) {
      const auto& need = host.requirement;
      entry["requirement"] = json::object{
          {"tls", word(need.tls)},
          {"proof", word(need.proof)},
          {"minimum_version", need.floor == policy::TlsFloor::Tls12 ? json::value("TLSv1.2") : json::value(nullptr)},
          {"reference_identifiers",
           texts(need.names, [](const auto& name) { return (name.below ? "." : "") + name.name.ascii(); })},
          {"tlsa", tlsa_texts(need.tlsa)},
          {"sni", need.sni.ascii()},
          {"requiretls", need.requiretls_keyword}};
      entry["mx_authentic"] = host.mx_authentic;
    }
    entry["reasons"] = texts(host.reasons, reason_json);
    return entry;
  });
  return out;
}

json::object evidence_json(const policy::SessionEvidence& evidence) {
  json::object out{{"address", evidence.address.to_string()}, {"port", evidence.port}};
  if (evidence.tls) {
    out["tls"] = json::object{
        {"version", evidence.tls->version}, {"cipher", evidence.tls->cipher},
        {"group", evidence.tls->group},     {"resumed", evidence.tls->resumed},
        {"sni", evidence.tls->sni.ascii()}, {"chain_sha256", texts(evidence.tls->chain, tls::sha256_fingerprint)}};
  } else {
    out["tls"] = nullptr;
  }
  const auto& verdict = evidence.verdict;
  json::object proof;
  switch (verdict.result) {
    case policy::ProofResult::NotAsked:
      proof["result"] = "not-asked";
      break;
    case policy::ProofResult::Verified:
      proof["result"] = "verified";
      break;
    case policy::ProofResult::Rejected:
      proof["result"] = "rejected";
      break;
  }
  if (verdict.failure != policy::ProofFailure::None) proof["failure"] = policy::to_string(verdict.failure);
  if (verdict.matched) proof["matched"] = dane::format_tlsa(*verdict.matched);
  if (verdict.depth) proof["depth"] = *verdict.depth;
  if (!verdict.matched_name.empty()) proof["name"] = verdict.matched_name;
  if (!verdict.reason.empty()) proof["reason"] = verdict.reason;
  out["proof"] = std::move(proof);
  out["requiretls_offered"] = evidence.requiretls_offered;
  return out;
}

json::value reply_json(const std::optional<Reply>& reply) {
  if (!reply) return nullptr;
  return json::object{{"code", reply->code},
                      {"status", or_null(reply->status.has_value(), reply->status ? reply->status->to_string() : "")},
                      {"text", texts(reply->lines, [](const std::string& line) { return line; })}};
}

json::object attempt_json(const HostAttempt& attempt) {
  json::object out{{"host", attempt.host.ascii()}, {"shared_session", attempt.shared_session}};
  out["evidence"] = attempt.evidence ? json::value(evidence_json(*attempt.evidence)) : json::value(nullptr);
  out["dial_failures"] = texts(attempt.dial_failures, [](const net::DialFailure& failure) {
    return json::object{{"address", failure.address.to_string()},
                        {"error", net::to_string(failure.error.code)},
                        {"text", failure.error.context}};
  });
  out["tls_result"] = or_null(attempt.tls_result.has_value(),
                              attempt.tls_result ? std::string(tlsrpt::to_string(*attempt.tls_result)) : "");
  out["plaintext_after"] =
      or_null(attempt.plaintext_after.has_value(),
              attempt.plaintext_after ? std::string(tlsrpt::to_string(*attempt.plaintext_after)) : "");
  out["session_failure"] =
      or_null(attempt.session_failure.has_value(),
              attempt.session_failure ? std::string(smtp::to_string(*attempt.session_failure)) : "");
  out["reply"] = reply_json(attempt.reply);
  out["problem"] = or_null(!attempt.problem.empty(), attempt.problem);
  out["milliseconds"] = json::object{
      {"connect", attempt.connect.count()}, {"tls", attempt.tls.count()}, {"total", attempt.total.count()}};
  return out;
}

json::object verdict_json(const RecipientVerdict& verdict) {
  return {{"recipient", verdict.recipient.to_string()}, {"outcome", to_string(verdict.outcome)},
          {"status", verdict.status.to_string()},       {"host", verdict.host.ascii()},
          {"proof", to_string(verdict.proof)},          {"proof_name", verdict.proof_name},
          {"mx_authentic", verdict.mx_authentic},       {"reply", reply_json(verdict.reply)},
          {"explanation", verdict.explanation}};
}

}  // namespace

std::string_view to_string(ProofShown proof) {
  switch (proof) {
    case ProofShown::None:
      return "none";
    case ProofShown::Plaintext:
      return "plaintext";
    case ProofShown::Encrypted:
      return "encrypted";
    case ProofShown::Pkix:
      return "pkix";
    case ProofShown::MtaSts:
      return "mta-sts";
    case ProofShown::Dane:
      return "dane";
  }
  return "";
}

std::string to_json(const DeliveryRecord& record) {
  json::object out{
      {"format", 1},
      {"id", record.id},
      {"destination", postseal::to_string(record.next_hop)},
      {"next_hop", postseal::to_string(record.facts.next_hop)},
      {"started", moment_text(record.started)},
      {"facts", facts_json(record.facts)},
      {"decision", decision_json(record.decision)},
      {"attempts", texts(record.attempts, attempt_json)},
      {"recipients", texts(record.recipients, verdict_json)},
      {"milliseconds", json::object{{"gather", record.gather_time.count()}, {"total", record.total_time.count()}}}};
  return json::serialize(out);
}

}  // namespace postseal::outbound
