#pragma once
// SPDX-License-Identifier: Apache-2.0
// The name server that resolvers of the lab talk to, over UDP and TCP: passes questions on to the real server, except
// those for which the world asks for a fault, and keeps a list of what it was asked. Bounded in everything it holds.
#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "lab/world.h"

namespace postseal::lab {

struct NameFrontSetup {
  IpAddress address;
  std::uint16_t port = 0;  ///< 0: any that is free
  IpAddress server;
  std::uint16_t server_port = 53;
  std::vector<FaultSpec> faults;  ///< the first that fits a question counts
  std::uint16_t smtp_port = 25;   ///< what "_25._tcp" stands for
};

inline constexpr std::size_t kMaxAsked = 100000;

struct NameFrontState;

class NameFront {
 public:
  /// Serves as long as the executor runs, until it is destroyed. REQUIRES: the executor is one thread's; every call
  /// comes from there, or while nothing runs.
  static std::expected<std::unique_ptr<NameFront>, std::string> start(NameFrontSetup setup,
                                                                      boost::asio::any_io_executor executor);
  ~NameFront();

  std::uint16_t port() const;
  /// "TLSA _25._tcp.mx.d29.test", in the order asked, with the symbolic port; the last kMaxAsked of them.
  std::vector<std::string> asked() const;

 private:
  explicit NameFront(std::shared_ptr<NameFrontState> state);
  std::shared_ptr<NameFrontState> state_;
};

}  // namespace postseal::lab
