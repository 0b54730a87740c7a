#pragma once
// SPDX-License-Identifier: Apache-2.0
// A socket that listens, before anybody has accepted from it: opened here, or handed over by systemd.
#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <string>

#include "vocab/ip_address.h"

namespace postseal::http {

class ListeningSocket {
 public:
  /// Bound with this mode from its first moment. A socket that nobody answers at any more is replaced; one at which
  /// somebody does, or a file that is no socket, is an error.
  static std::expected<ListeningSocket, std::string> on_unix(const std::string& path, mode_t mode);
  static std::expected<ListeningSocket, std::string> on_tcp(const IpAddress& address, std::uint16_t port);
  /// Takes over a descriptor that listens already.
  static ListeningSocket adopt(int descriptor);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;
  ~ListeningSocket();  ///< removes the file of on_unix()

  int descriptor() const { return descriptor_; }
  std::uint16_t port() const;  ///< 0 unless TCP
  /// Closes, and removes the file of on_unix().
  void close() noexcept;

 private:
  explicit ListeningSocket(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
  std::string path_;
};

}  // namespace postseal::http
