// SPDX-License-Identifier: Apache-2.0
// Telling the sender: a notification is a letter of ours, on stable storage before anything is marked.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "flow/queue/queue_impl.h"

namespace postseal::queue {

namespace {

std::string_view kind_of(dsn::Action action) {
  switch (action) {
    case dsn::Action::Failed:
      return "failed";
    case dsn::Action::Delayed:
      return "delayed";
    case dsn::Action::Delivered:
    case dsn::Action::Relayed:
    case dsn::Action::Expanded:
      return "success";
  }
  return "";
}

}  // namespace

dsn::RecipientReport report_of(const spool::QueuedLetter& letter, std::uint32_t recipient, dsn::Action action,
                               const spool::RecipientState& state) {
  dsn::RecipientReport report;
  report.recipient = letter.envelope.recipients[recipient];
  report.action = action;
  report.status = state.code;
  report.remote_host = state.host;
  report.explanation = state.explanation;
  report.last_attempt = state.last_attempt;
  report.attempts = state.attempts;
  return report;
}

/// RFC 3462 §2, RFC 6522 §4: the header alone. No more of it than fits a notification.
std::string Queue::Impl::header_of(spool::LetterId id) {
  constexpr std::size_t kMost = 64 * 1024;
  std::string header;
  const auto open = services.store.open(id);
  const auto source = open ? open() : nullptr;
  if (!source) return header;
  std::array<char, 4096> piece;
  while (header.size() < kMost) {
    const std::ptrdiff_t length = source->read(piece);
    if (length <= 0) break;
    const std::size_t from = header.size() < 3 ? 0 : header.size() - 3;
    header.append(piece.data(), static_cast<std::size_t>(length));
    if (const auto end = header.find("\r\n\r\n", from); end != std::string::npos) {
      header.resize(end + 2);
      break;
    }
  }
  if (header.size() > kMost) header.resize(kMost);
  return header;
}

Awaitable<bool> Queue::Impl::notify(LetterPtr letter, std::vector<dsn::RecipientReport> reports) {
  if (reports.empty()) co_return true;
  const std::string_view kind = kind_of(reports.front().action);
  auto draft = services.store.begin();
  dsn::NotificationFacts facts;
  facts.hostname = hostname;
  facts.id = letter->id.to_string();
  facts.envelope = letter->envelope;
  facts.recipients = std::move(reports);
  facts.original_header = header_of(letter->id);
  facts.boundary = fmt::format("{:016x}{:016x}", random(), random());
  facts.message_id = fmt::format("<{}@{}>", draft->id().to_string(), hostname);
  facts.now = now().wall;
  const std::string text = dsn::compose(facts);
  auto envelope = dsn::envelope_of(facts, text);

  auto appended = co_await draft->append(text);
  std::string signature = appended && services.sign ? co_await services.sign(text) : std::string();
  if (!signature.empty()) appended = co_await draft->put_in_front(std::move(signature));
  if (!appended) {
    services.witness.store_failed("writing a notification", appended.error());
    co_return false;
  }
  auto committed = co_await services.store.commit(std::move(draft), std::move(envelope));
  if (!committed) {
    services.witness.store_failed("committing a notification", committed.error());
    co_return false;
  }
  services.witness.notified(*letter, kind, committed->id);
  admit(std::move(*committed));
  co_return true;
}

}  // namespace postseal::queue
