// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/server.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdexcept>

#include "edge/tls/tls_error.h"
#include "edge/tls/tls_stream.h"

namespace postseal::tls {

struct ServerContext::Impl {
  SslCtxPtr context{SSL_CTX_new(TLS_server_method())};
  std::string min_version;
};

namespace {

int version_number(const std::string& name) {
  if (name == "TLSv1") return TLS1_VERSION;
  if (name == "TLSv1.1") return TLS1_1_VERSION;
  if (name == "TLSv1.2") return TLS1_2_VERSION;
  if (name == "TLSv1.3") return TLS1_3_VERSION;
  return 0;
}

std::unexpected<std::string> refused(const std::string& what) {
  const unsigned long error = take_openssl_error();
  return std::unexpected(error == 0 ? what : what + ": " + describe_openssl_error(error));
}

std::expected<void, std::string> use_chain(SSL_CTX* context, const std::string& pem) {
  BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr leaf(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  if (!leaf) return refused("the certificate chain has no certificate in PEM");
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return refused("the certificate is refused");
  while (X509Ptr next{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return refused("a certificate of the chain is refused");
  }
  const unsigned long end = ERR_peek_last_error();
  if (ERR_GET_REASON(end) != PEM_R_NO_START_LINE) return refused("a certificate of the chain is broken");
  ERR_clear_error();
  return {};
}

std::expected<void, std::string> use_key(SSL_CTX* context, const std::string& pem) {
  BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PkeyPtr key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  if (!key) return refused("the key is no private key in PEM");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) return refused("the key does not fit the certificate");
  return {};
}

}  // namespace

ServerContext::ServerContext() : impl_(std::make_unique<Impl>()) {
  if (!impl_->context) throw std::runtime_error("OpenSSL cannot make a server context");
}
ServerContext::ServerContext(ServerContext&&) noexcept = default;
ServerContext& ServerContext::operator=(ServerContext&&) noexcept = default;
ServerContext::~ServerContext() = default;

std::expected<ServerContext, std::string> ServerContext::create(const ServerSettings& settings) {
  ERR_clear_error();
  ServerContext made;
  SSL_CTX* context = made.impl_->context.get();
  const int lowest = version_number(settings.min_version);
  const int highest = version_number(settings.max_version);
  if (lowest == 0 || highest == 0 || lowest > highest)
    return refused("no TLS versions from \"" + settings.min_version + "\" to \"" + settings.max_version +
                   "\": allowed are TLSv1, TLSv1.1, TLSv1.2, TLSv1.3");
  // OpenSSL 3 signs the handshakes of TLS 1.0 and 1.1 with SHA-1, which only level 0 allows.
  SSL_CTX_set_security_level(context, lowest < TLS1_2_VERSION ? 0 : settings.security_level);
  if (SSL_CTX_set_min_proto_version(context, lowest) != 1 || SSL_CTX_set_max_proto_version(context, highest) != 1)
    return refused("the TLS versions are refused");
  if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1)
    return refused("the ciphers \"" + settings.ciphers + "\" are refused");
  made.impl_->min_version = settings.min_version;
  // A16: no renegotiation, no compression; early data stays off by default.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  static constexpr unsigned char kSessionContext[] = "postseal-server";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  if (auto used = use_chain(context, settings.chain_pem); !used) return std::unexpected(used.error());
  if (auto used = use_key(context, settings.key_pem); !used) return std::unexpected(used.error());
  return made;
}

Awaitable<std::expected<ServerContext::Session, net::IoError>> ServerContext::start(std::unique_ptr<net::Stream> plain,
                                                                                    Deadline deadline) const {
  SslPtr ssl(SSL_new(impl_->context.get()));
  if (!ssl) co_return std::unexpected(net::IoError{net::IoErrorCode::Tls, "out of memory for a TLS session"});
  SSL_set_accept_state(ssl.get());
  const std::string min_version = impl_->min_version;
  auto stream = std::make_unique<TlsStream>(std::move(ssl), std::move(plain));
  auto shaken = co_await stream->handshake(deadline);
  if (!shaken) {
    net::IoError error = shaken.error().error;
    if (error.code == net::IoErrorCode::Tls)
      error.context = describe_handshake_error(shaken.error().openssl_error, min_version);
    co_return std::unexpected(std::move(error));
  }
  Session session;
  session.version = SSL_get_version(stream->ssl());
  session.cipher = SSL_get_cipher_name(stream->ssl());
  if (const char* name = SSL_get_servername(stream->ssl(), TLSEXT_NAMETYPE_host_name)) session.sni = name;
  session.resumed = SSL_session_reused(stream->ssl()) == 1;
  session.stream = std::move(stream);
  co_return session;
}

}  // namespace postseal::tls
