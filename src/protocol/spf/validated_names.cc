// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/validated_names.h"

#include <algorithm>

#include "protocol/spf/check.h"
#include "protocol/spf/macro.h"

namespace postseal::spf {

IpAddress unmapped(const IpAddress& ip) {
  // RFC 7208 §5: an IPv4-mapped IPv6 address is still IPv4.
  constexpr std::uint8_t kPrefix[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto bytes = ip.bytes();
  if (ip.is_v4() || !std::ranges::equal(bytes.first(sizeof kPrefix), kPrefix)) return ip;
  return IpAddress::v4({bytes[12], bytes[13], bytes[14], bytes[15]});
}

Awaitable<ValidatedNames> find_validated_names(dns::Resolver& resolver, IpAddress ip, Deadline deadline) {
  ip = unmapped(ip);
  ValidatedNames names;
  const auto reverse = Domain::parse_dns(reverse_name(ip));
  const auto ptr = dns::parse_ptr(co_await resolver.lookup(reverse.value(), dns::RecordType::PTR, deadline));
  names.state = ptr.state;
  names.why = ptr.why;
  names.secure = ptr.secure;
  for (const Domain& name : ptr.records) {
    // RFC 7208 §4.6.4 MUST: of more than ten names only the first ten are looked at (A26).
    if (names.claimed.size() == kMaxNames) break;
    if (name.is_root()) continue;
    names.claimed.push_back(name);
    const auto type = ip.is_v4() ? dns::RecordType::A : dns::RecordType::AAAA;
    const auto addresses = dns::parse_addresses(co_await resolver.lookup(name, type, deadline));
    names.secure = names.secure && addresses.secure;
    // RFC 7208 §5.5: a name whose lookup fails is skipped, and the search goes on.
    if (addresses.unknown()) names.unknown = true;
    if (std::ranges::find(addresses.records, ip) != addresses.records.end()) names.validated.push_back(name);
  }
  co_return names;
}

}  // namespace postseal::spf
