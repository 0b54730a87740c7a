// SPDX-License-Identifier: Apache-2.0
#include "flow/local/lmtp.h"

#include <fmt/format.h>

#include <utility>

#include "edge/net/dial.h"
#include "edge/net/dial_unix.h"
#include "flow/local/verdict.h"

namespace postseal::local {
namespace {

using StreamResult = std::expected<std::unique_ptr<net::Stream>, std::string>;

Awaitable<StreamResult> dial(addressing::ToLmtp endpoint, Deadline deadline) {
  if (!endpoint.unix_path.empty()) {
    auto stream = co_await net::dial_unix(endpoint.unix_path, deadline);
    if (!stream) co_return std::unexpected(stream.error().context);
    co_return std::move(*stream);
  }
  if (!endpoint.address) co_return std::unexpected("neither a socket nor an address is configured");
  std::vector<IpAddress> addresses{*endpoint.address};
  auto dialled = co_await net::dial_tcp(std::move(addresses), endpoint.port, {}, deadline);
  if (!dialled) co_return std::unexpected(dialled.error().back().error.context);
  co_return std::move(dialled->stream);
}

smtp::Transaction transaction_of(const LocalJob& job) {
  smtp::Transaction transaction;
  transaction.from = job.envelope.from;
  for (const LocalRecipient& recipient : job.recipients) {
    transaction.recipients.push_back(job.envelope.recipients[recipient.index].mailbox);
  }
  transaction.size = job.envelope.size;
  transaction.eight_bit = job.envelope.eight_bit;
  transaction.utf8_headers = job.envelope.utf8_headers;
  // RFC 8689 §4.4: REQUIRETLS ends where mail is delivered; LMTP runs inside of one host or network. Notifications of
  // success come from the queue (RFC 3461 §5.2.3), so the LMTP server is not asked for any.
  return transaction;
}

/// Nothing of this transaction has come to the server's ears: it closed a session that had waited too long.
bool was_stale(const smtp::SessionEnd& end) {
  if (end.in_doubt || end.failure == smtp::SessionFailure::MessageBroken) return false;
  for (const smtp::RecipientOutcome& outcome : end.transaction) {
    if (outcome.stage != smtp::Stage::Local) return false;
  }
  return true;
}

}  // namespace

std::string to_string(const addressing::ToLmtp& endpoint) {
  if (!endpoint.unix_path.empty()) return "lmtp:" + endpoint.unix_path;
  if (!endpoint.address) return "lmtp:";
  const std::string address = endpoint.address->to_string();
  return fmt::format(fmt::runtime(endpoint.address->is_v4() ? "lmtp:{}:{}" : "lmtp:[{}]:{}"), address, endpoint.port);
}

std::unique_ptr<LmtpDelivery::Session> LmtpDelivery::take(const std::string& name) {
  auto& waiting = idle_[name];
  const auto oldest = std::chrono::steady_clock::now() - settings_.idle_session;
  std::erase_if(waiting, [&](const auto& session) { return session->idle_since < oldest; });
  if (waiting.empty()) return nullptr;
  auto session = std::move(waiting.back());
  waiting.pop_back();
  session->reused = true;
  return session;
}

void LmtpDelivery::put(const std::string& name, std::unique_ptr<Session> session) {
  auto& waiting = idle_[name];
  const bool used_up = ++session->letters >= settings_.letters_per_session;
  if (used_up || waiting.size() >= settings_.idle_sessions_per_endpoint) return;
  session->idle_since = std::chrono::steady_clock::now();
  waiting.push_back(std::move(session));
}

Awaitable<std::expected<std::unique_ptr<LmtpDelivery::Session>, std::string>> LmtpDelivery::open(
    addressing::ToLmtp endpoint, Deadline deadline) {
  auto stream = co_await dial(endpoint, Deadline::in(settings_.connect_timeout).earlier(deadline));
  if (!stream) co_return std::unexpected("cannot connect: " + stream.error());
  smtp::ClientSettings client;
  client.dialect = smtp::Dialect::Lmtp;
  client.helo_name = settings_.hostname;
  auto session = std::make_unique<Session>();
  session->talk = std::make_unique<outbound::Conversation>(std::move(*stream), std::move(client), Domain(), nullptr);
  auto event = co_await session->talk->next_event(deadline);
  if (!event) co_return std::unexpected(event.error().context);
  if (std::holds_alternative<smtp::Ready>(*event)) co_return session;
  std::string reason = "the dialogue went out of step";
  if (const auto* end = std::get_if<smtp::SessionEnd>(&*event)) {
    reason = end->reason;
    if (end->reply) reason += fmt::format(" ({})", end->reply->to_string());
  }
  co_await session->talk->quit(deadline);
  co_return std::unexpected(reason);
}

Awaitable<std::vector<Verdict>> LmtpDelivery::deliver(addressing::ToLmtp endpoint, LocalJob job) {
  const std::string name = to_string(endpoint);
  const Deadline deadline = Deadline::in(settings_.letter_timeout);
  while (true) {
    auto session = take(name);
    if (!session) {
      auto opened = co_await open(endpoint, deadline);
      if (!opened) co_return all_unreachable(job, name, opened.error());
      session = std::move(*opened);
    }
    auto event = co_await session->talk->transact(transaction_of(job), job.open, deadline);
    if (!event) co_return all_unreachable(job, name, event.error().context);
    if (auto* done = std::get_if<smtp::TransactionEnd>(&*event)) {
      if (done->reusable) put(name, std::move(session));
      co_return lmtp_verdicts(job, name, done->recipients, "");
    }
    if (auto* end = std::get_if<smtp::SessionEnd>(&*event)) {
      if (session->reused && was_stale(*end)) continue;
      co_return lmtp_verdicts(job, name, end->transaction, end->reason);
    }
    co_return all_unreachable(job, name, "the dialogue went out of step");
  }
}

Awaitable<void> LmtpDelivery::close() {
  auto idle = std::exchange(idle_, {});
  for (auto& [name, sessions] : idle) {
    for (auto& session : sessions) co_await session->talk->quit(Deadline::in(std::chrono::seconds(2)));
  }
}

}  // namespace postseal::local
