#pragma once
// SPDX-License-Identifier: Apache-2.0
// TLS as a server, over any Stream: the lab's, which may be as weak as a world says, and the mail server's, which keeps
// to the security floor (ServerSettings::for_mail).
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/net/stream.h"
#include "vocab/ip_address.h"

namespace postseal::tls {

struct Identity {
  std::string chain_pem;  ///< leaf first
  std::string key_pem;
};

/// The keys that session tickets are sealed with, made anew twice a day; those before are still good for opening. One
/// for all threads, and it stays when certificates are loaded anew, so that clients can resume across a reload.
class TicketKeys;
std::shared_ptr<TicketKeys> make_ticket_keys();

struct ServerSettings {
  std::string chain_pem;  ///< leaf first
  std::string key_pem;
  std::string min_version = "TLSv1.2";  ///< "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"
  std::string max_version = "TLSv1.3";
  std::string ciphers;  ///< OpenSSL cipher string for TLS 1.2 and below; empty: the library's default
  /// OpenSSL's: 2 refuses RSA-1024 and SHA-1 in the own chain; labs that show such a chain need 0. Versions below
  /// TLSv1.2 go to 0 by themselves.
  int security_level = 2;
  /// Further certificates, chosen by SNI from their names. For an unknown name the first one above is shown (A18).
  std::vector<Identity> others;
  /// The floor: ECDHE with AEAD only, a short list of groups with the post-quantum hybrid first, one stateless ticket
  /// for those who use it.
  bool floor = false;
  bool ask_client_certificate = false;  ///< never demanded: who has none is served all the same
  std::shared_ptr<TicketKeys> tickets;  ///< empty: the context makes its own

  /// TLS 1.2 at least, the floor.
  static ServerSettings for_mail(Identity first, std::vector<Identity> others = {});
};

/// What is known of a client before its handshake, and wanted of the session.
struct Caller {
  std::optional<IpAddress> address;  ///< who never resumes gets fewer tickets; nobody's: always one
  bool binding = false;              ///< the channel binding, which costs some microseconds
};

/// Safe to use from several threads once made. Sessions outlive it: a reload puts a new one in its place.
class ServerContext {
 public:
  /// The error says what OpenSSL refused.
  static std::expected<ServerContext, std::string> create(const ServerSettings& settings);
  ServerContext(ServerContext&&) noexcept;
  ServerContext& operator=(ServerContext&&) noexcept;
  ~ServerContext();

  struct Session {
    std::unique_ptr<net::Stream> stream;
    std::string version, cipher, sni;
    bool resumed = false;
    std::string group;        ///< of the key exchange, "X25519"; empty for one without
    std::string client_name;  ///< subject of the client's certificate (RFC 4514); empty: it showed none
    bool client_verified = false;
    /// Of this session, for SASL: "tls-exporter" (RFC 9266), below TLS 1.3 "tls-server-end-point" (RFC 5929 §4). Empty
    /// if not asked for or not to be had.
    std::string binding_type, binding;
  };
  Awaitable<std::expected<Session, net::IoError>> start(std::unique_ptr<net::Stream> plain, Deadline deadline,
                                                        Caller caller = {}) const;

 private:
  ServerContext();
  struct Impl;
  static Awaitable<std::expected<Session, net::IoError>> shake(std::shared_ptr<Impl> impl,
                                                               std::unique_ptr<net::Stream> plain, Deadline deadline,
                                                               Caller caller);
  std::shared_ptr<Impl> impl_;
};

}  // namespace postseal::tls
