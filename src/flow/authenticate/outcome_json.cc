// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/outcome_json.h"

#include <boost/json/array.hpp>

#include "protocol/smtp/printable.h"

namespace postseal::authenticate {

namespace json = boost::json;

namespace {

/// What strangers wrote: JSON has no room for octets that are not UTF-8.
json::string text(std::string_view words) { return json::string(smtp::printable(words)); }

json::value name(const std::optional<Domain>& domain) {
  return domain ? json::value(domain->ascii()) : json::value(nullptr);
}

json::object spf_json(const spf::Verdict& verdict) {
  return {{"result", to_string(verdict.result)},
          {"identity", verdict.from_helo ? "helo" : "mailfrom"},
          {"domain", text(verdict.domain)},
          {"mechanism", text(verdict.mechanism)},
          {"explanation", text(verdict.explanation)},
          {"lookups", verdict.lookups},
          {"void_lookups", verdict.void_lookups},
          {"secure", verdict.secure},
          {"reason", text(verdict.reason)}};
}

json::array dkim_json(const std::vector<dkim::SignatureVerdict>& verdicts) {
  json::array list;
  for (const auto& verdict : verdicts) {
    list.push_back(json::object{{"domain", text(verdict.domain)},
                                {"selector", text(verdict.selector)},
                                {"algorithm", text(verdict.algorithm)},
                                {"result", to_string(verdict.result)},
                                {"key_bits", verdict.key_bits},
                                {"secure", verdict.key_secure},
                                {"reason", text(verdict.reason)}});
  }
  return list;
}

json::object arc_json(const arc::ChainVerdict& chain) {
  json::array instances;
  for (const auto& instance : chain.instances) {
    instances.push_back(json::object{{"instance", instance.instance},
                                     {"domain", text(instance.domain)},
                                     {"selector", text(instance.selector)},
                                     {"cv", to_string(instance.cv)},
                                     {"seal", to_string(instance.seal)},
                                     {"signature", to_string(instance.signature)},
                                     {"reason", text(instance.reason)}});
  }
  return {{"result", to_string(chain.result)},
          {"oldest_pass", chain.oldest_pass},
          {"instances", std::move(instances)},
          {"reason", text(chain.reason)}};
}

json::value dmarc_json(const Findings& findings) {
  if (!findings.dmarc) return nullptr;
  const auto& verdict = *findings.dmarc;
  json::array queries;
  for (const auto& query : verdict.queries) queries.emplace_back(text(query));
  return json::object{{"result", to_string(verdict.result)},
                      {"policy", verdict.policy ? json::value(to_string(*verdict.policy)) : json::value(nullptr)},
                      {"disposition", to_string(verdict.disposition)},
                      {"record_domain", name(verdict.record_domain)},
                      {"organizational_domain", name(verdict.organizational_domain)},
                      {"spf_aligned", verdict.spf_aligned},
                      {"dkim_aligned", verdict.dkim_aligned},
                      {"queries", std::move(queries)},
                      {"secure", verdict.secure},
                      {"reason", text(verdict.reason)}};
}

}  // namespace

json::object to_json(const Outcome& outcome) {
  const auto& findings = outcome.findings;
  json::object object{
      {"result", findings.dmarc ? to_string(findings.dmarc->result) : to_string(dmarc::Result::PermError)},
      {"disposition", to_string(outcome.ruling.course)},
      {"cause", to_string(outcome.ruling.cause)},
      {"local_policy", outcome.ruling.local_policy},
      {"author", findings.author ? json::value(text(findings.author->address)) : json::value(nullptr)},
      {"author_problem",
       findings.author ? json::value(nullptr) : json::value(text(to_string(findings.author.error())))},
      {"spf", spf_json(findings.spf)},
      {"helo", findings.helo ? json::value(spf_json(*findings.helo)) : json::value(nullptr)},
      {"dkim", dkim_json(findings.dkim)},
      {"arc", arc_json(findings.arc)},
      {"dmarc", dmarc_json(findings)},
      {"iprev", json::object{{"result", to_string(findings.iprev.result)},
                             {"name", name(findings.iprev.name)},
                             {"reason", text(findings.iprev.reason)}}}};
  object["trusted_sealer"] = findings.voucher ? json::value(findings.voucher->sealer.ascii()) : json::value(nullptr);
  object["reply"] = outcome.ruling.reply ? json::value(text(outcome.ruling.reply->to_string())) : json::value(nullptr);
  object["header"] = outcome.header;
  return object;
}

}  // namespace postseal::authenticate
