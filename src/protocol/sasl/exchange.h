#pragma once
// SPDX-License-Identifier: Apache-2.0
// One SASL exchange, server side. Bytes in, steps out; who knows the passwords is asked by the caller.
// RFC 4422, 4616 (PLAIN), 5802 and 7677 (SCRAM-SHA-256), 5929 and 9266 (channel binding).
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace postseal::sasl {

/// What is kept of a password for SCRAM (RFC 5802 §3); from it the password cannot be computed back.
struct ScramKeys {
  std::string salt;  ///< bytes
  std::uint32_t iterations = 0;
  std::string stored_key, server_key;  ///< 32 bytes each
  bool operator==(const ScramKeys&) const = default;
};
/// RFC 5802 §3 with SHA-256. REQUIRES: password prepared (RFC 8265 OpaqueString), iterations >= 4096 (RFC 7677 §4).
ScramKeys derive_scram_keys(std::string_view password, std::string_view salt, std::uint32_t iterations);
/// RFC 8265 §4.2 OpaqueString, without the contextual rules of RFC 8264 §9; nullopt: not allowed as a password.
/// Done by PLAIN and LOGIN; whoever sets a password does it too.
std::optional<std::string> prepare_password(std::string_view utf8);

// --- steps ---
struct Challenge {
  std::string bytes;
};
/// Ask who knows whether this is the password of this user; then call password_checked().
struct CheckPassword {
  std::string user, password;
};
/// Ask for the user's keys; then call keys_found(). For an unknown user give keys that look right (no enumeration).
struct FindKeys {
  std::string user;
};
struct Accepted {
  std::string user;
  std::optional<std::string> final_data;
};
enum class Failure { Malformed, WrongPassword, NotSupported, ChannelBindingMismatch, AuthorizationDenied };
std::string_view to_string(Failure failure);
struct Refused {
  Failure failure = Failure::Malformed;
  std::string user;  ///< as far as known; for throttling and the log
};
using Step = std::variant<Challenge, CheckPassword, FindKeys, Accepted, Refused>;

struct ChannelBinding {
  std::string type;  ///< "tls-exporter", "tls-server-end-point"
  std::string bytes;
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  /// The client's first or next message; nullopt as the first: none came with AUTH.
  virtual Step respond(std::optional<std::string_view> response) = 0;
  /// REQUIRES: the last step was CheckPassword / FindKeys. known: false for an unknown or locked user.
  virtual Step password_checked(bool right) = 0;
  virtual Step keys_found(const ScramKeys& keys, bool known) = 0;
};

/// "PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS" in any case; nullptr for others, and for -PLUS without
/// binding. plus_offered: the server offered -PLUS in its EHLO (RFC 5802 §6, the downgrade check).
std::unique_ptr<Exchange> start_exchange(std::string_view mechanism, std::optional<ChannelBinding> binding,
                                         bool plus_offered);

}  // namespace postseal::sasl
