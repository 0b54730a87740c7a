#pragma once
// SPDX-License-Identifier: Apache-2.0
// An HTTPS server for this room's tests: one thread, one connection after another, and whatever bytes the test says.
#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/certificates.h"

namespace postseal::http::tests {

/// The connection after the handshake and the request.
class Peer {
 public:
  explicit Peer(SSL* ssl) : ssl_(ssl) {}
  /// False once the client is gone.
  bool send(const std::string& bytes);
  /// Waits until the client is gone.
  void wait_for_end();

 private:
  SSL* ssl_;
};

struct ServerAsk {
  postseal::tests::Certificate certificate;
  std::vector<std::string> chain_pem;  ///< sent above the certificate
  std::string address = "127.0.0.1";
  int max_version = 0;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;
  ScriptedServer(const ServerAsk& ask, Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// After the fetch has ended: what was asked last.
  std::string request() const { return request_; }
  std::string server_name() const { return server_name_; }
  int requests() const { return requests_; }

 private:
  void serve();
  void serve_one(int connection);

  SSL_CTX* context_ = nullptr;
  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> active_ = -1;
  std::atomic<bool> closing_ = false;
  std::atomic<int> requests_ = 0;
  std::string request_;
  std::string server_name_;
  std::thread thread_;
};

}  // namespace postseal::http::tests
