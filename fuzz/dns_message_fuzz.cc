// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/dns vocab
// A resolver's whole message as anybody may send it. Input: one byte that picks the type asked for, then the message;
// its id and question are put in place, so that the rest is reached.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "protocol/dns/message.h"

namespace {

using namespace postseal;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using dns::RecordType;
  static const Domain kName = *Domain::parse_dns("mx.test");
  static const std::array kTypes{RecordType::A, RecordType::MX, RecordType::TXT, RecordType::TLSA, RecordType::CNAME};
  if (size == 0) return 0;
  const RecordType type = kTypes[data[0] % kTypes.size()];
  (void)dns::parse_response({data + 1, size - 1}, 0, kName, type);
  (void)dns::is_referral({data + 1, size - 1});

  // Flags and counts from the input, the question ours, the sections from the input.
  Bytes message = dns::format_query(7, kName, type);
  message.resize(message.size() - 11);
  for (std::size_t i = 0; i < 10 && i + 1 < size; ++i) message[2 + i] = data[1 + i];
  message[2] = static_cast<std::uint8_t>((message[2] & 0x07) | 0x80);
  message[4] = 0;
  message[5] = 1;
  if (size > 11) message.insert(message.end(), data + 11, data + size);
  const auto response = dns::parse_response(message, 7, kName, type);
  require(response.has_value());
  (void)dns::is_referral(message);
  const auto& answer = response->answer;
  require(answer.found() == !answer.records.empty());
  if (answer.unknown()) require(!answer.secure && !answer.why.empty());
  if (answer.secure) require((message[3] & 0x20) != 0);
  return 0;
}
