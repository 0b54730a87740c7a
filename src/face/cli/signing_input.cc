// SPDX-License-Identifier: Apache-2.0
#include "face/cli/signing_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "edge/store/atomic_file.h"
#include "face/cli/cli.h"
#include "face/cli/time_text.h"

namespace postseal::cli {
namespace {

/// A key of 8192 bits as PEM has an eighth of this.
constexpr std::size_t kMaxKeyFile = 65536;

std::unexpected<InputError> stop(int exit_code, std::string what) {
  return std::unexpected(InputError{exit_code, std::move(what)});
}

}  // namespace

std::expected<dkim::SigningKey, InputError> load_signing_key(const std::string& path) {
  const auto text = store::read_file(path, kMaxKeyFile);
  if (!text) return stop(kNoInput, fmt::format("{}: cannot read the key: {}", path, text.error()));
  if (!*text) return stop(kNoInput, path + ": there is no such key file; postseal dkim keygen makes one");
  auto key = dkim::SigningKey::load(**text);
  if (!key) return stop(kDataError, fmt::format("{}: {}", path, key.error()));
  return std::move(*key);
}

std::vector<std::string> split_field_names(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(":,", begin), text.size());
    std::string name(text.substr(begin, end - begin));
    std::erase(name, ' ');
    names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

std::expected<std::optional<WallTime>, InputError> read_time_option(std::string_view option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto time = parse_time_text(text);
  if (!time) {
    return stop(kUsage,
                fmt::format("{} \"{}\": must be like 2026-01-31T12:00:00Z or seconds since 1970", option, text));
  }
  return time;
}

}  // namespace postseal::cli
