// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/log_witness.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace postseal::queue {

using observe::Counter;
using observe::Level;

namespace {

std::string_view metric_label(Security security) {
  switch (security) {
    case Security::Unknown:
    case Security::Plaintext:
      return "plaintext";
    case Security::Tls:
      return "encrypted";
    case Security::StsEnforce:
      return "mta-sts";
    case Security::Dane:
      return "dane";
    case Security::Local:
      return "local";
  }
  return "";
}

std::string sender_of(const spool::Envelope& envelope) { return envelope.from ? envelope.from->to_string() : "<>"; }

}  // namespace

void LogWitness::attempted(const AttemptSeen& seen) {
  const auto& [letter, result, site, last, attempt_seconds, queue_seconds, attempts] = seen;
  const bool delivered = result.outcome == DeliveryOutcome::Delivered;
  const std::string id = letter.id.to_string(), from = sender_of(letter.envelope);
  const std::string to = letter.envelope.recipients[result.index].mailbox.to_string();
  const std::string status = result.status.to_string();
  const std::string reply = result.reply ? result.reply->to_string() : "";
  log_.write(delivered ? Level::Info : Level::Warning, "attempt",
             {{"letter", id},
              {"from", from},
              {"to", to},
              {"outcome", to_string(result.outcome)},
              {"status", status},
              {"host", result.host},
              {"site", site},
              {"desired", result.desired},
              {"actual", result.proof},
              {"security", to_string(result.actual)},
              {"attempt", static_cast<std::int64_t>(attempts)},
              {"last", last},
              {"seconds", attempt_seconds},
              {"age", queue_seconds},
              {"reply", reply},
              {"why", result.explanation}});
  metrics_.add(Counter::Attempts, to_string(result.outcome));
  metrics_.observe(observe::Histogram::DeliverySeconds, attempt_seconds);
  if (!delivered) return;
  metrics_.add(Counter::Deliveries, metric_label(result.actual));
  metrics_.observe(observe::Histogram::QueueSeconds, queue_seconds);
}

void LogWitness::notified(const spool::QueuedLetter& letter, std::string_view kind, spool::LetterId notification) {
  const std::string id = letter.id.to_string(), to = sender_of(letter.envelope), own = notification.to_string();
  log_.write(Level::Info, "notified", {{"letter", id}, {"to", to}, {"kind", kind}, {"notification", own}});
  metrics_.add(Counter::Notifications, kind);
}

void LogWitness::double_bounce(const spool::QueuedLetter& letter, const Mailbox& recipient,
                               std::string_view explanation) {
  const std::string id = letter.id.to_string(), to = recipient.to_string();
  log_.write(Level::Warning, "double-bounce", {{"letter", id}, {"to", to}, {"why", explanation}});
}

void LogWitness::downgraded(const MailDestination& domain, Security before, WallTime seen, Security now,
                            bool deferred) {
  const std::string name = to_string(domain), date = fmt::format("{:%F}", seen);
  log_.write(Level::Warning, "downgrade",
             {{"domain", name},
              {"before", to_string(before)},
              {"seen", date},
              {"now", to_string(now)},
              {"deferred", deferred}});
  metrics_.add(Counter::Downgrades);
}

void LogWitness::store_failed(std::string_view what, const spool::StoreError& error) {
  log_.write(Level::Error, "store", {{"while", what}, {"code", spool::to_string(error.code)}, {"why", error.what}});
  metrics_.add(Counter::StoreErrors, spool::to_string(error.code));
}

void LogWitness::wrong(std::string_view what) { log_.write(Level::Error, "bug", {{"what", what}}); }

void LogWitness::operated(std::string_view operation, spool::LetterId letter, std::string_view detail) {
  const std::string id = letter.to_string();
  log_.write(Level::Info, "operator", {{"operation", operation}, {"letter", id}, {"detail", detail}});
}

void LogWitness::numbers(const QueueNumbers& numbers) {
  metrics_.set(observe::Gauge::LettersQueued, static_cast<double>(numbers.letters));
  metrics_.set(observe::Gauge::LettersReady, static_cast<double>(numbers.ready));
  metrics_.set(observe::Gauge::LettersHeld, static_cast<double>(numbers.held));
}

}  // namespace postseal::queue
