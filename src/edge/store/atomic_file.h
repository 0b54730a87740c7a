#pragma once
// SPDX-License-Identifier: Apache-2.0
// Files that are there whole or not at all, whatever stops the machine.
#include <cstddef>
#include <expected>
#include <optional>
#include <string>

namespace postseal::store {

/// Errors are one clause with the system's own words.
/// nullopt: there is no such file. Not more than `most` bytes and a byte over are read.
std::expected<std::optional<std::string>, std::string> read_file(const std::string& path, std::size_t most);
/// Written beside it, synced, renamed over it, the directory synced. Mode 0600.
std::expected<void, std::string> replace_file(const std::string& directory, const std::string& name,
                                              const std::string& content);
/// With its parents; mode 0700 for what is made.
std::expected<void, std::string> make_directory(const std::string& directory);

}  // namespace postseal::store
