#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads one table of a world file. Every getter leaves its target alone when the key is missing; the first mistake in a
// file is kept in a Trouble, later ones are not looked at. finish() reports keys that nobody asked for.
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lab/toml_node.h"

namespace postseal::lab {

class Trouble {
 public:
  explicit Trouble(std::string_view file) : file_(file) {}
  void report(int line, std::string what) {
    if (!first_) first_ = WorldError{file_, line, std::move(what)};
  }
  const std::optional<WorldError>& first() const { return first_; }

 private:
  std::string file_;
  std::optional<WorldError> first_;
};

class TableReader {
 public:
  /// where: how the table is called in messages, "[[zone]]", "server of case D01".
  TableReader(const TomlNode& table, std::string where, Trouble& trouble);

  bool has(std::string_view key) const { return table_.members.contains(std::string(key)); }
  int line() const { return table_.line; }
  int line_of(std::string_view key) const;
  void call(std::string where) { where_ = std::move(where); }

  void text(std::string_view key, std::string& out);
  /// Text, or a whole number written as text.
  void text_or_number(std::string_view key, std::string& out);
  void choice(std::string_view key, std::string& out, std::initializer_list<std::string_view> allowed);
  void flag(std::string_view key, bool& out);
  void number(std::string_view key, std::int64_t& out, std::int64_t least, std::int64_t most);
  /// A list of texts; a single text is a list of one.
  void texts(std::string_view key, std::vector<std::string>& out);
  void choices(std::string_view key, std::vector<std::string>& out, std::initializer_list<std::string_view> allowed);
  /// The table or value under a key, whatever it is.
  const TomlNode* node(std::string_view key);
  const TomlNode* table(std::string_view key);
  /// A list of tables; a single table is a list of one.
  std::vector<const TomlNode*> tables(std::string_view key);

  /// "'KEY' of WHERE what"
  void fail(std::string_view key, std::string_view what);
  void finish();

 private:
  const TomlNode* expect(std::string_view key, TomlNode::Kind kind, std::string_view kind_name);
  void check_choice(std::string_view key, const std::string& value, std::initializer_list<std::string_view> allowed);

  const TomlNode& table_;
  std::string where_;
  Trouble& trouble_;
  std::set<std::string, std::less<>> asked_;
};

/// Texts longer than this are refused, wherever they stand.
inline constexpr std::size_t kMaxWorldText = 128 * 1024;

}  // namespace postseal::lab
