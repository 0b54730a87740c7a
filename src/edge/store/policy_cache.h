#pragma once
// SPDX-License-Identifier: Apache-2.0
// mtasts::PolicyCache in a directory: one JSON file per domain, docs/formats/policy-cache.md. A file that is broken is
// as good as none; a directory that cannot be used costs a warning and the memory, never the delivery.
#include <functional>
#include <string>

#include "protocol/mtasts/find.h"

namespace postseal::store {

class DiskPolicyCache final : public mtasts::PolicyCache {
 public:
  /// One line for the log: what is wrong, where, what follows from it.
  using Warn = std::function<void(const std::string&)>;

  /// The directory is made (mode 0700, with its parents) when something is saved.
  DiskPolicyCache(std::string directory, Warn warn);
  mtasts::CacheEntry load(const Domain& policy_domain) override;
  void save(const Domain& policy_domain, const mtasts::CacheEntry& entry) override;

 private:
  void warn_unwritable(const std::string& what);

  std::string directory_;
  Warn warn_;
  bool unwritable_said_ = false;
};

}  // namespace postseal::store
