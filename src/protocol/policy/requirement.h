#pragma once
// SPDX-License-Identifier: Apache-2.0
// What one server must prove before it gets the message. Requirements only ever rise: join() takes the stronger part
// of each.
#include <string>
#include <vector>

#include "protocol/dane/tlsa.h"
#include "vocab/domain.h"

namespace postseal::policy {

enum class TlsUse { Never, IfOffered, Required };
enum class Proof { None, Pkix, Dane };
/// Opportunistic TLS goes as low as the library's default (never SSLv3, RC4, 3DES, export); TLS that is required is 1.2
/// at least.
enum class TlsFloor { LibraryDefault, Tls12 };

/// RFC 9525 reference identifier (DNS-ID). below: names under it match too (Postfix's dot-nexthop).
struct ReferenceName {
  Domain name;
  bool below = false;
  auto operator<=>(const ReferenceName&) const = default;
};

struct Requirement {
  TlsUse tls = TlsUse::IfOffered;
  TlsFloor floor = TlsFloor::LibraryDefault;
  Proof proof = Proof::None;
  std::vector<ReferenceName> names;    ///< for Pkix, and for DANE-TA records
  std::vector<dane::TlsaRecord> tlsa;  ///< usable records; not empty exactly for Proof::Dane
  Domain sni;                          ///< the TLSA base domain with DANE (RFC 7672 §8.1), else the MX host
  bool requiretls_keyword = false;     ///< REQUIRETLS must stand in the EHLO reply after STARTTLS (RFC 8689 §4.2.1)
  bool operator==(const Requirement&) const = default;
};

}  // namespace postseal::policy
