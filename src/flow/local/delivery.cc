// SPDX-License-Identifier: Apache-2.0
#include "flow/local/delivery.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "edge/maildir/maildir.h"
#include "flow/local/lmtp.h"
#include "flow/local/verdict.h"
#include "vocab/await_all.h"

namespace postseal::local {

namespace asio = boost::asio;

namespace {

using StoreResult = std::expected<maildir::Stored, maildir::Failure>;

/// Runs where it is spawned: on a thread that may block.
Awaitable<StoreResult> store(std::string folder, maildir::Copy copy) { co_return maildir::store_letter(folder, copy); }

}  // namespace

struct Delivery::Impl {
  Impl(DeliverySettings with, const Clock& clock)
      : settings(std::move(with)), started(clock.now()), disk(settings.maildir_threads), lmtp(settings) {}
  ~Impl() { disk.join(); }

  Awaitable<Verdict> to_maildir(std::string root, std::shared_ptr<const LocalJob> job, LocalRecipient recipient) {
    const std::string host = "maildir:" + root;
    const Mailbox mailbox = job->envelope.recipients[recipient.index].mailbox;
    const Domain* domain = std::get_if<Domain>(&mailbox.destination());
    if (!domain || recipient.user.empty() || root.empty()) {
      const maildir::Failure nowhere{maildir::FailureCode::NotAllowed,
                                     "no Maildir is configured for " + mailbox.to_string()};
      co_return maildir_verdict(recipient.index, host, std::unexpected(nowhere));
    }
    maildir::Copy copy{.id = job->id,
                       .recipient = recipient.index,
                       .from = job->envelope.from,
                       .delivered_to = mailbox,
                       .received = job->envelope.received,
                       .open = job->open,
                       .hostname = settings.hostname,
                       // Only an earlier life can have stored it without having told the queue.
                       .may_be_there = job->envelope.received <= started,
                       .junk = job->envelope.quarantined};
    const std::string folder = maildir::folder_of(root, *domain, recipient.user);
    const StoreResult result = co_await asio::co_spawn(disk, store(folder, std::move(copy)), asio::use_awaitable);
    co_return maildir_verdict(recipient.index, host, result);
  }

  Awaitable<std::vector<Verdict>> to_maildirs(std::string root, LocalJob job) {
    const auto shared = std::make_shared<const LocalJob>(std::move(job));
    std::vector<Awaitable<Verdict>> tasks;
    for (const LocalRecipient& recipient : shared->recipients) tasks.push_back(to_maildir(root, shared, recipient));
    co_return co_await await_all(std::move(tasks));
  }

  const DeliverySettings settings;
  const WallTime started;
  asio::thread_pool disk;
  LmtpDelivery lmtp;
};

Delivery::Delivery(DeliverySettings settings, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(settings), clock)) {}
Delivery::~Delivery() = default;

Awaitable<std::vector<Verdict>> Delivery::deliver(LocalJob job) {
  if (const auto* maildir = std::get_if<addressing::ToMaildir>(&job.transport)) {
    std::string root = maildir->root;
    co_return co_await impl_->to_maildirs(std::move(root), std::move(job));
  }
  if (const auto* lmtp = std::get_if<addressing::ToLmtp>(&job.transport)) {
    addressing::ToLmtp endpoint = *lmtp;
    co_return co_await impl_->lmtp.deliver(std::move(endpoint), std::move(job));
  }
  co_return all_unreachable(job, "local", "another host was asked for, which is not for local delivery");
}

Awaitable<void> Delivery::close() { return impl_->lmtp.close(); }

}  // namespace postseal::local
