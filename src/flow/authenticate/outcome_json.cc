// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/outcome_json.h"

#include "protocol/smtp/printable.h"

namespace postseal::authenticate {

namespace {

/// What strangers wrote: JSON has no room for octets that are not UTF-8.
void put_text(JsonText& json, std::string_view key, std::string_view words) {
  if (smtp::is_plain(words)) {
    json.put(key, words);
  } else {
    json.put(key, smtp::printable(words));
  }
}

void put_name(JsonText& json, std::string_view key, const Domain* domain) {
  if (domain != nullptr) {
    json.put(key, domain->ascii());
  } else {
    json.put_null(key);
  }
}
void put_name(JsonText& json, std::string_view key, const std::optional<Domain>& domain) {
  put_name(json, key, domain ? &*domain : nullptr);
}

void put_spf(JsonText& json, const spf::Verdict& verdict) {
  json.open_object();
  json.put("result", to_string(verdict.result)).put("identity", verdict.from_helo ? "helo" : "mailfrom");
  put_text(json, "domain", verdict.domain);
  put_text(json, "mechanism", verdict.mechanism);
  put_text(json, "explanation", verdict.explanation);
  json.put("lookups", verdict.lookups).put("void_lookups", verdict.void_lookups).put("secure", verdict.secure);
  put_text(json, "reason", verdict.reason);
  json.close_object();
}

void put_dkim(JsonText& json, const std::vector<dkim::SignatureVerdict>& verdicts) {
  json.open_array();
  for (const auto& verdict : verdicts) {
    json.open_object();
    put_text(json, "domain", verdict.domain);
    put_text(json, "selector", verdict.selector);
    put_text(json, "algorithm", verdict.algorithm);
    json.put("result", to_string(verdict.result)).put("key_bits", verdict.key_bits).put("secure", verdict.key_secure);
    put_text(json, "reason", verdict.reason);
    json.close_object();
  }
  json.close_array();
}

void put_arc(JsonText& json, const arc::ChainVerdict& chain) {
  json.open_object();
  json.put("result", to_string(chain.result)).put("oldest_pass", chain.oldest_pass);
  json.key("instances").open_array();
  for (const auto& instance : chain.instances) {
    json.open_object().put("instance", instance.instance);
    put_text(json, "domain", instance.domain);
    put_text(json, "selector", instance.selector);
    json.put("cv", to_string(instance.cv)).put("seal", to_string(instance.seal));
    json.put("signature", to_string(instance.signature));
    put_text(json, "reason", instance.reason);
    json.close_object();
  }
  json.close_array();
  put_text(json, "reason", chain.reason);
  json.close_object();
}

void put_dmarc(JsonText& json, const dmarc::Verdict& verdict) {
  json.open_object().put("result", to_string(verdict.result));
  if (verdict.policy) {
    json.put("policy", to_string(*verdict.policy));
  } else {
    json.put_null("policy");
  }
  json.put("disposition", to_string(verdict.disposition));
  put_name(json, "record_domain", verdict.record_domain);
  put_name(json, "organizational_domain", verdict.organizational_domain);
  json.put("spf_aligned", verdict.spf_aligned).put("dkim_aligned", verdict.dkim_aligned);
  json.key("queries").open_array();
  for (const auto& query : verdict.queries) json.value(smtp::printable(query));
  json.close_array().put("secure", verdict.secure);
  put_text(json, "reason", verdict.reason);
  json.close_object();
}

}  // namespace

void put_json(JsonText& json, const Outcome& outcome) {
  const auto& findings = outcome.findings;
  json.put("result", to_string(findings.dmarc ? findings.dmarc->result : dmarc::Result::PermError));
  json.put("disposition", to_string(outcome.ruling.course)).put("cause", to_string(outcome.ruling.cause));
  json.put("local_policy", outcome.ruling.local_policy);
  if (findings.author) {
    put_text(json, "author", findings.author->address);
    json.put_null("author_problem");
  } else {
    json.put_null("author").put("author_problem", to_string(findings.author.error()));
  }
  put_spf(json.key("spf"), findings.spf);
  if (findings.helo) {
    put_spf(json.key("helo"), *findings.helo);
  } else {
    json.put_null("helo");
  }
  put_dkim(json.key("dkim"), findings.dkim);
  put_arc(json.key("arc"), findings.arc);
  if (findings.dmarc) {
    put_dmarc(json.key("dmarc"), *findings.dmarc);
  } else {
    json.put_null("dmarc");
  }
  json.key("iprev").open_object().put("result", to_string(findings.iprev.result));
  put_name(json, "name", findings.iprev.name);
  put_text(json, "reason", findings.iprev.reason);
  json.close_object();
  put_name(json, "trusted_sealer", findings.voucher ? &findings.voucher->sealer : nullptr);
  if (outcome.ruling.reply) {
    put_text(json, "reply", outcome.ruling.reply->to_string());
  } else {
    json.put_null("reply");
  }
}

std::string to_json(const Outcome& outcome) {
  JsonText json;
  json.open_object();
  put_json(json, outcome);
  return json.put("header", outcome.header).close_object().take();
}

}  // namespace postseal::authenticate
