// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/verify.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "edge/tls/tls_error.h"
#include "edge/tls/trust_store.h"

namespace postseal::tls {

using policy::Proof;
using policy::ProofFailure;
using policy::ProofResult;
using policy::ProofVerdict;
using policy::Requirement;

namespace {

constexpr int kDaneTa = 2;
constexpr int kDaneEe = 3;

// RFC 9525 §6.3 MUST (D21, D22): only DNS-IDs count, never the CN; a wildcard is one whole left-most label.
constexpr unsigned kHostFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

// A13: 112 bits. RSA-1024, EC P-192, SHA-1 and MD5 signatures are refused where a signature is what convinces us.
constexpr int kAuthLevel = 2;

using CertificateStack =
    std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); })>;

ProofVerdict rejected(ProofFailure failure, std::string reason) {
  ProofVerdict verdict;
  verdict.result = ProofResult::Rejected;
  verdict.failure = failure;
  verdict.reason = std::move(reason);
  return verdict;
}

X509Ptr parse_certificate(const Bytes& der) {
  const unsigned char* at = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (at != der.data() + der.size()) return nullptr;
  return certificate;
}

/// Reference identifiers as OpenSSL takes them: ".example.org" stands for the names below example.org.
std::vector<std::string> reference_names(const Requirement& requirement) {
  std::vector<std::string> names;
  for (const auto& reference : requirement.names) {
    if (reference.name.is_root()) continue;
    names.push_back(reference.name.ascii());
    if (reference.below) names.push_back('.' + reference.name.ascii());
  }
  return names;
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// OpenSSL keeps a set of TLSA records in an SSL; this one never sees a connection.
SslPtr dane_holder(const std::vector<dane::TlsaRecord>& records) {
  static const SslCtxPtr context = [] {
    SslCtxPtr made(SSL_CTX_new(TLS_client_method()));
    if (!made || SSL_CTX_dane_enable(made.get()) != 1) throw std::runtime_error("OpenSSL cannot do DANE");
    return made;
  }();
  SslPtr holder(SSL_new(context.get()));
  if (!holder || SSL_dane_enable(holder.get(), nullptr) != 1) throw std::bad_alloc();
  // RFC 7672 §3.1.1 MUST NOT (D13): with DANE-EE the key is the whole proof; names and dates do not count.
  SSL_dane_set_flags(holder.get(), DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  bool any = false;
  for (const auto& record : records) {
    // RFC 7672 §3.1.3 (D11): OpenSSL would count these as usable and then fail.
    if (record.usage != kDaneTa && record.usage != kDaneEe) continue;
    any |= SSL_dane_tlsa_add(holder.get(), record.usage, record.selector, record.matching_type, record.data.data(),
                             record.data.size()) == 1;
  }
  forget_openssl_errors();
  return any ? std::move(holder) : nullptr;
}

struct Observed {
  bool forgives_weak_leaf = false;
  bool weak_leaf = false;
};

/// RFC 7672 §3.1.1 (D13): a weak key that DNSSEC itself vouches for is what the domain chose; any other way of proving
/// it is refused below. Everything else is as OpenSSL says.
int observe(int good, X509_STORE_CTX* context) {
  if (good == 1) return 1;
  auto* observed = static_cast<Observed*>(X509_STORE_CTX_get_app_data(context));
  if (!observed->forgives_weak_leaf || X509_STORE_CTX_get_error(context) != X509_V_ERR_EE_KEY_TOO_SMALL) return 0;
  observed->weak_leaf = true;
  return 1;
}

std::string whose(int depth) {
  if (depth <= 0) return "the server's certificate";
  return "the certificate at depth " + std::to_string(depth);
}

std::string mismatch_reason(const Requirement& requirement) {
  std::string reason = "no certificate of the chain matches a TLSA record";
  const bool agile = std::any_of(requirement.tlsa.begin(), requirement.tlsa.end(), [&](const auto& strong) {
    return strong.matching_type == 2 &&
           std::any_of(requirement.tlsa.begin(), requirement.tlsa.end(), [&](const auto& weak) {
             return weak.matching_type == 1 && weak.usage == strong.usage && weak.selector == strong.selector;
           });
  });
  // RFC 7671 §9 SHOULD (D24): OpenSSL looks at the strongest digest only.
  if (agile) reason += " (where a SHA2-512 digest is published, SHA2-256 does not count: RFC 7671 §9)";
  return reason;
}

ProofVerdict explain_rejection(int error, int depth, const Requirement& requirement, const X509* leaf) {
  const std::string detail = X509_verify_cert_error_string(error);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return rejected(ProofFailure::Expired, whose(depth) + " has expired");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return rejected(ProofFailure::NotYetValid, whose(depth) + " is not yet valid");
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return rejected(ProofFailure::HostMismatch,
                      "the server's certificate names none of: " + join(reference_names(requirement)));
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
      return rejected(ProofFailure::WeakKey, whose(depth) + " has too weak a key");
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return rejected(ProofFailure::WeakKey, whose(depth) + " is signed with too weak a digest");
    case X509_V_ERR_DANE_NO_MATCH:
      return rejected(ProofFailure::TlsaMismatch, mismatch_reason(requirement));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      if (requirement.proof == Proof::Dane) return rejected(ProofFailure::TlsaMismatch, mismatch_reason(requirement));
      return rejected(ProofFailure::NotTrusted, X509_self_signed(const_cast<X509*>(leaf), 1) == 1
                                                    ? "the server's certificate is self-signed"
                                                    : "no trusted CA vouches for the server's certificate: " + detail);
    case X509_V_ERR_OUT_OF_MEM:
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_INVALID_CALL:
      return rejected(ProofFailure::Other, whose(depth) + " could not be judged: " + detail);
    default:
      return rejected(ProofFailure::NotTrusted, whose(depth) + " is not acceptable: " + detail);
  }
}

std::string satisfied_name(X509* leaf, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (X509_check_host(leaf, name.data(), name.size(), kHostFlags, nullptr) == 1) return name;
  return {};
}

ProofVerdict accept(const Requirement& requirement, SSL* holder, const Observed& observed, X509* leaf) {
  ProofVerdict verdict;
  verdict.result = ProofResult::Verified;
  const auto names = reference_names(requirement);
  if (requirement.proof == Proof::Dane) {
    std::uint8_t usage = 0, selector = 0, matching_type = 0;
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    const int depth = SSL_get0_dane_tlsa(holder, &usage, &selector, &matching_type, &data, &size);
    if (depth < 0) return rejected(ProofFailure::Other, "OpenSSL accepted the chain without a matching TLSA record");
    verdict.depth = depth;
    verdict.matched = dane::TlsaRecord{usage, selector, matching_type, Bytes(data, data + size)};
    if (usage == kDaneEe) {
      verdict.reason = whose(0) + " matches " + dane::name_of(*verdict.matched);
      return verdict;
    }
    // 2 1 0: the anchor was not sent, its key comes from DNS; depth is that of the certificate which it signed.
    EVP_PKEY* bare_key = nullptr;
    (void)SSL_get0_dane_authority(holder, nullptr, &bare_key);
    verdict.reason = whose(depth) + (bare_key != nullptr ? " is signed by the key of " : " matches ") +
                     dane::name_of(*verdict.matched) + ", ";
  } else {
    verdict.reason = "a trusted CA vouches for the certificate, ";
  }
  if (observed.weak_leaf) return rejected(ProofFailure::WeakKey, whose(0) + " has too weak a key");
  verdict.matched_name = satisfied_name(leaf, names);
  // A requirement without names is a bug elsewhere; OpenSSL would then check none.
  if (verdict.matched_name.empty())
    return rejected(ProofFailure::HostMismatch, "the server's certificate names none of: " + join(names));
  verdict.reason += "and it names " + verdict.matched_name;
  return verdict;
}

}  // namespace

ProofVerdict verify_chain(const Requirement& requirement, const std::vector<Bytes>& chain, const TrustStore& trust,
                          WallTime at) {
  if (requirement.proof == Proof::None) return {};
  if (chain.empty()) return rejected(ProofFailure::NoCertificate, "the server showed no certificate");
  forget_openssl_errors();

  CertificateStack sent(sk_X509_new_null());
  for (const Bytes& der : chain) {
    X509Ptr certificate = parse_certificate(der);
    if (!certificate) {
      forget_openssl_errors();
      return rejected(ProofFailure::Other, whose(sk_X509_num(sent.get())) + " is not readable");
    }
    if (sk_X509_push(sent.get(), certificate.get()) <= 0) throw std::bad_alloc();
    (void)certificate.release();
  }
  X509* leaf = sk_X509_value(sent.get(), 0);

  SslPtr holder;
  Observed observed;
  if (requirement.proof == Proof::Dane) {
    holder = dane_holder(requirement.tlsa);
    if (!holder) return rejected(ProofFailure::TlsaMismatch, "there is no usable TLSA record");
    observed.forgives_weak_leaf = true;
  }

  // RFC 7672 §3.1.2: with DANE no CA is trusted but the one that DNSSEC names: the store stays empty.
  static const X509StorePtr no_cas(X509_STORE_new());
  X509_STORE* store = requirement.proof == Proof::Dane ? no_cas.get() : trust.handle().store.get();
  const X509StoreCtxPtr context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), store, leaf, sent.get()) != 1) throw std::bad_alloc();
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_STORE_CTX_set_app_data(context.get(), &observed);
  X509_STORE_CTX_set_verify_cb(context.get(), observe);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(at.time_since_epoch().count()));
  X509_VERIFY_PARAM_set_auth_level(parameters, kAuthLevel);
  X509_VERIFY_PARAM_set_hostflags(parameters, kHostFlags);
  for (const std::string& name : reference_names(requirement))
    if (X509_VERIFY_PARAM_add1_host(parameters, name.data(), name.size()) != 1) throw std::bad_alloc();
  if (holder) X509_STORE_CTX_set0_dane(context.get(), SSL_get0_dane(holder.get()));

  // RFC 7672 §3.1.1 MUST (D14, D15, D23): any one usable record that matches is enough; usage 3 matches the leaf only.
  // RFC 7672 §3.1.2, RFC 7671 §5.2 MUST (D16, D18, D19, D20): usage 2 needs a chain to the certificate or key it names,
  // sent by the server or whole in DNS, valid in time and by path length, CA flag and name constraints.
  const bool good = X509_verify_cert(context.get()) == 1;
  forget_openssl_errors();
  if (good) return accept(requirement, holder.get(), observed, leaf);
  return explain_rejection(X509_STORE_CTX_get_error(context.get()), X509_STORE_CTX_get_error_depth(context.get()),
                           requirement, leaf);
}

bool full_data_parses(const dane::TlsaRecord& record) {
  const unsigned char* at = record.data.data();
  const auto length = static_cast<long>(record.data.size());
  const unsigned char* end = at + length;
  bool parsed = false;
  if (record.selector == 0) {
    const X509Ptr certificate(d2i_X509(nullptr, &at, length));
    parsed = certificate && at == end && X509_get0_pubkey(certificate.get()) != nullptr;
  } else if (record.selector == 1) {
    const PkeyPtr key(d2i_PUBKEY(nullptr, &at, length));
    parsed = key && at == end;
  }
  forget_openssl_errors();
  return parsed;
}

}  // namespace postseal::tls
