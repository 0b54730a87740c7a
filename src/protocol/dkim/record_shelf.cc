// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/record_shelf.h"

#include <mutex>
#include <unordered_map>
#include <utility>

namespace postseal::dkim {
namespace {

/// About 4 KiB each.
constexpr std::size_t kCapacity = 1024;

std::shared_ptr<const ShelvedRecord> take_apart(const std::string& text) {
  auto record = parse_key_record(text);
  std::expected<PublicKey, std::string> key = std::unexpected("the key has been revoked");
  if (record && !record->key.empty()) key = PublicKey::parse(record->type, record->key);
  return std::make_shared<const ShelvedRecord>(std::move(record), std::move(key));
}

/// Full: it starts anew.
class RecordShelf {
 public:
  std::shared_ptr<const ShelvedRecord> find(const std::string& text) {
    {
      const std::lock_guard lock(mutex_);
      const auto it = records_.find(text);
      if (it != records_.end()) return it->second;
    }
    auto record = take_apart(text);
    const std::lock_guard lock(mutex_);
    if (records_.size() >= kCapacity) records_.clear();
    records_.emplace(text, record);
    return record;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const ShelvedRecord>> records_;
};

}  // namespace

std::shared_ptr<const ShelvedRecord> find_record(const std::string& text) {
  static RecordShelf shelf;
  return shelf.find(text);
}

}  // namespace postseal::dkim
