#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is in force now and a reload swaps whole: rules for sessions, the directory of our addresses, the certificate.
// Sessions hold on to what they began with.
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/accounts/accounts.h"
#include "edge/settings/settings.h"
#include "edge/tls/server.h"
#include "flow/inbound/surroundings.h"
#include "protocol/addressing/directory.h"

namespace postseal::daemon {

/// Users and forwards of the accounts join the domains and aliases of the settings. An account whose domain is not ours
/// is named in complaints.
addressing::Directory build_directory(const settings::Settings& settings,
                                      const std::vector<accounts::AccountInfo>& accounts,
                                      std::vector<std::string>& complaints);

/// From server.certificate and server.key; nullptr where neither is set. The error names the file and what to do.
std::expected<std::shared_ptr<const tls::ServerContext>, std::string> load_certificate(
    const settings::ServerSettings& settings, std::shared_ptr<tls::TicketKeys> tickets);

inbound::Rules rules_of(const settings::Settings& settings);

/// One value for all threads, exchanged whole.
template <class T>
class Current {
 public:
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void set(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace postseal::daemon
