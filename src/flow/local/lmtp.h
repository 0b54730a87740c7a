#pragma once
// SPDX-License-Identifier: Apache-2.0
// Delivery by LMTP (RFC 2033): one transaction for a letter, a reply for each recipient. Sessions are kept for the next
// letter.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "flow/local/delivery.h"
#include "flow/outbound/converse.h"

namespace postseal::local {

/// "lmtp:/run/dovecot/lmtp", "lmtp:127.0.0.1:24".
std::string to_string(const addressing::ToLmtp& endpoint);

class LmtpDelivery {
 public:
  explicit LmtpDelivery(const DeliverySettings& settings) : settings_(settings) {}

  Awaitable<std::vector<Verdict>> deliver(addressing::ToLmtp endpoint, LocalJob job);
  Awaitable<void> close();

 private:
  struct Session {
    std::unique_ptr<outbound::Conversation> talk;
    std::uint32_t letters = 0;
    bool reused = false;
    SteadyTime idle_since{};
  };

  std::unique_ptr<Session> take(const std::string& name);
  void put(const std::string& name, std::unique_ptr<Session> session);
  Awaitable<std::expected<std::unique_ptr<Session>, std::string>> open(addressing::ToLmtp endpoint, Deadline deadline);

  const DeliverySettings& settings_;
  std::map<std::string, std::vector<std::unique_ptr<Session>>> idle_;
};

}  // namespace postseal::local
