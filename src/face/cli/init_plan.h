#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `postseal init` is going to write, before it writes anything: paths, settings, the words at the end.
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "edge/settings/settings.h"

namespace postseal::cli {

struct InitWish {
  std::string hostname, user, directory, config, delivery = "maildir", run_as;
  std::vector<std::string> domains;
  std::string certificate, key;  ///< empty: self-signed ones are made
  std::optional<std::uint16_t>
      port_base;         ///< added to 25, 587 and 465; none: 0 for root without a directory, else 10000
  bool root = false;     ///< who asks
  std::string own_name;  ///< of who asks
};

struct InitPlan {
  settings::Settings settings;
  std::string config;
  std::vector<Mailbox> users;  ///< the first account
  bool makes_certificate = false;
  std::string socket_directory;  ///< made, too, where it is ours
};

/// The error is a sentence about the option that is wrong.
std::expected<InitPlan, std::string> plan_init(const InitWish& wish);

/// The file's text: a head that says where it comes from, then every key there is.
std::string config_text(const InitPlan& plan);

/// What is to be done next: DNS records, how to start, how to look. key_digest: of the certificate's key, for TLSA;
/// addresses: of this machine that the internet can reach; signing_records: zone lines of the keys that sign.
std::string next_steps(const InitPlan& plan, const std::string& key_digest, const std::vector<IpAddress>& addresses,
                       const std::vector<std::string>& signing_records = {});

}  // namespace postseal::cli
