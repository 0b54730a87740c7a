#pragma once
// SPDX-License-Identifier: Apache-2.0
// DIRECTORY/DOMAIN/keys.json and DIRECTORY/DOMAIN/SELECTOR.pem: folders of mode 0700, files of 0600. Each file is there
// whole or not at all. A key's file is written before the book names it, and goes after.
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edge/dkim_keys/key_book.h"

namespace postseal::dkim_keys {

/// Errors are one line: which file, what is wrong.
class KeyDirectory {
 public:
  explicit KeyDirectory(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

  /// Domains that have a book; empty where there is no directory.
  std::expected<std::vector<Domain>, std::string> domains() const;
  /// Without keys where there is no book.
  std::expected<KeyBook, std::string> load(const Domain& domain) const;
  std::expected<void, std::string> save(const KeyBook& book) const;

  /// Makes a key and notes it as Published; nothing is saved but the key itself. selector: empty for new_selector().
  std::expected<dkim::SigningKey, std::string> add(KeyBook& book, dkim::KeyType type, std::string selector,
                                                   WallTime now) const;
  std::expected<dkim::SigningKey, std::string> read_key(const Domain& domain, const std::string& selector) const;
  /// After save() of a book without it.
  std::expected<void, std::string> remove_key(const Domain& domain, const std::string& selector) const;

  /// 32 random octets as hexadecimal digits, made when they are asked for first.
  std::expected<std::string, std::string> srs_secret() const;
  /// The same where there is one already.
  std::expected<std::optional<std::string>, std::string> existing_srs_secret() const;

  /// What there is and when each was last written: books by their domains' folders, and the secret. Something has
  /// changed where this is another; also a book that was put back from a backup, with its old time.
  using Times = std::map<std::string, std::filesystem::file_time_type>;
  Times times() const;

 private:
  std::string folder(const Domain& domain) const;
  std::string path_;
};

}  // namespace postseal::dkim_keys
