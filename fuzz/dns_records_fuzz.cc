// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/dns vocab
// Rdata as any name server may send it. Input: one byte that says what DNS claimed of the answer, then records, each
// with its length in two bytes in front.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "protocol/dns/records.h"

namespace {

using namespace postseal;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Unknown never becomes known, insecure never becomes secure, and records come out only of a found answer.
template <class R>
void judge(const dns::RawAnswer& raw, const dns::Answer<R>& parsed) {
  if (!raw.found()) require(parsed.state == raw.state && parsed.records.empty());
  if (parsed.found()) require(!parsed.records.empty() && parsed.records.size() <= raw.records.size());
  if (parsed.unknown()) require(parsed.records.empty() && !parsed.secure);
  if (parsed.secure) require(raw.secure);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  dns::RawAnswer raw;
  raw.state = static_cast<dns::AnswerState>(data[0] % 5);
  raw.secure = (data[0] & 0x80) != 0 && !raw.unknown();
  for (std::size_t at = 1; at + 2 <= size;) {
    std::size_t length = static_cast<std::size_t>(data[at]) << 8 | data[at + 1];
    at += 2;
    if (length > size - at) length = size - at;
    raw.records.emplace_back(data + at, data + at + length);
    at += length;
  }
  judge(raw, dns::parse_addresses(raw));
  judge(raw, dns::parse_cname(raw));
  const auto tlsa = dns::parse_tlsa(raw);
  judge(raw, tlsa);
  const auto txt = dns::parse_txt(raw);
  judge(raw, txt);
  for (const auto& record : txt.records) require(record.joined().size() <= 65535);
  const auto mx = dns::parse_mx(raw);
  judge(raw, mx);
  for (const auto& record : mx.records) require(record.exchange.ascii().size() <= 253);
  return 0;
}
