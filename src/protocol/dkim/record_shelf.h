#pragma once
// SPDX-License-Identifier: Apache-2.0
// Key records seen lately, taken apart: most mail is signed by few keys, and taking one apart costs as much as using
// it. A record is found by its whole text, so nothing here can go stale. Safe from several threads.
#include <expected>
#include <memory>
#include <string>

#include "protocol/dkim/key_record.h"

namespace postseal::dkim {

struct ShelvedRecord {
  std::expected<KeyRecord, std::string> record;
  /// Of the record, if it is one and not revoked.
  std::expected<PublicKey, std::string> key;
};
std::shared_ptr<const ShelvedRecord> find_record(const std::string& text);

}  // namespace postseal::dkim
