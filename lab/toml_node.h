#pragma once
// SPDX-License-Identifier: Apache-2.0
// A TOML file as a plain tree with line numbers, so that the readers of a world do not see the TOML library, whose
// header costs many seconds. toml_node.cc is the one file of this room that includes it.
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lab/world.h"

namespace postseal::lab {

struct TomlNode {
  enum class Kind { Text, Number, Flag, List, Table };
  Kind kind = Kind::Table;
  int line = 0;
  std::string text;
  std::int64_t number = 0;
  bool flag = false;
  std::vector<TomlNode> items;
  std::map<std::string, TomlNode> members;
};

/// Floats, dates and nesting deeper than kMaxTomlDepth are errors.
std::expected<TomlNode, WorldError> parse_toml(std::string_view text, std::string_view file);

inline constexpr int kMaxTomlDepth = 8;

}  // namespace postseal::lab
