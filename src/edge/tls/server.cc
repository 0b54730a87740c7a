// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/server.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <map>
#include <stdexcept>

#include "edge/tls/server_facts.h"
#include "edge/tls/server_identity.h"
#include "edge/tls/ticket_keys.h"
#include "edge/tls/ticket_use.h"
#include "edge/tls/tls_error.h"
#include "edge/tls/tls_stream.h"
#include "vocab/ascii.h"

namespace postseal::tls {

/// For SNI; "*.example.org" is kept as ".example.org".
using NameTable = std::map<std::string, SslCtxPtr, std::less<>>;

struct ServerContext::Impl {
  SslCtxPtr context{SSL_CTX_new(TLS_server_method())};
  NameTable by_name;
  std::shared_ptr<TicketKeys> tickets;
  TicketUse ticket_use;
  std::string min_version;
};

namespace {

// Security floor: forward secrecy and an AEAD. TLS 1.3 has nothing else.
constexpr char kFloorCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";
// The same strength as the groups' and the usual certificate's. With SHA-384 a handshake's some hundred hashes cost
// twice as much, since processors know SHA-256.
constexpr char kSuites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
// A library without the hybrid refuses a whole list that names it.
constexpr char kGroups[] = "X25519MLKEM768:X25519:P-256:P-384";
constexpr char kClassicGroups[] = "X25519:P-256:P-384";
constexpr long kSessionSeconds = 24 * 3600;

int version_number(const std::string& name) {
  if (name == "TLSv1") return TLS1_VERSION;
  if (name == "TLSv1.1") return TLS1_1_VERSION;
  if (name == "TLSv1.2") return TLS1_2_VERSION;
  if (name == "TLSv1.3") return TLS1_3_VERSION;
  return 0;
}

/// Fetched once: by name OpenSSL 3 looks for it at every use.
const EVP_CIPHER* ticket_cipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

int slot() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

const SslCtxPtr* find_name(const NameTable& table, std::string_view asked) {
  std::string name = to_lower(asked);
  if (name.ends_with('.')) name.pop_back();
  if (const auto exact = table.find(name); exact != table.end()) return &exact->second;
  const auto dot = name.find('.');
  if (dot == std::string::npos || dot == 0) return nullptr;
  const auto wildcard = table.find(std::string_view(name).substr(dot));
  return wildcard == table.end() ? nullptr : &wildcard->second;
}

/// RFC 5077 §4, with OpenSSL's callback: 1 sealed or opened, 2 opened but give a new one, 0 unknown key, -1 broken.
int seal_or_open(SSL* ssl, unsigned char* name, unsigned char* vector, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                 int sealing) noexcept {
  try {
    auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot()));
    TicketKeys::Key key;
    bool another = false;
    if (sealing != 0) {
      const auto made = keys->current();
      if (!made || RAND_bytes(vector, EVP_CIPHER_get_iv_length(ticket_cipher())) != 1) return -1;
      key = *made;
      std::copy(key.name.begin(), key.name.end(), name);
    } else {
      const auto found = keys->find({name, TicketKeys::kNameSize});
      if (!found) return 0;
      key = found->key;
      // RFC 8446 §C.4 SHOULD: a ticket is used once, so there is one for the next time.
      SSL_set_num_tickets(ssl, 1);
      another = SSL_version(ssl) >= TLS1_3_VERSION || !found->current;
    }
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    if (EVP_CipherInit_ex(cipher, ticket_cipher(), nullptr, key.cipher.data(), vector, sealing) != 1 ||
        EVP_MAC_CTX_set_params(mac, parameters) != 1)
      return -1;
    return another ? 2 : 1;
  } catch (...) {  // C code calls this
    return -1;
  }
}

/// A18: an unknown name gets the first certificate, like none at all.
int choose_identity(SSL* ssl, int*, void* impl) noexcept {
  try {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    const SslCtxPtr* other = find_name(*static_cast<const NameTable*>(impl), name);
    if (other == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_SSL_CTX(ssl, other->get());
    return SSL_TLSEXT_ERR_OK;
  } catch (...) {  // C code calls this
    return SSL_TLSEXT_ERR_NOACK;
  }
}

/// Whatever the client shows is looked at and noted; nobody is turned away for it.
int note_client(int, X509_STORE_CTX*) noexcept { return 1; }

std::expected<void, std::string> configure(SSL_CTX* context, const ServerSettings& settings,
                                           const std::shared_ptr<TicketKeys>& tickets) {
  const int lowest = version_number(settings.min_version);
  const int highest = version_number(settings.max_version);
  if (lowest == 0 || highest == 0 || lowest > highest)
    return refused_by_openssl("no TLS versions from \"" + settings.min_version + "\" to \"" + settings.max_version +
                              "\": allowed are TLSv1, TLSv1.1, TLSv1.2, TLSv1.3");
  // OpenSSL 3 signs the handshakes of TLS 1.0 and 1.1 with SHA-1, which only level 0 allows.
  SSL_CTX_set_security_level(context, lowest < TLS1_2_VERSION ? 0 : settings.security_level);
  if (SSL_CTX_set_min_proto_version(context, lowest) != 1 || SSL_CTX_set_max_proto_version(context, highest) != 1)
    return refused_by_openssl("the TLS versions are refused");
  const std::string ciphers = settings.floor ? kFloorCiphers : settings.ciphers;
  if (!ciphers.empty() && SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1)
    return refused_by_openssl("the ciphers \"" + ciphers + "\" are refused");
  // A16: no renegotiation, no compression; early data stays off by default.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle sessions keep no record buffers; the chain is sent as it was given, not searched for at every handshake.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  static constexpr unsigned char kSessionContext[] = "postseal-server";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  if (!settings.floor) return {};

  if (SSL_CTX_set_ciphersuites(context, kSuites) != 1)
    return refused_by_openssl("OpenSSL lacks the ciphers of TLS 1.3");
  SSL_CTX_set_max_early_data(context, 0);
  if (SSL_CTX_set1_groups_list(context, kGroups) != 1) {
    forget_openssl_errors();
    if (SSL_CTX_set1_groups_list(context, kClassicGroups) != 1)
      return refused_by_openssl("OpenSSL has none of the key exchange groups");
  }
  // The client keeps the session, sealed; we keep nothing of it.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_timeout(context, kSessionSeconds);
  if (SSL_CTX_set_ex_data(context, slot(), tickets.get()) != 1 ||
      SSL_CTX_set_tlsext_ticket_key_evp_cb(context, seal_or_open) != 1)
    return refused_by_openssl("session tickets cannot be set up");
  if (settings.ask_client_certificate) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) forget_openssl_errors();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_client);
  }
  return {};
}

}  // namespace

ServerSettings ServerSettings::for_mail(Identity first, std::vector<Identity> others) {
  ServerSettings settings;
  settings.chain_pem = std::move(first.chain_pem);
  settings.key_pem = std::move(first.key_pem);
  settings.others = std::move(others);
  settings.floor = true;
  return settings;
}

ServerContext::ServerContext() : impl_(std::make_shared<Impl>()) {
  if (!impl_->context) throw std::runtime_error("OpenSSL cannot make a server context");
}
ServerContext::ServerContext(ServerContext&&) noexcept = default;
ServerContext& ServerContext::operator=(ServerContext&&) noexcept = default;
ServerContext::~ServerContext() = default;

std::expected<ServerContext, std::string> ServerContext::create(const ServerSettings& settings) {
  forget_openssl_errors();
  ServerContext made;
  Impl& impl = *made.impl_;
  impl.min_version = settings.min_version;
  impl.tickets = settings.tickets ? settings.tickets : make_ticket_keys();
  if (auto set = configure(impl.context.get(), settings, impl.tickets); !set) return std::unexpected(set.error());
  if (auto used = use_identity(impl.context.get(), settings.chain_pem, settings.key_pem); !used)
    return std::unexpected(used.error());
  for (const Identity& identity : settings.others) {
    SslCtxPtr other(SSL_CTX_new(TLS_server_method()));
    if (!other) throw std::runtime_error("OpenSSL cannot make a server context");
    if (auto set = configure(other.get(), settings, impl.tickets); !set) return std::unexpected(set.error());
    if (auto used = use_identity(other.get(), identity.chain_pem, identity.key_pem); !used)
      return std::unexpected(used.error());
    for (std::string name : names_of(other.get())) {
      if (name.starts_with("*.")) name.erase(0, 1);
      SSL_CTX_up_ref(other.get());
      impl.by_name.emplace(std::move(name), SslCtxPtr(other.get()));
    }
  }
  if (!impl.by_name.empty()) {
    SSL_CTX_set_tlsext_servername_callback(impl.context.get(), choose_identity);
    SSL_CTX_set_tlsext_servername_arg(impl.context.get(), &impl.by_name);
  }
  return made;
}

Awaitable<std::expected<ServerContext::Session, net::IoError>> ServerContext::start(std::unique_ptr<net::Stream> plain,
                                                                                    Deadline deadline,
                                                                                    Caller caller) const {
  return shake(impl_, std::move(plain), deadline, caller);
}

Awaitable<std::expected<ServerContext::Session, net::IoError>> ServerContext::shake(std::shared_ptr<Impl> impl,
                                                                                    std::unique_ptr<net::Stream> plain,
                                                                                    Deadline deadline, Caller caller) {
  SslPtr ssl(SSL_new(impl->context.get()));
  if (!ssl) co_return std::unexpected(net::IoError{net::IoErrorCode::Tls, "out of memory for a TLS session"});
  SSL_set_accept_state(ssl.get());
  if (caller.address && !impl->ticket_use.is_due(*caller.address)) SSL_set_num_tickets(ssl.get(), 0);
  // A reload may drop the context while the session lives on: the stream keeps what its callbacks look at.
  auto stream = std::make_unique<TlsStream>(std::move(ssl), std::move(plain), impl);
  auto shaken = co_await stream->handshake(deadline);
  if (!shaken) {
    net::IoError error = shaken.error().error;
    if (error.code == net::IoErrorCode::Tls)
      error.context = describe_handshake_error(shaken.error().openssl_error, impl->min_version);
    co_return std::unexpected(std::move(error));
  }
  Session session = facts_of(stream->ssl(), caller.binding);
  if (caller.address && session.resumed) impl->ticket_use.came_back(*caller.address);
  session.stream = std::move(stream);
  co_return session;
}

}  // namespace postseal::tls
