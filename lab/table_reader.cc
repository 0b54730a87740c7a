// SPDX-License-Identifier: Apache-2.0
#include "lab/table_reader.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace postseal::lab {

TableReader::TableReader(const TomlNode& table, std::string where, Trouble& trouble)
    : table_(table), where_(std::move(where)), trouble_(trouble) {
  if (table.kind != TomlNode::Kind::Table) trouble_.report(table.line, fmt::format("{} must be a table", where_));
}

int TableReader::line_of(std::string_view key) const {
  const auto found = table_.members.find(std::string(key));
  return found == table_.members.end() ? table_.line : found->second.line;
}

void TableReader::fail(std::string_view key, std::string_view what) {
  trouble_.report(line_of(key), fmt::format("'{}' of {} {}", key, where_, what));
}

const TomlNode* TableReader::node(std::string_view key) {
  asked_.emplace(key);
  const auto found = table_.members.find(std::string(key));
  return found == table_.members.end() ? nullptr : &found->second;
}

const TomlNode* TableReader::expect(std::string_view key, TomlNode::Kind kind, std::string_view kind_name) {
  const TomlNode* value = node(key);
  if (!value) return nullptr;
  if (value->kind != kind) {
    fail(key, fmt::format("must be {}", kind_name));
    return nullptr;
  }
  if (value->text.size() > kMaxWorldText) {
    fail(key, fmt::format("is longer than {} octets", kMaxWorldText));
    return nullptr;
  }
  return value;
}

void TableReader::text(std::string_view key, std::string& out) {
  if (const TomlNode* value = expect(key, TomlNode::Kind::Text, "text in quotes")) out = value->text;
}

void TableReader::text_or_number(std::string_view key, std::string& out) {
  const TomlNode* value = node(key);
  if (value && value->kind == TomlNode::Kind::Number) {
    out = std::to_string(value->number);
  } else {
    text(key, out);
  }
}

void TableReader::check_choice(std::string_view key, const std::string& value,
                               std::initializer_list<std::string_view> allowed) {
  if (std::ranges::find(allowed, value) == allowed.end()) {
    fail(key, fmt::format("is \"{}\"; allowed: {}", value.substr(0, 40), fmt::join(allowed, ", ")));
  }
}

void TableReader::choice(std::string_view key, std::string& out, std::initializer_list<std::string_view> allowed) {
  text(key, out);
  if (has(key)) check_choice(key, out, allowed);
}

void TableReader::flag(std::string_view key, bool& out) {
  if (const TomlNode* value = expect(key, TomlNode::Kind::Flag, "true or false")) out = value->flag;
}

void TableReader::number(std::string_view key, std::int64_t& out, std::int64_t least, std::int64_t most) {
  const TomlNode* value = expect(key, TomlNode::Kind::Number, "a whole number");
  if (!value) return;
  if (value->number < least || value->number > most) {
    fail(key, fmt::format("is {}; allowed: {} to {}", value->number, least, most));
    return;
  }
  out = value->number;
}

void TableReader::texts(std::string_view key, std::vector<std::string>& out) {
  const TomlNode* value = node(key);
  if (!value) return;
  out.clear();
  if (value->kind == TomlNode::Kind::Text) {
    out.push_back(value->text);
  } else if (value->kind == TomlNode::Kind::List) {
    for (const TomlNode& item : value->items) {
      if (item.kind != TomlNode::Kind::Text) return fail(key, "must be a list of texts in quotes");
      out.push_back(item.text);
    }
  } else {
    return fail(key, "must be text in quotes or a list of texts");
  }
  for (const std::string& text : out) {
    if (text.size() > kMaxWorldText) return fail(key, fmt::format("is longer than {} octets", kMaxWorldText));
  }
}

void TableReader::choices(std::string_view key, std::vector<std::string>& out,
                          std::initializer_list<std::string_view> allowed) {
  texts(key, out);
  if (!has(key)) return;
  for (const std::string& value : out) check_choice(key, value, allowed);
}

const TomlNode* TableReader::table(std::string_view key) {
  return expect(key, TomlNode::Kind::Table, "a table: { ... }");
}

std::vector<const TomlNode*> TableReader::tables(std::string_view key) {
  const TomlNode* value = node(key);
  std::vector<const TomlNode*> out;
  if (!value) return out;
  if (value->kind == TomlNode::Kind::Table) {
    out.push_back(value);
  } else if (value->kind == TomlNode::Kind::List) {
    for (const TomlNode& item : value->items) {
      if (item.kind != TomlNode::Kind::Table) fail(key, "must be a table or a list of tables");
      out.push_back(&item);
    }
  } else {
    fail(key, "must be a table or a list of tables");
  }
  return out;
}

void TableReader::finish() {
  for (const auto& [key, value] : table_.members) {
    if (!asked_.contains(key)) {
      trouble_.report(value.line, fmt::format("unknown key '{}' in {}; allowed: {}", key.substr(0, 40), where_,
                                              fmt::join(asked_, ", ")));
    }
  }
}

}  // namespace postseal::lab
