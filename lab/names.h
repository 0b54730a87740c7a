#pragma once
// SPDX-License-Identifier: Apache-2.0
// The names of a world, served: zones written and signed, Knot behind the name front, the trust anchor in a file.
#include <boost/asio/any_io_executor.hpp>

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/settings/settings.h"
#include "lab/addresses.h"
#include "lab/credentials.h"
#include "lab/name_front.h"
#include "lab/name_server.h"
#include "lab/world.h"

namespace postseal::lab {

struct NamesSetup {
  const World& world;
  const Addresses& addresses;
  const Credentials& credentials;
  std::filesystem::path directory;  ///< its own; made if missing
  std::uint16_t smtp_port = 25;     ///< in the names of TLSA records
  std::uint16_t dns_port = 0;       ///< of the name front; 0: any that is free
};

class Names {
 public:
  /// The zones are served when this returns; the front answers as soon as the executor runs. REQUIRES: the calling
  /// thread lives as long as the result, and runs the executor.
  static std::expected<Names, std::string> start(const NamesSetup& setup, boost::asio::any_io_executor executor,
                                                 Deadline deadline);

  /// resolver.mode, resolver.root and resolver.trust_anchor of somebody who lives in this world.
  void apply(settings::Settings& settings) const;
  settings::HostPort root() const { return {Addresses::name_front(), front_->port()}; }
  const std::string& trust_anchor() const { return trust_anchor_; }
  /// See NameFront::asked().
  std::vector<std::string> asked() const { return front_->asked(); }

 private:
  Names(NameServer server, std::unique_ptr<NameFront> front, std::string trust_anchor)
      : server_(std::move(server)), front_(std::move(front)), trust_anchor_(std::move(trust_anchor)) {}
  NameServer server_;
  std::unique_ptr<NameFront> front_;
  std::string trust_anchor_;
};

}  // namespace postseal::lab
