// SPDX-License-Identifier: Apache-2.0
// A file of the policy cache: what is read stands for itself when it is written again.
// rooms: edge/store protocol/mtasts protocol/tlsrpt vocab
#include <cstdint>
#include <cstdlib>

#include "edge/store/policy_cache_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postseal;
  static const Domain domain = Domain::parse("example.org").value();
  const auto entry = store::parse_entry(domain, {reinterpret_cast<const char*>(data), size});
  if (!entry) return entry.error().empty() ? std::abort(), 0 : 0;
  const auto again = store::parse_entry(domain, store::format_entry(domain, *entry));
  if (!again || again->policy != entry->policy || again->failure.has_value() != entry->failure.has_value())
    std::abort();
  if (entry->policy && entry->policy->expires() < entry->policy->fetched) std::abort();
  return 0;
}
