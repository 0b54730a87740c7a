#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the commands that sign are given: a key file, names of fields, a time.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dkim/key.h"
#include "vocab/clock.h"

namespace postseal::cli {

struct InputError {
  int exit_code;
  std::string what;  ///< one line
};

std::expected<dkim::SigningKey, InputError> load_signing_key(const std::string& path);
/// "from:to" or "from,to".
std::vector<std::string> split_field_names(std::string_view text);
/// option: for the error. nullopt: the text is empty.
std::expected<std::optional<WallTime>, InputError> read_time_option(std::string_view option, const std::string& text);

}  // namespace postseal::cli
