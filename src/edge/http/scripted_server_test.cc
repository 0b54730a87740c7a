// SPDX-License-Identifier: Apache-2.0
#include "edge/http/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>
#include <csignal>

#include <array>
#include <memory>
#include <stdexcept>

namespace postseal::http::tests {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

std::unique_ptr<BIO, BioDeleter> memory(const std::string& text) {
  return std::unique_ptr<BIO, BioDeleter>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

void demand(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

SSL_CTX* make_context(const ServerAsk& ask) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  if (ask.max_version != 0) SSL_CTX_set_max_proto_version(context, ask.max_version);
  X509* leaf = PEM_read_bio_X509(memory(ask.certificate.pem).get(), nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(memory(ask.certificate.key_pem).get(), nullptr, nullptr, nullptr);
  demand(SSL_CTX_use_certificate(context, leaf) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1, "certificate");
  X509_free(leaf);
  EVP_PKEY_free(key);
  for (const std::string& pem : ask.chain_pem) {
    demand(SSL_CTX_add_extra_chain_cert(context, PEM_read_bio_X509(memory(pem).get(), nullptr, nullptr, nullptr)) == 1,
           "chain");
  }
  return context;
}

}  // namespace

bool Peer::send(const std::string& bytes) {
  return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

void Peer::wait_for_end() {
  std::array<char, 512> ignored{};
  while (SSL_read(ssl_, ignored.data(), ignored.size()) > 0) {
  }
}

ScriptedServer::ScriptedServer(const ServerAsk& ask, Script script) : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);
  context_ = make_context(ask);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  demand(::inet_pton(AF_INET, ask.address.c_str(), &address.sin_addr) == 1, "address");
  demand(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  demand(::listen(listener_, 16) == 0, "listen");
  socklen_t size = sizeof address;
  demand(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  closing_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  if (const int active = active_; active >= 0) ::shutdown(active, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
  SSL_CTX_free(context_);
}

void ScriptedServer::serve() {
  while (!closing_) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    active_ = connection;
    if (!closing_) serve_one(connection);
    active_ = -1;
    ::close(connection);
  }
}

void ScriptedServer::serve_one(int connection) {
  SSL* ssl = SSL_new(context_);
  SSL_set_fd(ssl, connection);
  if (SSL_accept(ssl) == 1) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    server_name_ = name == nullptr ? "" : name;
    request_.clear();
    std::array<char, 4096> buffer{};
    while (request_.find("\r\n\r\n") == std::string::npos) {
      const int got = SSL_read(ssl, buffer.data(), buffer.size());
      if (got <= 0) break;
      request_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (request_.find("\r\n\r\n") != std::string::npos) {
      ++requests_;
      Peer peer(ssl);
      script_(peer);
      SSL_shutdown(ssl);
    }
  }
  SSL_free(ssl);
}

}  // namespace postseal::http::tests
