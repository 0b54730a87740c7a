#pragma once
// SPDX-License-Identifier: Apache-2.0
// Answers to a ClientHello, made by hand, that no TLS library of today would give (A14): versions and ciphers that were
// never offered, groups too small to mean anything, signs of a downgrade, a heartbeat. A client that means well ends
// each of them with an alert. What is not the point of a script is as an honest server would have it.
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/tls/server.h"

namespace postseal::lab {

class HelloScript {
 public:
  /// name: one of world.h's, not empty. identity: chain and key; the two of "dhe-" sign with it, so its key is RSA.
  static std::expected<HelloScript, std::string> create(std::string_view name, const tls::ServerSettings& identity);
  HelloScript(HelloScript&&) noexcept;
  HelloScript& operator=(HelloScript&&) noexcept;
  ~HelloScript();

  /// How many octets of what was received the ClientHello's record takes; nullopt: more must come.
  /// What is no TLS record counts as whole: there is nothing to wait for.
  static std::optional<std::size_t> hello_size(std::string_view received);

  /// The server's records, to be sent at once. REQUIRES: hello_size() found it whole.
  std::string answer(std::string_view hello) const;

 private:
  struct Impl;
  explicit HelloScript(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::lab
