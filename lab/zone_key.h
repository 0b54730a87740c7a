#pragma once
// SPDX-License-Identifier: Apache-2.0
// One key that signs a zone (a combined key, ECDSAP256SHA256), in the file formats that signers and validators read.
#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "vocab/codec.h"
#include "vocab/domain.h"

namespace postseal::lab {

/// Of the rdata of a DNSKEY record (RFC 4034 Appendix B).
std::uint16_t key_tag(std::span<const std::uint8_t> rdata);

class ZoneKey {
 public:
  static std::expected<ZoneKey, std::string> make();

  /// Rdata in presentation format: "257 3 13 BASE64".
  std::string dnskey() const;
  /// "TAG 13 2 HEX", the digest that the parent publishes (RFC 4034 §5.1.4).
  std::string ds(const Domain& zone) const;
  /// BIND's private key format, as ldns-signzone reads it.
  const std::string& private_file() const { return private_file_; }

 private:
  Bytes rdata_;
  std::string private_file_;
};

}  // namespace postseal::lab
