#pragma once
// SPDX-License-Identifier: Apache-2.0
// A little signed DNS of its own on loopback: a root, "test." below it and what is broken below that, signed with
// ldns-signzone and served by knotd on a random port. Everything lives in a temporary directory that goes away.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace postseal::tests {

class SignedZones {
 public:
  /// Signs, starts knotd and waits until it answers. Throws std::runtime_error with the reason.
  SignedZones();
  ~SignedZones();
  SignedZones(const SignedZones&) = delete;
  SignedZones& operator=(const SignedZones&) = delete;

  std::uint16_t port() const { return port_; }
  /// The DS record of the root.
  std::string trust_anchor() const { return (dir_ / "anchor.ds").string(); }
  /// The DS record of another root.
  std::string wrong_anchor() const { return (dir_ / "wrong.ds").string(); }
  const std::filesystem::path& dir() const { return dir_; }

 private:
  void sign_all();
  void write_config();
  void start();
  bool answers() const;

  std::filesystem::path dir_;
  std::uint16_t port_ = 0;
  pid_t knotd_ = -1;
};

/// A loopback port nobody listens on, for UDP and TCP.
std::uint16_t free_loopback_port();

}  // namespace postseal::tests
