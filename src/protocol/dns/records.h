#pragma once
// SPDX-License-Identifier: Apache-2.0
// The record types that transport reads, parsed from wire-format rdata. A record that does not parse makes its whole
// answer Failed/Malformed: a server that garbles one record proves nothing with the others.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dns/answer.h"
#include "vocab/ip_address.h"

namespace postseal::dns {

enum class RecordType : std::uint16_t {
  A = 1,
  NS = 2,
  CNAME = 5,
  SOA = 6,
  PTR = 12,
  MX = 15,
  TXT = 16,
  AAAA = 28,
  DS = 43,
  DNSKEY = 48,
  TLSA = 52
};

std::string_view to_string(RecordType type);

struct MxRecord {
  std::uint16_t preference = 0;
  Domain exchange;  ///< the root for a null MX (RFC 7505)
  auto operator<=>(const MxRecord&) const = default;
};

/// The character strings of one TXT record, in order.
struct TxtRecord {
  std::vector<std::string> strings;
  std::string joined() const;
  bool operator==(const TxtRecord&) const = default;
};

/// RFC 6698 §2.1; numbers as received, whatever they are worth.
struct TlsaRecord {
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching_type = 0;
  Bytes data;
  auto operator<=>(const TlsaRecord&) const = default;
};

/// Wire rdata to records. MX: an exchange that is no printable name is kept out of the list only if others remain.
Answer<MxRecord> parse_mx(const RawAnswer& raw);
Answer<TxtRecord> parse_txt(const RawAnswer& raw);
Answer<TlsaRecord> parse_tlsa(const RawAnswer& raw);
Answer<IpAddress> parse_addresses(const RawAnswer& raw);  ///< A (4 bytes) or AAAA (16 bytes)
Answer<Domain> parse_cname(const RawAnswer& raw);
/// Names that are no printable host name are left out: RFC 7208 §5.5 looks at each by itself.
Answer<Domain> parse_ptr(const RawAnswer& raw);

}  // namespace postseal::dns
