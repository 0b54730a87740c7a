#pragma once
// SPDX-License-Identifier: Apache-2.0
// Finds the fields that an h= names: from the bottom up, each once (RFC 6376 §5.4.2), in time that does not depend on
// how many there are (A24).
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/message/header.h"

namespace postseal::dkim {

class FieldIndex {
 public:
  FieldIndex() = default;
  explicit FieldIndex(std::span<const message::HeaderField> fields);

  static constexpr std::size_t kNoField = static_cast<std::size_t>(-1);
  /// For each name the index of its field, or kNoField where no further one exists: that is the null string, hashed
  /// as nothing. `except`: never picked, the signature that is being checked.
  std::vector<std::size_t> pick(std::span<const std::string_view> names, std::size_t except = kNoField) const;
  /// How many fields have this name.
  std::size_t count(std::string_view name) const;
  /// From the top down.
  std::vector<std::size_t> all(std::string_view name) const;

 private:
  struct Entry {
    std::uint32_t hash, field;
  };
  std::span<const Entry> group(std::string_view name) const;

  std::span<const message::HeaderField> fields_;
  std::vector<Entry> entries_;  ///< by name, then by place
};

}  // namespace postseal::dkim
