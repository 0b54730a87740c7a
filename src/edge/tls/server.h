#pragma once
// SPDX-License-Identifier: Apache-2.0
// TLS as a server, over any Stream. Used by the lab now and by the mail server later.
#include <expected>
#include <memory>
#include <string>

#include "edge/net/stream.h"

namespace postseal::tls {

struct ServerSettings {
  std::string chain_pem;  ///< leaf first
  std::string key_pem;
  std::string min_version = "TLSv1.2";  ///< "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"
  std::string max_version = "TLSv1.3";
  std::string ciphers;  ///< OpenSSL cipher string for TLS 1.2 and below; empty: the library's default
  /// OpenSSL's: 2 refuses RSA-1024 and SHA-1 in the own chain; labs that show such a chain need 0. Versions below
  /// TLSv1.2 go to 0 by themselves.
  int security_level = 2;
};

class ServerContext {
 public:
  /// The error says what OpenSSL refused.
  static std::expected<ServerContext, std::string> create(const ServerSettings& settings);
  ServerContext(ServerContext&&) noexcept;
  ServerContext& operator=(ServerContext&&) noexcept;
  ~ServerContext();

  struct Session {
    std::unique_ptr<net::Stream> stream;
    std::string version, cipher, sni;
    bool resumed = false;
  };
  Awaitable<std::expected<Session, net::IoError>> start(std::unique_ptr<net::Stream> plain, Deadline deadline) const;

 private:
  ServerContext();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::tls
