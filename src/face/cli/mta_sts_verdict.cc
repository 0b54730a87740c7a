// SPDX-License-Identifier: Apache-2.0
#include "face/cli/mta_sts_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "face/cli/cli.h"
#include "protocol/mtasts/field.h"
#include "vocab/ascii.h"
#include "vocab/moment_text.h"

namespace postseal::cli {

namespace json = boost::json;
using mtasts::RecordVerdict;

namespace {

/// The strings of one record in the presentation format of RFC 1035 §5.1: quotes, \" and \DDD.
std::expected<dns::TxtRecord, std::string> read_quoted(std::string_view text) {
  dns::TxtRecord record;
  const auto wrong = [&](const char* what) { return std::unexpected(mtasts::shown(text) + ": " + what); };
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && is_blank(text[at])) ++at;
    if (at == text.size()) return record;
    if (text[at] != '"') return wrong("there is something outside the quotes");
    std::string& string = record.strings.emplace_back();
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] != '\\') {
        string += text[at];
        continue;
      }
      const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
      const std::string_view code = text.substr(at + 1, 3);
      if (code.size() == 3 && std::ranges::all_of(code, is_digit)) {
        const int number = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
        if (number > 255) return wrong("a \\DDD above 255");
        string += static_cast<char>(number);
        at += 3;
      } else if (!code.empty()) {
        string += code[0];
        at += 1;
      }
    }
    if (at == text.size()) return wrong("the closing quote is missing");
    ++at;
  }
}

std::string_view word(RecordVerdict verdict) {
  switch (verdict) {
    case RecordVerdict::Valid:
      return "valid";
    case RecordVerdict::None:
      return "none";
    case RecordVerdict::Several:
      return "several";
    case RecordVerdict::Invalid:
      return "invalid";
  }
  return "?";
}

std::string_view word(mtasts::Source source) {
  switch (source) {
    case mtasts::Source::None:
      return "none";
    case mtasts::Source::Fetched:
      return "https";
    case mtasts::Source::Cached:
      return "cache";
  }
  return "?";
}

json::array patterns(const mtasts::Policy& policy) {
  json::array out;
  for (const mtasts::MxPattern& pattern : policy.mx) out.emplace_back(pattern.to_string());
  return out;
}

void add_policy(json::object& out, const mtasts::Policy& policy) {
  out["mode"] = mtasts::to_string(policy.mode);
  out["max_age"] = policy.max_age.count();
  out["mx"] = patterns(policy);
}

StsVerdict invalid_policy(const mtasts::PolicyError& error) {
  return {kNo,
          {{"result", "invalid"},
           {"line", error.line == 0 ? json::value(nullptr) : json::value(error.line)},
           {"reason", error.reason}}};
}

/// In one word, and why. A policy in force comes before everything that went wrong on the way to it.
std::pair<std::string_view, std::string> summary(const Domain& domain, const mtasts::StsFacts& facts) {
  const bool invalid_body = std::ranges::any_of(facts.findings, [](const mtasts::Finding& finding) {
    return finding.result == tlsrpt::ResultType::StsPolicyInvalid;
  });
  if (facts.policy) {
    return {"valid", fmt::format("a policy with the mode {} is in force for {}", mtasts::to_string(facts.policy->mode),
                                 domain.ascii())};
  }
  const std::string first = facts.findings.empty() ? std::string() : facts.findings.front().text;
  if (facts.record_unknown) return {"temporary-error", first};
  if (facts.record == RecordVerdict::None) return {"none", domain.ascii() + " does not use MTA-STS"};
  if (facts.record != RecordVerdict::Valid || invalid_body) return {"invalid", first};
  return {"temporary-error", first};
}

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (!value.is_array()) return json::serialize(value);
  std::string out;
  for (const json::value& item : value.get_array()) {
    const std::string text = item.is_object() ? text_of(item.at("text")) : text_of(item);
    out += (out.empty() ? "" : ", ") + text;
  }
  return out;
}

}  // namespace

std::expected<std::vector<dns::TxtRecord>, std::string> read_txt_arguments(const std::vector<std::string>& arguments) {
  std::vector<dns::TxtRecord> records;
  for (const std::string& argument : arguments) {
    if (!argument.starts_with('"')) {
      records.push_back({{argument}});
      continue;
    }
    auto record = read_quoted(argument);
    if (!record) return std::unexpected(std::move(record.error()));
    records.push_back(std::move(*record));
  }
  return records;
}

StsVerdict judge_sts_record(const std::vector<dns::TxtRecord>& records) {
  const mtasts::RecordResult found = mtasts::parse_records(records);
  const bool valid = found.verdict == RecordVerdict::Valid;
  // S04: several are as little use as an invalid one; the reason tells them apart.
  const std::string_view result = found.verdict == RecordVerdict::Several ? "invalid" : word(found.verdict);
  return {valid ? kOk : kNo,
          {{"result", result},
           {"id", valid ? json::value(found.record.id) : json::value(nullptr)},
           {"reason", found.reason}}};
}

StsVerdict judge_sts_policy(std::string_view body) {
  const auto policy = mtasts::parse_policy(body);
  if (!policy) return invalid_policy(policy.error());
  StsVerdict verdict{kOk, {{"result", "valid"}}};
  add_policy(verdict.json, *policy);
  verdict.json["reason"] = "the policy keeps to RFC 8461 section 3.2";
  return verdict;
}

StsVerdict judge_sts_match(std::string_view body, std::string_view host) {
  const auto policy = mtasts::parse_policy(body);
  if (!policy) return invalid_policy(policy.error());
  StsVerdict verdict{kNo, {{"result", "no-match"}, {"host", host}, {"matched", nullptr}}};
  add_policy(verdict.json, *policy);
  const auto name = Domain::parse(host);
  if (!name) {
    verdict.json["host"] = mtasts::shown(host);
    verdict.json["reason"] = "not a host name: " + name.error().context;
    return verdict;
  }
  verdict.json["host"] = name->ascii();
  const auto pattern = mtasts::match_host(*policy, *name);
  if (!pattern) {
    verdict.json["reason"] = "no mx pattern of the policy covers " + name->ascii();
    return verdict;
  }
  verdict.exit_code = kOk;
  verdict.json["result"] = "match";
  verdict.json["matched"] = pattern->to_string();
  verdict.json["reason"] = "the mx pattern " + pattern->to_string() + " covers " + name->ascii();
  return verdict;
}

StsVerdict judge_sts_lookup(const Domain& policy_domain, const mtasts::StsFacts& facts) {
  const auto [result, reason] = summary(policy_domain, facts);
  StsVerdict verdict{facts.policy ? kOk : kNo,
                     {{"result", result},
                      {"domain", policy_domain.ascii()},
                      {"record", facts.record_unknown ? "unknown" : word(facts.record)},
                      {"source", word(facts.source)},
                      {"temporary_error", facts.temporary_error}}};
  if (facts.policy) {
    add_policy(verdict.json, *facts.policy);
    verdict.json["id"] = facts.id;
    verdict.json["expires"] = moment_text(facts.expires);
  }
  json::array findings;
  for (const mtasts::Finding& finding : facts.findings) {
    findings.push_back(json::object{
        {"result", finding.result ? json::value(tlsrpt::to_string(*finding.result)) : json::value(nullptr)},
        {"text", finding.text}});
  }
  verdict.json["findings"] = std::move(findings);
  verdict.json["reason"] = reason;
  return verdict;
}

std::string verdict_text(const StsVerdict& verdict) {
  std::string out = text_of(verdict.json.at("result")) + ": " + text_of(verdict.json.at("reason")) + "\n";
  for (const auto& [key, value] : verdict.json) {
    if (key == "result" || key == "reason" || value.is_null()) continue;
    const std::string text = text_of(value);
    if (!text.empty()) out += fmt::format("  {:<16}{}\n", std::string_view(key), text);
  }
  return out;
}

}  // namespace postseal::cli
