// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/authentication.h"

#include <fmt/format.h>

#include "flow/authenticate/results.h"
#include "flow/authenticate/trust.h"
#include "vocab/await_all.h"

namespace postseal::authenticate {

namespace {

constexpr std::string_view kQuarantine = "Postseal-Quarantine";

std::string header_of(const Outcome& outcome, const Rules& rules, authres::Charset charset) {
  std::string header = authres::format(rules.authserv_id(), outcome.results, charset);
  if (outcome.ruling.course == Course::Quarantine)
    header += fmt::format("{}: {}\r\n", kQuarantine, to_string(outcome.ruling.cause));
  return header;
}

/// RFC 9989 §4.4.2, §3.2.4: MAIL FROM, or postmaster@HELO in place of <>; nothing where it has no domain.
std::optional<dmarc::SpfIdentity> spf_identity(const spf::Verdict& verdict) {
  // As DNS has it: names with underscores send mail, too.
  auto domain = Domain::parse_dns(verdict.domain);
  if (!domain || domain->is_root()) return std::nullopt;
  return dmarc::SpfIdentity{std::move(*domain), verdict.result};
}

/// Any of the fields that a chain is made of. What a header over its limits has is not known.
bool has_chain(const dkim::MessagePass& pass) {
  if (pass.header_state() != message::HeaderState::Complete) return true;
  const auto& index = pass.index();
  return index.count("arc-seal") + index.count("arc-message-signature") + index.count("arc-authentication-results") > 0;
}

std::vector<dmarc::DkimIdentity> dkim_identities(const std::vector<dkim::SignatureVerdict>& verdicts) {
  std::vector<dmarc::DkimIdentity> identities;
  for (const auto& verdict : verdicts) {
    auto domain = Domain::parse_dns(verdict.domain);
    // RFC 6376 §3.6.1: what is only tried out counts as if it were not signed.
    if (domain && !verdict.testing) identities.push_back({std::move(*domain), verdict.result});
  }
  return identities;
}

}  // namespace

/// What the checks that run side by side share; kept by each of them.
struct Authentication::Work {
  const Services& services;
  std::shared_ptr<Asking> asking;
  std::shared_ptr<const dkim::MessagePass> pass;
  std::shared_ptr<EarlyLookups> lookups;
  Deadline deadline;
  Findings findings;
};

Authentication::Authentication(const Services& services, std::shared_ptr<const Rules> rules, Client client,
                               const boost::asio::any_io_executor& executor, std::shared_ptr<Visitor> visitor)
    : services_(services),
      rules_(std::move(rules)),
      client_(std::move(client)),
      executor_(executor),
      visitor_(std::move(visitor)),
      asking_(std::make_shared<Asking>(services.resolver, services.turnstile, client_.ip)),
      pass_(std::make_shared<dkim::MessagePass>()) {}

Authentication::~Authentication() { cancel(); }

/// A24: names of signatures, and of the client, are a stranger's choice, and his name servers may take all the time
/// that there is. What the author's domain asks for has a part of it that he cannot use up.
Deadline Authentication::before_dmarc() const {
  return Deadline::in(std::chrono::milliseconds(rules_->settings.timeout) * 3 / 4);
}

void Authentication::begin_lookups() {
  lookups_ = std::make_shared<EarlyLookups>(executor_, asking_, client_, rules_->hostname, visitor_, before_dmarc());
}

Awaitable<bool> Authentication::verify_signatures(std::shared_ptr<Work> work) {
  work->findings.dkim = co_await dkim::verify(work->pass, *work->asking, work->services.offload,
                                              work->services.clock.now(), work->deadline);
  co_return true;
}

Awaitable<bool> Authentication::verify_chain(std::shared_ptr<Work> work) {
  work->findings.arc = co_await arc::verify(work->pass, *work->asking, work->services.offload,
                                            work->services.clock.now(), work->deadline);
  co_return true;
}

Awaitable<void> Authentication::take_lookups(std::shared_ptr<Work> work) {
  auto found = co_await work->lookups->take();
  work->findings.spf = std::move(found.spf);
  work->findings.helo = std::move(found.helo);
  work->findings.iprev = std::move(found.iprev);
}

Awaitable<void> Authentication::ask_author(Findings& findings, Deadline deadline) {
  // A24: of a header over its limits nobody knows what else is in it.
  findings.author = pass_->header_state() == message::HeaderState::Complete
                        ? message::find_author(pass_->fields())
                        : std::unexpected(message::AuthorProblem::HeaderTooLarge);
  if (!findings.author) co_return;
  dmarc::Question question{findings.author->domain, spf_identity(findings.spf), dkim_identities(findings.dkim)};
  if (!visitor_->until.passed() && visitor_->dmarc_question == question) {
    findings.dmarc = visitor_->dmarc_verdict;
  } else {
    findings.dmarc = co_await dmarc::check(*asking_, question, deadline);
    if (findings.dmarc->result != dmarc::Result::TempError && !asking_->unknown()) {
      visitor_->dmarc_question = std::move(question);
      visitor_->dmarc_verdict = *findings.dmarc;
    }
  }
  if (findings.dmarc->result == dmarc::Result::Fail || findings.dmarc->result == dmarc::Result::TempError)
    findings.voucher = find_voucher(findings.arc, findings.author->domain, rules_->settings.trusted_sealers);
}

Awaitable<std::unique_ptr<const Outcome>> Authentication::finish(authres::Charset charset) {
  pass_->finish();
  if (!lookups_) begin_lookups();
  const Deadline deadline = Deadline::in(rules_->settings.timeout);
  const auto work = std::make_shared<Work>(Work{services_, asking_, pass_, lookups_, before_dmarc(), {}});
  if (has_chain(*pass_)) {
    std::vector<Awaitable<bool>> checks;
    checks.push_back(verify_signatures(work));
    checks.push_back(verify_chain(work));
    co_await await_all(std::move(checks));
  } else {
    co_await verify_signatures(work);
  }
  // Begun long ago, and mostly over by now.
  co_await take_lookups(work);

  auto outcome = std::make_unique<Outcome>();
  outcome->findings = std::move(work->findings);
  outcome->findings.client = client_;
  co_await ask_author(outcome->findings, deadline);
  outcome->findings.gave_up = asking_->gave_up();
  outcome->ruling = rule(outcome->findings, rules_->settings);
  outcome->results = results_of(outcome->findings);
  outcome->header = header_of(*outcome, *rules_, charset);
  co_return outcome;
}

bool is_forged(const message::HeaderField& field, std::string_view authserv_id) {
  return field.is("postseal-quarantine") || authres::carries_authserv_id(field, authserv_id);
}

}  // namespace postseal::authenticate
