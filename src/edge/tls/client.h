#pragma once
// SPDX-License-Identifier: Apache-2.0
// TLS as a client, over any Stream. The handshake is judged by verify_chain() before a byte of the message moves.
#include <expected>
#include <memory>

#include "edge/net/stream.h"
#include "edge/tls/verify.h"

namespace postseal::tls {

struct TlsFailure {
  net::IoError error;            ///< code Tls for protocol and proof failures, else what the transport said
  policy::ProofVerdict verdict;  ///< Rejected when the proof failed
  std::optional<policy::TlsEvidence> evidence;  ///< as far as the handshake got
};

struct TlsSession {
  std::unique_ptr<net::Stream> stream;
  policy::TlsEvidence evidence;
  policy::ProofVerdict verdict;
};

class ClientContext {
 public:
  /// The trust store and the clock must outlive the context.
  ClientContext(const TrustStore& trust, const Clock& clock);
  ~ClientContext();

  /// Takes over the stream; a failure has closed it. SNI comes from the requirement. The context must outlive the wait.
  /// A rejected proof fails the handshake with an alert; an opportunistic requirement accepts any certificate.
  Awaitable<std::expected<TlsSession, TlsFailure>> start(std::unique_ptr<net::Stream> plain,
                                                         policy::Requirement requirement, Deadline deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::tls
