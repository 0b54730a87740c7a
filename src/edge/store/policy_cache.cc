// SPDX-License-Identifier: Apache-2.0
#include "edge/store/policy_cache.h"

#include <algorithm>
#include <optional>

#include "edge/store/atomic_file.h"
#include "edge/store/policy_cache_format.h"

namespace postseal::store {
namespace {

constexpr std::string_view kSuffix = ".json";
constexpr std::size_t kMaxFileName = 255;

/// nullopt for what no policy domain is called and no file should be: the root, very long names, and other characters
/// than those of host names and "_".
std::optional<std::string> file_name(const Domain& domain) {
  const std::string& name = domain.ascii();
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  if (name.empty() || !plain || name.starts_with('.') || name.size() + kSuffix.size() > kMaxFileName) {
    return std::nullopt;
  }
  return name + std::string(kSuffix);
}

}  // namespace

DiskPolicyCache::DiskPolicyCache(std::string directory, Warn warn)
    : directory_(std::move(directory)), warn_(std::move(warn)) {}

mtasts::CacheEntry DiskPolicyCache::load(const Domain& policy_domain) {
  const auto name = file_name(policy_domain);
  if (!name) return {};
  const std::string path = directory_ + "/" + *name;
  const auto text = read_file(path, kMaxCacheFile);
  if (!text) {
    warn_("policy cache: " + path + ": " + text.error() + "; going on as if there were no remembered policy");
    return {};
  }
  if (!*text) return {};
  auto entry = parse_entry(policy_domain, **text);
  if (!entry) {
    warn_("policy cache: " + path + " is not usable: " + entry.error() +
          "; going on as if there were no remembered policy");
    return {};
  }
  return std::move(*entry);
}

void DiskPolicyCache::save(const Domain& policy_domain, const mtasts::CacheEntry& entry) {
  const auto name = file_name(policy_domain);
  if (!name) return;
  if (auto made = make_directory(directory_); !made) return warn_unwritable(made.error());
  if (auto saved = replace_file(directory_, *name, format_entry(policy_domain, entry)); !saved) {
    warn_unwritable(saved.error());
  }
}

void DiskPolicyCache::warn_unwritable(const std::string& what) {
  if (unwritable_said_) return;
  unwritable_said_ = true;
  warn_("policy cache: " + what + "; MTA-STS policies will not be remembered");
}

}  // namespace postseal::store
