#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the lab's servers received, kept apart by session: every byte, what came under TLS, and the letters taken in
// whole. This is the proof that no body reached a server that proved nothing, and that a letter arrived unchanged.
// Written by the servers' thread, read by the runner's; both only under the log's lock.
#include <cstdint>
#include <expected>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "lab/log_lines.h"
#include "vocab/domain.h"

namespace postseal::lab {

/// A letter that arrived whole, up to its end mark.
struct ReceivedLetter {
  std::string from;                     ///< between the brackets of MAIL FROM
  std::string mail_parameters;          ///< behind them: "SIZE=1234 BODY=8BITMIME"
  std::vector<std::string> recipients;  ///< the accepted ones, between the brackets of RCPT TO
  std::string body;                     ///< without dot-stuffing, CRLF line ends as they came
  bool tls = false;
  bool accepted = false;  ///< answered with 2yz
};

/// One connection to one server.
struct SessionLog {
  Domain host;
  std::string before_tls;   ///< raw bytes, the ClientHello not among them
  std::string under_tls;    ///< raw bytes, decrypted
  std::string tls_version;  ///< empty: no handshake was completed
  std::string sni;
  bool resumed = false;
  std::vector<std::string> recipients;  ///< every RCPT TO asked for, accepted or not
  std::uint64_t body_bytes = 0;         ///< of letters, whole or not
  std::vector<ReceivedLetter> letters;
};

/// One request to a policy host.
struct PolicyRequest {
  Domain policy_domain;
  std::string sni;
  std::string head;  ///< request line and header; empty when the connection ended before
};

class RawLog {
 public:
  using Session = std::size_t;

  /// From now on everything but raw bytes is also written there, one JSON object for each line, before the server
  /// answers. The error is a sentence.
  std::expected<void, std::string> keep_in(const std::filesystem::path& file);

  Session open_session(Domain host);
  void received(Session session, std::string_view bytes, bool tls);
  void handshake(Session session, std::string version, std::string sni, bool resumed);
  void recipient(Session session, std::string mailbox);
  void body_bytes(Session session, std::uint64_t count);
  void letter(Session session, ReceivedLetter letter);
  void policy_request(PolicyRequest request);

  std::vector<SessionLog> sessions() const;
  std::vector<SessionLog> sessions(const Domain& host) const;
  std::vector<PolicyRequest> policy_requests() const;

 private:
  mutable std::mutex lock_;
  std::vector<SessionLog> sessions_;
  std::vector<PolicyRequest> requests_;
  LogLines lines_;
};

}  // namespace postseal::lab
