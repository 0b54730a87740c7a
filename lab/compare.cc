// SPDX-License-Identifier: Apache-2.0
#include "lab/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "lab/letter.h"

namespace postseal::lab {

namespace {

using outbound::DeliveryRecord;
using outbound::ProofShown;
using outbound::RecipientVerdict;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// The word under which a world expects a proof.
std::string proof_word(const RecipientVerdict& verdict) {
  const bool dane = verdict.proof == ProofShown::Dane;
  return dane ? lower(verdict.proof_name) : std::string(to_string(verdict.proof));
}

bool proof_fits(const std::string& expected, const std::string& observed) {
  const std::string want = lower(expected);
  return observed == want || observed.starts_with(want + " ");
}

std::set<std::string> names_in(const std::vector<DeliveryRecord>& records) {
  std::set<std::string> names;
  for (const DeliveryRecord& record : records) {
    for (const auto& reason : record.decision.reasons) names.emplace(policy::slug(reason.code));
    for (const auto& host : record.decision.hosts) {
      for (const auto& reason : host.reasons) names.emplace(policy::slug(reason.code));
    }
    for (const auto& attempt : record.attempts) {
      if (attempt.tls_result) names.emplace(tlsrpt::to_string(*attempt.tls_result));
    }
    for (const auto& finding : record.facts.sts.findings) {
      if (finding.result) names.emplace(tlsrpt::to_string(*finding.result));
    }
  }
  return names;
}

void expect_names(const std::vector<std::string>& expected, const std::set<std::string>& names, std::string_view what,
                  std::vector<Mismatch>& mismatches) {
  for (const std::string& name : expected) {
    if (!names.contains(name))
      mismatches.push_back({std::string(what), name, fmt::format("{}", fmt::join(names, ", "))});
  }
}

bool has_recipient(const std::vector<std::string>& recipients, const std::string& recipient) {
  return std::ranges::any_of(recipients, [&](const auto& r) { return lower(r) == lower(recipient); });
}

/// Copies of the letter that servers have accepted for a recipient, and copies that were not the letter as sent.
struct Arrivals {
  std::vector<std::string> at;
  std::vector<std::string> altered_at;
};

Arrivals arrivals(const Observation& seen, const std::string& recipient, std::string_view marker) {
  Arrivals result;
  for (const SessionLog& session : seen.sessions) {
    for (const ReceivedLetter& letter : session.letters) {
      if (!letter.accepted || !has_recipient(letter.recipients, recipient)) continue;
      if (letter.body.find(marker) == std::string::npos) continue;
      (letter.body == seen.wire ? result.at : result.altered_at).push_back(session.host.ascii());
    }
  }
  const std::string on_disk = with_lf(seen.wire);
  for (const auto& [host, letters] : seen.real_letters) {
    for (const std::string& letter : letters) {
      // A real server puts its own header fields on top, and names the recipient there.
      const auto begin = letter.find(marker);
      if (begin == std::string::npos || letter.substr(0, begin).find(recipient) == std::string::npos) continue;
      (with_lf(letter).ends_with(on_disk) ? result.at : result.altered_at).push_back(host.ascii());
    }
  }
  return result;
}

void check_arrival(const Observation& seen, const Expectation& expected, const std::string& recipient,
                   std::string_view marker, std::vector<Mismatch>& mismatches) {
  const Arrivals arrived = arrivals(seen, recipient, marker);
  for (const std::string& host : arrived.altered_at) {
    mismatches.push_back({"letter", "byte for byte as sent", "altered at " + host});
  }
  const std::size_t due = expected.outcome == "delivered" ? 1 : 0;
  if (arrived.at.size() != due) {
    const std::string where = arrived.at.empty() ? "" : fmt::format(" at {}", fmt::join(arrived.at, ", "));
    mismatches.push_back(
        {"letter", fmt::format("arrives {} times", due), fmt::format("arrived {} times{}", arrived.at.size(), where)});
  } else if (due == 1 && !expected.host.empty() && arrived.at.front() != lower(expected.host)) {
    mismatches.push_back({"letter", "arrives at " + lower(expected.host), "arrived at " + arrived.at.front()});
  }
}

const RecipientVerdict* verdict_for(const std::vector<DeliveryRecord>& records, const std::string& recipient,
                                    const DeliveryRecord** in) {
  const auto wanted = Mailbox::parse(recipient);
  for (const DeliveryRecord& record : records) {
    for (const RecipientVerdict& verdict : record.recipients) {
      if (!wanted || !(verdict.recipient == *wanted)) continue;
      *in = &record;
      return &verdict;
    }
  }
  return nullptr;
}

/// How the host's session came about: "shared", "own", or nothing if there was none.
std::string session_word(const DeliveryRecord& record, const RecipientVerdict& verdict) {
  for (auto attempt = record.attempts.rbegin(); attempt != record.attempts.rend(); ++attempt) {
    if (attempt->host == verdict.host) return attempt->shared_session ? "shared" : "own";
  }
  return "";
}

RecipientRow judge(const CaseSpec& spec, const Observation& seen, const std::string& recipient) {
  const auto special = spec.expect_for.find(recipient);
  const Expectation& expected = special == spec.expect_for.end() ? spec.expect : special->second;
  RecipientRow row;
  row.recipient = recipient;
  const DeliveryRecord* record = nullptr;
  const RecipientVerdict* verdict = verdict_for(seen.records, recipient, &record);
  if (!verdict) {
    row.mismatches.push_back({"outcome", expected.outcome, "no record of this recipient"});
    return row;
  }
  row.outcome = to_string(verdict->outcome);
  row.publishes = describe_published(record->facts);
  row.host = verdict->host.ascii();
  row.status = verdict->status.to_string();
  row.explanation = verdict->explanation;
  const bool delivered = verdict->outcome == DeliveryOutcome::Delivered;
  if (delivered) row.proof = verdict->proof_name;

  const auto check = [&](std::string_view what, const std::string& want, const std::string& got, bool fits) {
    if (!want.empty() && !fits) row.mismatches.push_back({std::string(what), want, got});
  };
  check("outcome", expected.outcome, row.outcome, expected.outcome == row.outcome);
  check("proof", expected.proof, proof_word(*verdict), proof_fits(expected.proof, proof_word(*verdict)));
  check("host", expected.host, row.host, lower(expected.host) == row.host);
  const std::string session = session_word(*record, *verdict);
  check("session", expected.session, session, expected.session == session);
  check("status", expected.status, row.status, expected.status == row.status);
  const auto names = names_in({*record});
  expect_names(expected.reasons, names, "reasons", row.mismatches);
  expect_names(expected.tlsrpt, names, "tlsrpt", row.mismatches);
  check_arrival(seen, expected, verdict->recipient.to_string(), marker_of(seen.wire), row.mismatches);
  return row;
}

/// Octets of this case's letter at a host that was to get none: found by its marker in the raw bytes, or by a body in a
/// session that named one of its recipients.
bool body_reached(const Observation& seen, const Domain& host, const std::vector<std::string>& recipients) {
  const std::string_view marker = marker_of(seen.wire);
  for (const SessionLog& session : seen.sessions) {
    if (session.host != host) continue;
    if (session.before_tls.find(marker) != std::string::npos) return true;
    if (session.under_tls.find(marker) != std::string::npos) return true;
    const bool ours =
        std::ranges::any_of(recipients, [&](const auto& r) { return has_recipient(session.recipients, r); });
    const bool theirs_too = std::ranges::any_of(
        session.letters, [&](const ReceivedLetter& letter) { return letter.body.find(marker) == std::string::npos; });
    if (ours && !theirs_too && session.body_bytes > 0) return true;
  }
  const auto real = seen.real_letters.find(host);
  if (real == seen.real_letters.end()) return false;
  return std::ranges::any_of(real->second,
                             [&](const auto& letter) { return letter.find(marker) != std::string::npos; });
}

void check_questions(const std::vector<std::string>& not_asked, const std::vector<std::string>& asked,
                     std::vector<Mismatch>& mismatches) {
  for (const std::string& question : not_asked) {
    const std::string wanted = normal_question(question);
    if (std::ranges::any_of(asked, [&](const auto& a) { return normal_question(a) == wanted; })) {
      mismatches.push_back({"not_asked", "nobody asks " + question, "asked"});
    }
  }
}

void check_amounts(const std::map<Domain, std::int64_t>& asked_at_most, const std::vector<std::string>& asked,
                   std::vector<Mismatch>& mismatches) {
  for (const auto& [above, most] : asked_at_most) {
    const auto count = std::ranges::count_if(asked, [&](const std::string& question) {
      const auto name = Domain::parse_dns(std::string_view(question).substr(question.find(' ') + 1));
      return name && name->is_within(above);
    });
    if (count > most) {
      mismatches.push_back({"asked_at_most", fmt::format("{} questions at most below {}", most, above.ascii()),
                            fmt::format("{} were asked", count)});
    }
  }
}

}  // namespace

bool CaseResult::as_expected() const {
  return trouble.empty() && mismatches.empty() &&
         std::ranges::all_of(rows, [](const RecipientRow& row) { return row.mismatches.empty(); });
}

CaseResult compare(const CaseSpec& spec, Observation observation) {
  CaseResult result;
  result.name = spec.name;
  result.about = spec.about;
  result.trouble = std::move(observation.trouble);
  if (!result.trouble.empty()) return result;
  for (const std::string& recipient : spec.recipients) result.rows.push_back(judge(spec, observation, recipient));
  for (const std::string& name : spec.no_body_at) {
    const auto host = Domain::parse_dns(name);
    if (host && body_reached(observation, *host, spec.recipients)) {
      result.mismatches.push_back({"no_body_at", "no octet of the letter at " + name, "octets of it were received"});
    }
  }
  check_questions(spec.expect.not_asked, observation.asked, result.mismatches);
  check_amounts(spec.expect.asked_at_most, observation.asked, result.mismatches);
  for (const auto& [recipient, expected] : spec.expect_for) {
    check_questions(expected.not_asked, observation.asked, result.mismatches);
    check_amounts(expected.asked_at_most, observation.asked, result.mismatches);
  }
  result.records = std::move(observation.records);
  return result;
}

std::string describe_published(const policy::Facts& facts) {
  std::vector<std::string> parts;
  std::set<std::string> tlsa;
  bool tlsa_failed = false;
  for (const policy::HostFacts& host : facts.hosts) {
    for (const auto& record : host.tlsa_set.usable) {
      tlsa.insert(fmt::format("{} {} {}", record.usage, record.selector, record.matching_type));
    }
    if (host.tlsa_set.usable.empty() && !host.tlsa_set.unusable.empty()) tlsa.insert("unusable");
    tlsa_failed |= host.tlsa.state == dane::TlsaLookup::State::Failed;
  }
  if (facts.mx_lookup) parts.push_back("MX " + dns::describe(facts.mx.state, facts.mx.secure, facts.mx.failure));
  if (!tlsa.empty()) parts.push_back(fmt::format("TLSA {}", fmt::join(tlsa, ", ")));
  if (tlsa_failed) parts.emplace_back("TLSA unknown");
  if (facts.sts.policy) parts.push_back(fmt::format("STS {}", mtasts::to_string(facts.sts.policy->mode)));
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string normal_question(std::string_view question) {
  std::string text = lower(question);
  while (text.ends_with('.')) text.pop_back();
  const auto name = text.find(' ');
  if (text.starts_with("tlsa _") && name != std::string::npos) {
    const auto dot = text.find('.', name);
    if (dot != std::string::npos) text.replace(name + 1, dot - name - 1, "_25");
  }
  return text;
}

}  // namespace postseal::lab
