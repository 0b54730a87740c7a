// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/outcome_json.h"

#include <boost/json/array.hpp>

#include "protocol/smtp/printable.h"

namespace postseal::authenticate {

namespace json = boost::json;

namespace {

/// What strangers wrote: JSON has no room for octets that are not UTF-8.
void put_text(json::object& object, std::string_view key, std::string_view words) {
  object.emplace(key, smtp::printable(words));
}

void put_name(json::object& object, std::string_view key, const std::optional<Domain>& domain) {
  if (domain) {
    object.emplace(key, domain->ascii());
  } else {
    object.emplace(key, nullptr);
  }
}

json::object& put_object(json::object& object, std::string_view key) {
  return object.emplace(key, json::object(object.storage())).first->value().as_object();
}
json::array& put_array(json::object& object, std::string_view key) {
  return object.emplace(key, json::array(object.storage())).first->value().as_array();
}
json::object& add_object(json::array& array) { return array.emplace_back(json::object(array.storage())).as_object(); }

void put_spf(json::object& object, const spf::Verdict& verdict) {
  object.reserve(9);
  object.emplace("result", to_string(verdict.result));
  object.emplace("identity", verdict.from_helo ? "helo" : "mailfrom");
  put_text(object, "domain", verdict.domain);
  put_text(object, "mechanism", verdict.mechanism);
  put_text(object, "explanation", verdict.explanation);
  object.emplace("lookups", verdict.lookups);
  object.emplace("void_lookups", verdict.void_lookups);
  object.emplace("secure", verdict.secure);
  put_text(object, "reason", verdict.reason);
}

void put_dkim(json::array& list, const std::vector<dkim::SignatureVerdict>& verdicts) {
  for (const auto& verdict : verdicts) {
    json::object& object = add_object(list);
    put_text(object, "domain", verdict.domain);
    put_text(object, "selector", verdict.selector);
    put_text(object, "algorithm", verdict.algorithm);
    object.emplace("result", to_string(verdict.result));
    object.emplace("key_bits", verdict.key_bits);
    object.emplace("secure", verdict.key_secure);
    put_text(object, "reason", verdict.reason);
  }
}

void put_arc(json::object& object, const arc::ChainVerdict& chain) {
  object.emplace("result", to_string(chain.result));
  object.emplace("oldest_pass", chain.oldest_pass);
  json::array& instances = put_array(object, "instances");
  for (const auto& instance : chain.instances) {
    json::object& one = add_object(instances);
    one.emplace("instance", instance.instance);
    put_text(one, "domain", instance.domain);
    put_text(one, "selector", instance.selector);
    one.emplace("cv", to_string(instance.cv));
    one.emplace("seal", to_string(instance.seal));
    one.emplace("signature", to_string(instance.signature));
    put_text(one, "reason", instance.reason);
  }
  put_text(object, "reason", chain.reason);
}

void put_dmarc(json::object& object, const dmarc::Verdict& verdict) {
  object.reserve(10);
  object.emplace("result", to_string(verdict.result));
  if (verdict.policy) {
    object.emplace("policy", to_string(*verdict.policy));
  } else {
    object.emplace("policy", nullptr);
  }
  object.emplace("disposition", to_string(verdict.disposition));
  put_name(object, "record_domain", verdict.record_domain);
  put_name(object, "organizational_domain", verdict.organizational_domain);
  object.emplace("spf_aligned", verdict.spf_aligned);
  object.emplace("dkim_aligned", verdict.dkim_aligned);
  json::array& queries = put_array(object, "queries");
  for (const auto& query : verdict.queries) queries.emplace_back(smtp::printable(query));
  object.emplace("secure", verdict.secure);
  put_text(object, "reason", verdict.reason);
}

}  // namespace

void put_json(json::object& object, const Outcome& outcome) {
  const auto& findings = outcome.findings;
  object.reserve(object.size() + 16);
  object.emplace("result", to_string(findings.dmarc ? findings.dmarc->result : dmarc::Result::PermError));
  object.emplace("disposition", to_string(outcome.ruling.course));
  object.emplace("cause", to_string(outcome.ruling.cause));
  object.emplace("local_policy", outcome.ruling.local_policy);
  if (findings.author) {
    put_text(object, "author", findings.author->address);
    object.emplace("author_problem", nullptr);
  } else {
    object.emplace("author", nullptr);
    object.emplace("author_problem", to_string(findings.author.error()));
  }
  put_spf(put_object(object, "spf"), findings.spf);
  if (findings.helo) {
    put_spf(put_object(object, "helo"), *findings.helo);
  } else {
    object.emplace("helo", nullptr);
  }
  put_dkim(put_array(object, "dkim"), findings.dkim);
  put_arc(put_object(object, "arc"), findings.arc);
  if (findings.dmarc) {
    put_dmarc(put_object(object, "dmarc"), *findings.dmarc);
  } else {
    object.emplace("dmarc", nullptr);
  }
  json::object& iprev = put_object(object, "iprev");
  iprev.emplace("result", to_string(findings.iprev.result));
  put_name(iprev, "name", findings.iprev.name);
  put_text(iprev, "reason", findings.iprev.reason);
  put_name(object, "trusted_sealer",
           findings.voucher ? std::optional(findings.voucher->sealer) : std::optional<Domain>());
  if (outcome.ruling.reply) {
    put_text(object, "reply", outcome.ruling.reply->to_string());
  } else {
    object.emplace("reply", nullptr);
  }
}

json::object to_json(const Outcome& outcome) {
  json::object object;
  put_json(object, outcome);
  object.emplace("header", outcome.header);
  return object;
}

}  // namespace postseal::authenticate
