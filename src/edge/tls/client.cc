// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/client.h"

#include <openssl/err.h>

#include <new>
#include <stdexcept>

#include "edge/tls/session_cache.h"
#include "edge/tls/tls_error.h"
#include "edge/tls/tls_stream.h"

namespace postseal::tls {

using policy::Proof;
using policy::ProofFailure;
using policy::ProofResult;
using policy::ProofVerdict;
using policy::Requirement;

namespace {

// RFC 8996 §4, §5 MUST NOT (D48): below TLS 1.2 nothing is proved; and a proof is worth forward secrecy and an AEAD.
constexpr char kStrictCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";
// DEVIATION: RFC 8996 leaves no use for TLS 1.0 and 1.1. Where nothing was promised, plaintext is what comes next, and
// weak encryption beats it. A14: kDHE is out because OpenSSL takes 1024 bits at this level; every peer of that age
// knows ECDHE or RSA.
constexpr char kOpportunisticCiphers[] =
    "DEFAULT:!aNULL:!eNULL:!kDHE:!RC4:!3DES:!DES:!RC2:!IDEA:!SEED:!EXPORT:!LOW:!MD5:!DSS:!PSK:!SRP@SECLEVEL=0";
// A library without the hybrid refuses a whole list that names it.
constexpr char kGroups[] = "X25519MLKEM768:X25519:P-256:P-384:P-521";
constexpr char kClassicGroups[] = "X25519:P-256:P-384:P-521";

/// What the callbacks of one connection need. The stream keeps it alive for as long as its SSL.
struct Connection {
  Requirement requirement;
  std::string key;
  const TrustStore* trust = nullptr;  // used in the handshake only
  std::weak_ptr<SessionCache> sessions;
  WallTime shown{};  // when the server showed the chain
  std::vector<Bytes> chain;
  ProofVerdict verdict;
};

int connection_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

Connection* connection_of(const SSL* ssl) { return static_cast<Connection*>(SSL_get_ex_data(ssl, connection_slot())); }

Bytes to_der(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int length = i2d_X509(certificate, &bytes);
  if (length < 0) throw std::bad_alloc();
  Bytes der(bytes, bytes + length);
  OPENSSL_free(bytes);
  return der;
}

std::vector<Bytes> to_der(const STACK_OF(X509) * certificates) {
  std::vector<Bytes> chain;
  for (int at = 0; at < sk_X509_num(certificates); ++at) chain.push_back(to_der(sk_X509_value(certificates, at)));
  return chain;
}

/// OpenSSL picks the alert by this code.
int verify_error(ProofFailure failure) {
  switch (failure) {
    case ProofFailure::None:
      return X509_V_OK;
    case ProofFailure::NoCertificate:
    case ProofFailure::Other:
      return X509_V_ERR_APPLICATION_VERIFICATION;
    case ProofFailure::TlsaMismatch:
      return X509_V_ERR_DANE_NO_MATCH;
    case ProofFailure::HostMismatch:
      return X509_V_ERR_HOSTNAME_MISMATCH;
    case ProofFailure::Expired:
      return X509_V_ERR_CERT_HAS_EXPIRED;
    case ProofFailure::NotYetValid:
      return X509_V_ERR_CERT_NOT_YET_VALID;
    case ProofFailure::NotTrusted:
      return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    case ProofFailure::WeakKey:
      return X509_V_ERR_EE_KEY_TOO_SMALL;
  }
  return X509_V_ERR_APPLICATION_VERIFICATION;
}

/// Instead of OpenSSL's own verification: the chain as sent goes to verify_chain(), like everywhere else.
int judge_peer(X509_STORE_CTX* store, void*) noexcept {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Connection& connection = *connection_of(ssl);
  try {
    connection.chain = to_der(X509_STORE_CTX_get0_untrusted(store));
    connection.verdict = verify_chain(connection.requirement, connection.chain, *connection.trust, connection.shown);
  } catch (...) {
    connection.verdict = {.result = ProofResult::Rejected,
                          .failure = ProofFailure::Other,
                          .matched = {},
                          .depth = {},
                          .matched_name = {},
                          .reason = "out of memory while judging the certificate"};
  }
  const bool rejected = connection.verdict.result == ProofResult::Rejected;
  X509_STORE_CTX_set_error(store, rejected ? verify_error(connection.verdict.failure) : X509_V_OK);
  return rejected ? 0 : 1;
}

void keep(const Connection& connection, SslSessionPtr session) {
  const auto sessions = connection.sessions.lock();
  if (!sessions || !session || connection.chain.empty() || connection.requirement.sni.is_root()) return;
  sessions->put(connection.key, {std::move(session), connection.chain, connection.shown});
}

/// TLS 1.3's tickets come with the first reads; what comes before the handshake is over is an older version's.
int keep_ticket(SSL* ssl, SSL_SESSION* session) noexcept {
  if (SSL_version(ssl) < TLS1_3_VERSION || SSL_SESSION_up_ref(session) != 1) return 0;
  try {
    keep(*connection_of(ssl), SslSessionPtr(session));
  } catch (...) {
    return 0;  // no memory, no ticket
  }
  return 0;
}

/// For an extension that is never sent, and whose appearance in an answer is therefore an error.
int leave_out(SSL*, unsigned, unsigned, const unsigned char**, std::size_t*, X509*, std::size_t, int*, void*) noexcept {
  return 0;
}

/// RFC 7627 §5.3: without the extended master secret a TLS 1.2 session may be somebody else's (triple handshake).
void keep_older_session(SSL* ssl, const Connection& connection) {
  if (SSL_version(ssl) == TLS1_2_VERSION && SSL_get_extms_support(ssl) == 1)
    keep(connection, SslSessionPtr(SSL_get1_session(ssl)));
}

bool strict(const Requirement& requirement) {
  return requirement.proof != Proof::None || requirement.floor == policy::TlsFloor::Tls12;
}

bool configure(SSL* ssl, const Requirement& requirement) {
  SSL_set_connect_state(ssl);
  const bool proving = strict(requirement);
  if (SSL_set_min_proto_version(ssl, proving ? TLS1_2_VERSION : TLS1_VERSION) != 1) return false;
  // Level 1 refuses handshake signatures with SHA-1; how strong a certificate's key must be, verify_chain() says.
  SSL_set_security_level(ssl, proving ? 1 : 0);
  if (SSL_set_cipher_list(ssl, proving ? kStrictCiphers : kOpportunisticCiphers) != 1) return false;
  // Old peers without RFC 5746 are no danger to a client that refuses to renegotiate.
  if (!proving) SSL_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_set_verify(ssl, requirement.proof == Proof::None ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  // RFC 7672 §8.1 MUST (D44), RFC 8461 §7.1 MUST (S33): always, where there is a name.
  if (!requirement.sni.is_root() && SSL_set_tlsext_host_name(ssl, requirement.sni.ascii().c_str()) != 1) return false;
  return true;
}

std::string group_of(SSL* ssl) {
  EVP_PKEY* shared = nullptr;
  if (SSL_get_peer_tmp_key(ssl, static_cast<void*>(&shared)) != 1) return {};
  const PkeyPtr owner(shared);
  char name[64];
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(shared, name, sizeof name, &length) == 1) return {name, length};
  const char* type = EVP_PKEY_get0_type_name(shared);
  return type != nullptr ? type : "";
}

/// The security floor, asked of the handshake as it came out.
bool is_strong(SSL* ssl) {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  if (cipher == nullptr || SSL_version(ssl) < TLS1_2_VERSION || SSL_CIPHER_is_aead(cipher) != 1) return false;
  const int exchange = SSL_CIPHER_get_kx_nid(cipher);
  if (exchange != NID_kx_ecdhe && exchange != NID_kx_any) return false;
  // RFC 9155: SHA-1 signs no handshake that counts. A resumed session has no signature of its own.
  int digest = NID_undef;
  if (SSL_session_reused(ssl) == 1 || SSL_get_peer_signature_nid(ssl, &digest) != 1) return true;
  return digest != NID_sha1 && digest != NID_md5 && digest != NID_md5_sha1;
}

policy::TlsEvidence evidence_of(SSL* ssl, const Connection& connection) {
  policy::TlsEvidence evidence;
  if (SSL_get_current_cipher(ssl) != nullptr) {
    evidence.version = SSL_get_version(ssl);
    evidence.cipher = SSL_get_cipher_name(ssl);
    evidence.group = group_of(ssl);
  }
  evidence.resumed = SSL_session_reused(ssl) == 1;
  evidence.strong = is_strong(ssl);
  evidence.sni = connection.requirement.sni;
  evidence.chain = connection.chain;
  return evidence;
}

}  // namespace

struct ClientContext::Impl {
  Impl(const TrustStore& with_trust, const Clock& with_clock) : trust(with_trust), clock(with_clock) {
    if (!context) throw std::runtime_error("OpenSSL cannot make a client context");
    // A16: no renegotiation, no compression; early data is never sent because nothing here sends it.
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // RFC 5246 §7.4.1.4, RFC 8446 §4.2 MUST (A14, A16): nobody answers what was not asked. OpenSSL keeps to it for the
    // extensions that it knows; the heartbeat is no longer among them.
    constexpr unsigned kHeartbeat = 15;
    if (SSL_CTX_add_custom_ext(context.get(), kHeartbeat,
                               SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS,
                               leave_out, nullptr, nullptr, nullptr, nullptr) != 1) {
      throw std::runtime_error("OpenSSL does not watch for the heartbeat extension");
    }
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), keep_ticket);
    SSL_CTX_set_cert_verify_callback(context.get(), judge_peer, nullptr);
    if (SSL_CTX_set1_groups_list(context.get(), kGroups) != 1) {
      forget_openssl_errors();
      if (SSL_CTX_set1_groups_list(context.get(), kClassicGroups) != 1)
        throw std::runtime_error("OpenSSL has none of the key exchange groups");
    }
  }

  /// A session whose chain satisfies the requirement now, or nothing.
  std::optional<KeptSession> resumable(Connection& connection, WallTime now) {
    auto kept = sessions->take(connection.key, now);
    if (!kept) return std::nullopt;
    connection.verdict = verify_chain(connection.requirement, kept->chain, trust, now);
    if (connection.verdict.result == ProofResult::Rejected) return std::nullopt;
    return kept;
  }

  const TrustStore& trust;
  const Clock& clock;
  SslCtxPtr context{SSL_CTX_new(TLS_client_method())};
  std::shared_ptr<SessionCache> sessions = std::make_shared<SessionCache>();
};

ClientContext::ClientContext(const TrustStore& trust, const Clock& clock)
    : impl_(std::make_unique<Impl>(trust, clock)) {}
ClientContext::~ClientContext() = default;

Awaitable<std::expected<TlsSession, TlsFailure>> ClientContext::start(std::unique_ptr<net::Stream> plain,
                                                                      Requirement requirement, Deadline deadline) {
  auto connection = std::make_shared<Connection>();
  connection->requirement = std::move(requirement);
  connection->key = session_key(connection->requirement);
  connection->trust = &impl_->trust;
  connection->sessions = impl_->sessions;
  connection->shown = impl_->clock.now();

  forget_openssl_errors();
  SslPtr ssl(SSL_new(impl_->context.get()));
  if (!ssl || SSL_set_ex_data(ssl.get(), connection_slot(), connection.get()) != 1 ||
      !configure(ssl.get(), connection->requirement)) {
    plain->close();
    const std::string why = "no TLS session can be set up: " + describe_openssl_error(take_openssl_error());
    co_return std::unexpected(TlsFailure{{net::IoErrorCode::Tls, why}, {}, {}});
  }
  const auto offered = impl_->resumable(*connection, connection->shown);
  if (offered && SSL_set_session(ssl.get(), offered->session.get()) != 1) forget_openssl_errors();

  auto stream = std::make_unique<TlsStream>(std::move(ssl), std::move(plain), connection);
  auto shaken = co_await stream->handshake(deadline);
  if (SSL_session_reused(stream->ssl()) == 1 && offered) {
    connection->chain = offered->chain;
    connection->shown = offered->since;
  } else if (connection->chain.empty()) {
    connection->verdict = {};  // that was the offered session's, which the server declined before showing itself
  }
  if (shaken) {
    TlsSession session{nullptr, evidence_of(stream->ssl(), *connection), connection->verdict};
    // Every cipher that we offer comes with a certificate; this is a broken invariant, and fails closed.
    const bool proved = connection->verdict.result == ProofResult::Verified;
    if (connection->requirement.proof == Proof::None || proved) {
      keep_older_session(stream->ssl(), *connection);
      session.stream = std::move(stream);
      co_return session;
    }
    ProofVerdict none{.result = ProofResult::Rejected,
                      .failure = ProofFailure::NoCertificate,
                      .matched = {},
                      .depth = {},
                      .matched_name = {},
                      .reason = "the server showed no certificate"};
    co_return std::unexpected(TlsFailure{{net::IoErrorCode::Tls, none.reason}, none, std::move(session.evidence)});
  }

  TlsFailure failure{shaken.error().error, {}, {}};
  if (connection->verdict.result == ProofResult::Rejected) failure.verdict = connection->verdict;
  if (failure.error.code == net::IoErrorCode::Tls)
    failure.error.context = failure.verdict.result == ProofResult::Rejected
                                ? failure.verdict.reason
                                : describe_handshake_error(shaken.error().openssl_error,
                                                           strict(connection->requirement) ? "TLSv1.2" : "TLSv1");
  failure.evidence = evidence_of(stream->ssl(), *connection);
  co_return std::unexpected(std::move(failure));
}

}  // namespace postseal::tls
