// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/results.h"

#include <fmt/format.h>

#include <algorithm>

namespace postseal::authenticate {

namespace {

using authres::MethodResult;

/// RFC 8904 §3.1 has this property for answers of DNS lists; here it says the same of keys and policies.
void add_dnssec(MethodResult& result, bool secure) {
  result.properties.push_back({"dns", "sec", secure ? "yes" : "no"});
}

/// RFC 8601 §2.7.2: the identity that was checked, and the address only where it was part of it.
MethodResult spf_result(const Findings& findings, const spf::Verdict& verdict) {
  MethodResult result{"spf", std::string(to_string(verdict.result)), {}, {}, {}};
  if (verdict.result != spf::Result::Pass) result.reason = verdict.reason;
  result.properties.reserve(2);
  if (verdict.from_helo) {
    result.properties.push_back({"smtp", "helo", findings.client.helo});
  } else {
    result.properties.push_back({"smtp", "mailfrom", findings.client.mail_from});
  }
  if (verdict.result == spf::Result::Pass) add_dnssec(result, verdict.secure);
  return result;
}

/// RFC 8601 §2.7.1, RFC 6008: d=, i=, s=, a= and the beginning of b=, so that each signature can be told apart.
MethodResult dkim_result(const dkim::SignatureVerdict& verdict) {
  MethodResult result{"dkim", std::string(to_string(verdict.result)), verdict.reason, {}, {}};
  result.properties.reserve(6);
  if (verdict.key_bits > 0) result.comment = fmt::format("{}-bit key", verdict.key_bits);
  if (verdict.testing) result.comment += result.comment.empty() ? "testing" : ", testing";
  for (const auto& [property, value] : {std::pair<const char*, const std::string&>{"d", verdict.domain},
                                        {"i", verdict.identity},
                                        {"s", verdict.selector},
                                        {"a", verdict.algorithm},
                                        {"b", verdict.b_prefix}}) {
    if (!value.empty()) result.properties.push_back({"header", property, value});
  }
  if (verdict.result == dkim::Result::Pass) add_dnssec(result, verdict.key_secure);
  return result;
}

/// RFC 8617 §10.2: where it came from and since when the letter is as it was.
MethodResult arc_result(const Findings& findings) {
  MethodResult result{"arc", std::string(to_string(findings.arc.result)), findings.arc.reason, {}, {}};
  if (findings.arc.result == arc::Result::None) return result;
  result.properties.push_back({"smtp", "remote-ip", findings.client.ip.to_string()});
  if (findings.arc.result == arc::Result::Pass)
    result.properties.push_back({"header", "oldest-pass", std::to_string(findings.arc.oldest_pass)});
  return result;
}

MethodResult dmarc_result(const Findings& findings) {
  MethodResult result{"dmarc", "permerror", {}, {}, {}};
  if (!findings.author) {
    result.reason = fmt::format("the author is not clear: {}", to_string(findings.author.error()));
    return result;
  }
  if (!findings.dmarc) return result;
  const auto& verdict = *findings.dmarc;
  result.result = to_string(verdict.result);
  if (verdict.result != dmarc::Result::Pass) result.reason = verdict.reason;
  if (verdict.policy) result.comment = fmt::format("p={}", to_string(*verdict.policy));
  result.properties.reserve(4);
  result.properties.push_back({"header", "from", findings.author->domain.ascii()});
  if (verdict.result == dmarc::Result::Fail) {
    // RFC 8617 §7.2, §10: that a seal outweighs the failure is local policy, and said as such.
    if (findings.voucher) {
      result.reason =
          fmt::format("local policy: {} sealed the letter when DMARC passed", findings.voucher->sealer.ascii());
      result.properties.push_back({"policy", "arc", findings.voucher->sealer.ascii()});
    }
    const auto asked = findings.voucher ? dmarc::Policy::None : verdict.disposition;
    result.properties.push_back({"policy", "dmarc", std::string(to_string(asked))});
  }
  if (verdict.record_domain) add_dnssec(result, verdict.secure);
  return result;
}

MethodResult iprev_result(const Findings& findings) {
  MethodResult result{"iprev", std::string(to_string(findings.iprev.result)), {}, {}, {}};
  if (findings.iprev.result != spf::IprevResult::Pass) result.reason = findings.iprev.reason;
  if (findings.iprev.name) result.comment = findings.iprev.name->ascii();
  result.properties.push_back({"policy", "iprev", findings.client.ip.to_string()});
  return result;
}

/// RFC 8601 §2.7.7 lets methods be added: how the letter came to us, for programs that say "encrypted".
MethodResult tls_result(const Client& client) {
  MethodResult result{"x-tls", client.tls ? "pass" : "none", {}, {}, {}};
  if (!client.tls) return result;
  result.properties = {{"smtp", "tls-version", client.tls->version}, {"smtp", "tls-cipher", client.tls->cipher}};
  return result;
}

}  // namespace

dkim::Result best_signature(const Findings& findings) {
  // From the best to the worst; RFC 6376 §6.1: one that passes is enough.
  for (const auto wanted : {dkim::Result::Pass, dkim::Result::TempError, dkim::Result::Policy, dkim::Result::Neutral,
                            dkim::Result::Fail, dkim::Result::PermError}) {
    if (std::ranges::find(findings.dkim, wanted, &dkim::SignatureVerdict::result) != findings.dkim.end()) return wanted;
  }
  return dkim::Result::None;
}

std::vector<MethodResult> results_of(const Findings& findings) {
  std::vector<MethodResult> results;
  results.reserve(7 + dkim::kMaxSignatures);
  results.push_back(dmarc_result(findings));
  results.push_back(spf_result(findings, findings.spf));
  if (findings.helo) results.push_back(spf_result(findings, *findings.helo));
  // A24: one statement for all that nobody looked at, so that the field does not grow with what a stranger sends.
  std::size_t unread = 0;
  for (const auto& signature : findings.dkim) {
    unread += signature.unread;
    if (signature.unread == 0) results.push_back(dkim_result(signature));
  }
  if (unread > 0)
    results.push_back({"dkim", "neutral", fmt::format("{} further signatures were not looked at", unread), {}, {}});
  if (findings.dkim.empty()) results.push_back({"dkim", "none", {}, {}, {}});
  results.push_back(arc_result(findings));
  results.push_back(iprev_result(findings));
  results.push_back(tls_result(findings.client));
  return results;
}

}  // namespace postseal::authenticate
