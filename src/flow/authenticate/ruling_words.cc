// SPDX-License-Identifier: Apache-2.0
// Every refusal of this room. A postmaster reads it in a bounce: which check failed, for which domain, what its policy
// says, how it is mended.
#include <fmt/format.h>

#include <algorithm>

#include "flow/authenticate/ruling.h"
#include "protocol/smtp/printable.h"

namespace postseal::authenticate {

namespace {

/// RFC 5321 §4.5.3.1.5: 512 octets with code, status and CRLF.
constexpr std::size_t kLongestLine = 480;
constexpr std::size_t kLongestName = 120;
constexpr std::size_t kMostSignatures = 3;

/// What strangers wrote, one line of it.
std::string shown(std::string_view text, std::size_t most = kLongestName) {
  std::string result;
  for (const char c : smtp::printable(text.substr(0, most))) result += static_cast<unsigned char>(c) > 126 ? '?' : c;
  if (text.size() > most) result += "...";
  return result;
}

std::string spf_line(const Findings& findings) {
  const auto& spf = findings.spf;
  std::string line = fmt::format("SPF: {} for {} from {}", to_string(spf.result),
                                 spf.domain.empty() ? "no domain" : shown(spf.domain), findings.client.ip.to_string());
  if (!spf.mechanism.empty()) line += fmt::format(" ({})", shown(spf.mechanism));
  if (spf.result == spf::Result::Pass) line += ", which is not the domain in From";
  return line;
}

std::vector<std::string> dkim_lines(const Findings& findings) {
  if (findings.dkim.empty()) return {"DKIM: no signature"};
  std::vector<std::string> lines;
  for (const auto& signature : findings.dkim) {
    if (lines.size() == kMostSignatures) break;
    std::string line = fmt::format("DKIM: {} for d={} s={}", to_string(signature.result), shown(signature.domain),
                                   shown(signature.selector));
    if (signature.result == dkim::Result::Pass) {
      line += ", which is not the domain in From";
    } else if (!signature.reason.empty()) {
      line += ": " + shown(signature.reason, 200);
    }
    lines.push_back(std::move(line));
  }
  if (findings.dkim.size() > kMostSignatures)
    lines.push_back(fmt::format("DKIM: {} further signatures", findings.dkim.size() - kMostSignatures));
  return lines;
}

std::vector<std::string> dmarc_lines(const Findings& findings) {
  const auto& verdict = *findings.dmarc;
  const std::string author = findings.author->domain.ascii();
  std::vector<std::string> lines;
  std::string policy = "refusing such mail is our local policy";
  if (verdict.policy && verdict.disposition == dmarc::Policy::Reject) {
    policy = fmt::format("its policy says {} (_dmarc.{})", to_string(*verdict.policy),
                         verdict.record_domain ? verdict.record_domain->ascii() : author);
  }
  lines.push_back(fmt::format("{} does not stand behind this letter: DMARC fails, and {}", author, policy));
  lines.push_back(spf_line(findings));
  std::ranges::move(dkim_lines(findings), std::back_inserter(lines));
  lines.push_back(
      fmt::format("To mend it, sign with DKIM as d={}, or send from an address that its SPF record names, "
                  "with a reverse-path of that domain",
                  author));
  return lines;
}

std::string_view remedy_for(message::AuthorProblem problem) {
  if (problem == message::AuthorProblem::HeaderTooLarge) return "send fewer and shorter header fields";
  if (problem == message::AuthorProblem::BrokenHeader)
    return "begin each field of the header with its name and a colon";
  return "send one From field with one address, whose domain can answer for it";
}

std::vector<std::string> unclear_lines(message::AuthorProblem problem) {
  return {fmt::format("It is not clear who wrote this letter: {}", to_string(problem)),
          fmt::format("To mend it, {}", remedy_for(problem))};
}

std::vector<std::string> spf_lines(const Findings& findings) {
  std::vector<std::string> lines{fmt::format("{} may not send mail as {}, says its SPF record ({})",
                                             findings.client.ip.to_string(), shown(findings.spf.domain),
                                             shown(findings.spf.mechanism))};
  // RFC 7208 §6.2: the domain's own words, shown as such.
  if (!findings.spf.explanation.empty())
    lines.push_back(fmt::format("{} explains: {}", shown(findings.spf.domain), shown(findings.spf.explanation, 300)));
  lines.push_back(
      fmt::format("To mend it, name the address in the SPF record of {}, or send through a server that is "
                  "named there",
                  shown(findings.spf.domain)));
  return lines;
}

std::vector<std::string> unknown_lines(const Findings& findings) {
  const std::string who = findings.author ? findings.author->domain.ascii() : shown(findings.spf.domain);
  std::string_view why = findings.spf.reason;
  if (findings.arc.temporary) why = findings.arc.reason;
  if (findings.dmarc && findings.dmarc->result == dmarc::Result::TempError) why = findings.dmarc->reason;
  return {fmt::format("DNS does not say now whether {} stands behind this letter: {}", who, shown(why, 250)),
          "Try again later; if this lasts, look at the name servers of that domain and at its DNSSEC signatures"};
}

}  // namespace

Reply reply_for(Cause cause, Course course, const Findings& findings) {
  // RFC 9989 §7.3 SHOULD: 550 5.7.1. RFC 7208 §8.6: a 451 for what DNS does not say now.
  Reply reply{550, EnhancedStatus{5, 7, 1}, {}};
  if (course == Course::Defer) reply = {451, EnhancedStatus{4, 7, 0}, {}};
  switch (cause) {
    case Cause::None:
      break;
    case Cause::Dmarc:
      reply.lines = dmarc_lines(findings);
      break;
    case Cause::UnclearFrom:
      reply.lines = unclear_lines(findings.author.error());
      break;
    case Cause::SpfFail:
      reply.lines = spf_lines(findings);
      break;
    case Cause::Unknown:
      reply.lines = unknown_lines(findings);
      break;
    case Cause::Crowded:
      // RFC 3463 §3.4: X.3.2, the system takes no messages now.
      reply.status = EnhancedStatus{4, 3, 2};
      reply.lines = {"Too many letters are being checked now; try again later"};
      break;
  }
  for (auto& line : reply.lines) {
    if (line.size() > kLongestLine) line.resize(kLongestLine);
  }
  return reply;
}

}  // namespace postseal::authenticate
