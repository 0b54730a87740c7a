#pragma once
// SPDX-License-Identifier: Apache-2.0
// SHA-256, whole and in pieces. The only hash: RFC 8301 §3.1 leaves no other.
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

struct evp_md_ctx_st;

namespace postseal::dkim {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view octets);

class Sha256 {
 public:
  Sha256();
  void update(std::string_view octets);
  /// Of all octets so far; more may follow.
  Digest so_far() const;
  /// Of all octets. Nothing may follow.
  Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace postseal::dkim
