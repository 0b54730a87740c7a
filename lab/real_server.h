#pragma once
// SPDX-License-Identifier: Apache-2.0
// A real mail server (Postfix, Exim) in a process of its own, started by the command of a MailServerSpec. What the
// command finds in its environment, and where it must put what it receives, is said in docs/lab.md.
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "vocab/clock.h"
#include "vocab/domain.h"
#include "vocab/ip_address.h"

namespace postseal::lab {

struct RealServerSetup {
  Domain host;
  std::vector<std::string> command;  ///< the program with its arguments
  IpAddress address;
  std::uint16_t port = 25;
  std::string chain_pem, key_pem;
  std::filesystem::path directory;  ///< its own; made if missing. Letters arrive in directory/received (Maildir)
};

class RealServer {
 public:
  /// Starts it and waits until its port answers. The error ends with the last line that the server wrote.
  /// REQUIRES: called from a thread that lives as long as the server: the server dies with it.
  static std::expected<std::unique_ptr<RealServer>, std::string> start(RealServerSetup setup, Deadline deadline);
  /// Ends it and everything it started.
  ~RealServer();

  /// The letters that have arrived, one file each, as they are on disk: with the server's own header fields on top.
  std::vector<std::string> received() const;
  const RealServerSetup& setup() const { return setup_; }

 private:
  RealServer(RealServerSetup setup, int pid) : setup_(std::move(setup)), pid_(pid) {}
  RealServerSetup setup_;
  int pid_;
};

}  // namespace postseal::lab
