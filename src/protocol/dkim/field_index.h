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
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);
  /// The fields of one name: from the last one up along above_.
  struct Group {
    std::uint32_t hash = 0, count = 0;
  };
  /// The slot of the name, which is empty if there is no such field. REQUIRES: slots_ is not empty.
  std::size_t slot_of(std::string_view name, std::uint64_t hash) const;
  std::size_t slot_of(std::string_view name) const;

  std::span<const message::HeaderField> fields_;
  std::vector<Group> slots_;          ///< a power of two of them, at most half of them in use
  std::vector<std::uint32_t> last_;   ///< of each slot, the last field of the name
  std::vector<std::uint32_t> above_;  ///< of each field, the next one up with the same name
};

}  // namespace postseal::dkim
