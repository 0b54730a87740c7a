// SPDX-License-Identifier: Apache-2.0
// Policy bodies: what is valid stands for itself when it is written again, and its patterns match by whole labels.
// rooms: protocol/mtasts vocab
#include <cstdint>
#include <cstdlib>

#include "protocol/mtasts/policy.h"

namespace {

using namespace postseal;

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy = mtasts::parse_policy({reinterpret_cast<const char*>(data), size});
  if (!policy) {
    demand(!policy.error().reason.empty() && policy.error().line >= 0);
    return 0;
  }
  demand(size <= mtasts::kMaxPolicySize);
  demand(policy->max_age >= Seconds(0) && policy->max_age <= mtasts::kMaxAge);
  demand(!policy->mx.empty() || policy->mode == mtasts::Mode::None);

  std::string again = "version: STSv1\nmode: " + std::string(to_string(policy->mode)) +
                      "\nmax_age: " + std::to_string(policy->max_age.count()) + "\n";
  for (const mtasts::MxPattern& pattern : policy->mx) {
    again += "mx: " + pattern.to_string() + "\n";
    demand(pattern.name.is_hostname());
    demand(pattern.matches(pattern.name) == !pattern.wildcard);
    if (const auto below = pattern.name.prefixed("a")) {
      demand(pattern.matches(*below) == pattern.wildcard);
      if (const auto deeper = below->prefixed("b")) demand(!pattern.matches(*deeper));
    }
  }
  if (again.size() <= mtasts::kMaxPolicySize) demand(mtasts::parse_policy(again) == *policy);
  return 0;
}
