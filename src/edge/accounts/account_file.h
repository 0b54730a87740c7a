#pragma once
// SPDX-License-Identifier: Apache-2.0
// One account as it is kept: docs/formats/account.md.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/accounts/accounts.h"

namespace postseal::accounts {

struct Secret {
  std::string argon2id;   ///< PHC string
  sasl::ScramKeys scram;  ///< all secrets of an account have the same salt
  bool operator==(const Secret&) const = default;
};

struct AppSecret {
  std::string name;
  WallTime created{};
  std::string begins;  ///< the first four of its twenty characters: picks the one hash to be computed
  Secret secret;
  bool operator==(const AppSecret&) const = default;
};

struct AccountRecord {
  Mailbox address;
  Secret password;
  std::vector<AppSecret> app_passwords;
  std::vector<Mailbox> may_send_as, forward_to;
  bool keep_copy = true, locked = false;
  std::string totp_secret;  ///< for the web side; not looked at here
  bool operator==(const AccountRecord&) const = default;

  AccountInfo info() const;
};

std::string format_account(const AccountRecord& record);
std::expected<AccountRecord, std::string> parse_account(std::string_view json);

/// ASCII letters in lower case: one login, however it is typed. nullopt: no mailbox at a domain.
std::optional<Mailbox> canonical_login(std::string_view user);
/// "alice@example.org.json"; octets outside a-z 0-9 . _ + - @ as %XX.
std::string file_name_of(const Mailbox& login);

/// nullopt: no such account. A file that others may read or write is refused: who can read it can guess at leisure.
std::expected<std::optional<AccountRecord>, std::string> load_account(const std::string& directory,
                                                                      const Mailbox& login);
std::expected<void, std::string> save_account(const std::string& directory, const AccountRecord& record);

}  // namespace postseal::accounts
