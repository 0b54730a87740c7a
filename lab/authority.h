#pragma once
// SPDX-License-Identifier: Apache-2.0
// The lab's certification authorities: one that the lab's clients trust, one that nobody trusts, and intermediates,
// good and bad. Issues what a CertificateSpec asks for, defects and all. Keys are new in every run; RSA keys, which are
// slow to make, are shared by the certificates of one size.
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "lab/world.h"
#include "vocab/codec.h"

namespace postseal::lab {

struct Issued {
  std::string chain_pem;  ///< as the server sends it, leaf first
  std::string key_pem;
  std::vector<Bytes> chain;  ///< the same as DER
  Bytes leaf, root;          ///< DER, sent or not; of a self-signed certificate both are the same
  Bytes intermediate;        ///< DER of the leaf's issuer, sent or not; empty if the root issued the leaf
};

class Authority {
 public:
  static std::expected<Authority, std::string> create();
  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;
  ~Authority();

  /// What clients of the lab trust.
  const std::string& root_pem() const;
  const Bytes& untrusted_root() const;
  /// name: the DNS-ID if the spec says none. The error says what could not be made.
  std::expected<Issued, std::string> issue(const CertificateSpec& spec, const std::string& name);

 private:
  Authority();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::lab
