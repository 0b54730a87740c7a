#pragma once
// SPDX-License-Identifier: Apache-2.0
// A key with contexts that are set up for one kind of use. Setting one up costs a tenth of what it is for, so those
// that were used are kept for the next signature. Safe from several threads. Only this room's .cc files include it.
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/dkim/digest.h"
#include "protocol/dkim/openssl.h"

namespace postseal::dkim {

/// start: makes a context for the key, or nullptr.
template <class Context>
class Prepared {
 public:
  using Start = Context (*)(EVP_PKEY*);
  Prepared(EVP_PKEY* key, Start start) : key_(key), start_(start) {}

  Context take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        Context context = std::move(free_.back());
        free_.pop_back();
        return context;
      }
    }
    return start_(key_);
  }
  void give_back(Context context) {
    const std::lock_guard lock(mutex_);
    if (free_.size() < 8) free_.push_back(std::move(context));
  }

 private:
  EVP_PKEY* key_;
  Start start_;
  std::mutex mutex_;
  std::vector<Context> free_;
};

}  // namespace postseal::dkim
