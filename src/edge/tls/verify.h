#pragma once
// SPDX-License-Identifier: Apache-2.0
// The one function that judges a certificate chain. The handshake, the reuse of an open session for another domain,
// and `postseal dane verify` all come here, so that they cannot disagree.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/policy/evidence.h"
#include "protocol/policy/requirement.h"
#include "vocab/clock.h"

namespace postseal::tls {

/// The trusted CAs. Loading a bundle is slow (tens of milliseconds): once per program.
class TrustStore {
 public:
  /// A PEM bundle; the error names the file and what is wrong with it.
  static std::expected<TrustStore, std::string> from_file(const std::string& path);
  /// The system's CAs (/etc/ssl/certs). Never fails; without CAs nothing verifies by PKIX.
  static TrustStore system();
  /// No CA at all.
  static TrustStore empty();

  TrustStore(TrustStore&&) noexcept;
  TrustStore& operator=(TrustStore&&) noexcept;
  ~TrustStore();
  struct Handle;
  const Handle& handle() const { return *handle_; }

 private:
  explicit TrustStore(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

/// Whether this chain (DER, leaf first, as sent) satisfies the requirement's proof at this time. A requirement with
/// Proof::None gives NotAsked. RFC 7672 §3 (DANE), RFC 8461 §4.2 (PKIX), RFC 9525 §6 (names).
policy::ProofVerdict verify_chain(const policy::Requirement& requirement, const std::vector<Bytes>& chain,
                                  const TrustStore& trust, WallTime at);

/// dane::FullDataCheck by OpenSSL's own DER parsers.
bool full_data_parses(const dane::TlsaRecord& record);

}  // namespace postseal::tls
