#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a session has shown of itself. Kept with the session and in the delivery record.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dane/tlsa.h"
#include "protocol/policy/requirement.h"
#include "vocab/codec.h"
#include "vocab/domain.h"
#include "vocab/ip_address.h"

namespace postseal::policy {

/// Why a chain is no proof. Told apart because TLSRPT and people need it (expired, host mismatch and untrusted differ).
enum class ProofFailure {
  None,
  NoCertificate,
  TlsaMismatch,
  HostMismatch,
  Expired,
  NotYetValid,
  NotTrusted,
  WeakKey,
  Other
};
std::string_view to_string(ProofFailure failure);

enum class ProofResult { NotAsked, Verified, Rejected };

/// The outcome of judging one chain against one Requirement.
struct ProofVerdict {
  ProofResult result = ProofResult::NotAsked;
  ProofFailure failure = ProofFailure::None;
  std::optional<dane::TlsaRecord> matched;  ///< the TLSA record, for Proof::Dane
  std::optional<int> depth;                 ///< of the certificate that it matched, 0 = leaf
  std::string matched_name;                 ///< the reference identifier that the leaf satisfied, if one was asked
  std::string reason;                       ///< in words for people
  bool operator==(const ProofVerdict&) const = default;
};

struct TlsEvidence {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;   ///< "TLS_AES_256_GCM_SHA384"
  std::string group;    ///< "X25519"
  bool resumed = false;
  /// The handshake as it came out satisfies the security floor: TLS 1.2 or later, ECDHE, AEAD, no SHA-1 signature.
  bool strong = false;
  Domain sni;
  std::vector<Bytes> chain;  ///< DER as the server sent it, leaf first
  bool operator==(const TlsEvidence&) const = default;
};

struct SessionEvidence {
  Domain mx_host;  ///< the host this connection was opened for; the root for an address literal
  IpAddress address;
  std::uint16_t port = 25;
  std::optional<TlsEvidence> tls;   ///< absent: plaintext
  ProofVerdict verdict;             ///< against the Requirement the session was opened with
  bool starttls_offered = false;    ///< in the EHLO before it
  bool requiretls_offered = false;  ///< in the EHLO after STARTTLS
  bool weakened = false;            ///< opened under TLS-Required: No; never reused (pitfall 14)
  bool operator==(const SessionEvidence&) const = default;
};

}  // namespace postseal::policy
