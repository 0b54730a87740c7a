// SPDX-License-Identifier: Apache-2.0
// rooms: edge/net vocab
// A PROXY header as anybody may send it: what is taken fits what came, and a prefix never says something else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/net/proxy_header.h"

namespace {

using namespace postseal::net;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = parse_proxy_header(bytes);
  const auto* header = std::get_if<ProxyHeader>(&whole);
  if (header != nullptr) require(header->length <= size && header->length <= kMaxProxyHeader);
  // Read piece by piece, exactly the header is taken.
  std::size_t have = 0;
  for (;;) {
    const auto part = parse_proxy_header(bytes.substr(0, have));
    if (const auto* more = std::get_if<ProxyHeaderIncomplete>(&part)) {
      require(more->missing > 0);
      have += more->missing;
      if (have > size) {
        require(header == nullptr);
        break;
      }
      continue;
    }
    if (const auto* found = std::get_if<ProxyHeader>(&part)) {
      require(header != nullptr && found->length == have && found->client == header->client);
    } else {
      require(header == nullptr);
    }
    break;
  }
  return 0;
}
