// SPDX-License-Identifier: Apache-2.0
#include "lab/toml_node.h"

#include <fmt/core.h>

#include <optional>

#include <toml++/toml.h>

namespace postseal::lab {
namespace {

/// The first trouble ends the conversion.
class Converter {
 public:
  explicit Converter(std::string_view file) : file_(file) {}

  TomlNode convert(const toml::node& node, int depth) {
    TomlNode out;
    out.line = static_cast<int>(node.source().begin.line);
    if (depth > kMaxTomlDepth) fail(out.line, fmt::format("tables and lists are nested deeper than {}", kMaxTomlDepth));
    if (trouble) return out;
    if (const auto* text = node.as_string()) {
      out.kind = TomlNode::Kind::Text;
      out.text = text->get();
    } else if (const auto* number = node.as_integer()) {
      out.kind = TomlNode::Kind::Number;
      out.number = number->get();
    } else if (const auto* flag = node.as_boolean()) {
      out.kind = TomlNode::Kind::Flag;
      out.flag = flag->get();
    } else if (const auto* list = node.as_array()) {
      out.kind = TomlNode::Kind::List;
      for (const auto& item : *list) out.items.push_back(convert(item, depth + 1));
    } else if (const auto* table = node.as_table()) {
      for (const auto& [key, value] : *table) out.members.emplace(std::string(key.str()), convert(value, depth + 1));
    } else {
      fail(out.line, "a value is a date or a floating point number; only text, whole numbers, true and false are used");
    }
    return out;
  }

  std::optional<WorldError> trouble;

 private:
  void fail(int line, std::string what) {
    if (!trouble) trouble = WorldError{std::string(file_), line, std::move(what)};
  }
  std::string_view file_;
};

}  // namespace

std::expected<TomlNode, WorldError> parse_toml(std::string_view text, std::string_view file) {
  toml::table parsed;
  try {
    parsed = toml::parse(text, std::string(file));
  } catch (const toml::parse_error& error) {
    return std::unexpected(WorldError{std::string(file), static_cast<int>(error.source().begin.line),
                                      fmt::format("not TOML: {}", error.description())});
  }
  Converter converter(file);
  TomlNode root = converter.convert(parsed, 0);
  if (converter.trouble) return std::unexpected(*converter.trouble);
  return root;
}

}  // namespace postseal::lab
