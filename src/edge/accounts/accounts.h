#pragma once
// SPDX-License-Identifier: Apache-2.0
// Accounts, one JSON file each (docs/formats/account.md), so that `postseal account` and the server need no talk with
// each other. Checking a password takes tens of milliseconds and leaves the io threads.
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/sasl/exchange.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"
#include "vocab/ip_address.h"
#include "vocab/mailbox.h"

namespace postseal::accounts {

struct AppPassword {
  std::string name;  ///< "phone"
  WallTime created{};
};

struct AccountInfo {
  Mailbox address;  ///< the login name
  std::vector<AppPassword> app_passwords;
  std::vector<Mailbox> may_send_as;  ///< beside its own address; "@domain" rights are in the settings
  std::vector<Mailbox> forward_to;
  bool keep_copy = true;  ///< of what is forwarded
  bool locked = false;
};

enum class LoginVerdict { Right, Wrong, Locked, Throttled, Unavailable };

/// Safe to use from several threads.
class Accounts {
 public:
  /// The directory is made with mode 0700 when something is saved. threads: for argon2.
  Accounts(std::string directory, const Clock& clock, unsigned threads);
  ~Accounts();

  /// Takes the same time for an unknown user. Failures of a user, an address and a network slow each other down.
  Awaitable<LoginVerdict> check_password(std::string user, std::string password, IpAddress peer);
  struct Keys {
    sasl::ScramKeys keys;
    bool known = false;
    /// Right: the exchange can go on. Else Throttled or Unavailable, and there are no keys.
    LoginVerdict verdict = LoginVerdict::Right;
  };
  /// For an unknown user keys that are always the same for this name on this server.
  Awaitable<Keys> scram_keys(std::string user, IpAddress peer);
  /// The login as it is kept and logged: ASCII letters in lower case. nullopt: no login looks like that.
  static std::optional<Mailbox> canonical(std::string_view user);
  /// A SCRAM exchange has ended: for the throttle. false: it must wait after all, and is told neither yes nor no.
  [[nodiscard]] bool settle_login(std::string_view user, const IpAddress& peer, bool right);

  std::expected<AccountInfo, std::string> load(const Mailbox& address) const;
  /// An error where a file is there that cannot be read: whose it is, is not known then.
  std::expected<bool, std::string> exists(const Mailbox& address) const;
  std::expected<std::vector<AccountInfo>, std::string> list() const;
  std::expected<void, std::string> create(const Mailbox& address, std::string_view password);
  std::expected<void, std::string> set_password(const Mailbox& address, std::string_view password);
  /// Returns the password made, 20 letters and digits; shown once. Good for PLAIN and LOGIN; SCRAM knows the main
  /// password alone, because the client names no key.
  std::expected<std::string, std::string> add_app_password(const Mailbox& address, std::string_view name);
  std::expected<void, std::string> remove_app_password(const Mailbox& address, std::string_view name);
  std::expected<void, std::string> save(const AccountInfo& info);
  std::expected<void, std::string> remove(const Mailbox& address);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::accounts
