#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the name front does with one question: pure, so that faults are tested without sockets.
#include <chrono>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lab/dns_packet.h"
#include "lab/world.h"

namespace postseal::lab {

/// An answer that comes unasked, over UDP, before whatever else comes.
struct Forgery {
  enum class From { Server, OtherPort, OtherAddress };
  From from = From::Server;
  Bytes packet;
};

struct NameAction {
  bool pass = true;            ///< ask the real server
  bool set_ad = false;         ///< in what it answers
  bool other_case = false;     ///< of the letters of the question in what it answers
  std::optional<Bytes> reply;  ///< if not passed: this, or nothing at all
  std::chrono::milliseconds delay{0};
  std::vector<Forgery> forgeries = {};
};

class NameFaults {
 public:
  /// The error names the fault that cannot be.
  static std::expected<NameFaults, std::string> create(std::vector<FaultSpec> faults, std::uint16_t smtp_port);
  NameAction decide(std::span<const std::uint8_t> query, const Question& question, bool over_tcp) const;

 private:
  struct Fault {
    FaultSpec spec;
    std::optional<std::uint16_t> type;  ///< absent: any
    std::vector<Rdata> answer;
  };
  std::vector<Fault> faults_;
};

}  // namespace postseal::lab
