#pragma once
// SPDX-License-Identifier: Apache-2.0
// The queue's courier: mail for our own mailboxes goes to flow/local, everything else through verified delivery. Here
// the words of both are put into the queue's.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "edge/observe/metrics.h"
#include "flow/local/delivery.h"
#include "flow/outbound/deliver.h"
#include "flow/queue/courier.h"
#include "protocol/addressing/directory.h"

namespace postseal::dispatch {

class MailCourier final : public queue::Courier {
 public:
  using CurrentDirectory = std::function<std::shared_ptr<const addressing::Directory>()>;

  /// All must outlive it. directory: the one in force, asked anew for each letter.
  MailCourier(outbound::Outbound& outbound, local::Delivery& local, CurrentDirectory directory,
              observe::Metrics& metrics, const Clock& clock)
      : outbound_(outbound), local_(local), directory_(std::move(directory)), metrics_(metrics), clock_(clock) {}

  Awaitable<queue::Route> find_route(queue::NextHop next_hop) override;
  Awaitable<queue::AttemptResult> deliver(queue::Job job) override;

 private:
  Awaitable<queue::AttemptResult> deliver_here(queue::Job job);
  Awaitable<queue::AttemptResult> deliver_outward(queue::Job job);
  /// In one transaction for each host. job and result outlive the wait.
  Awaitable<void> send(const queue::Job& job, ReversePath from, queue::AttemptResult& result);

  outbound::Outbound& outbound_;
  local::Delivery& local_;
  CurrentDirectory directory_;
  observe::Metrics& metrics_;
  const Clock& clock_;
};

}  // namespace postseal::dispatch
