// SPDX-License-Identifier: Apache-2.0
// TXT records at _mta-sts: what is valid has an id by the grammar, however the text is cut into strings.
// Input: records separated by LF, the strings of one record by NUL.
// rooms: protocol/mtasts protocol/dns vocab
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "protocol/mtasts/record.h"

namespace {

using namespace postseal;

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<dns::TxtRecord> cut(1);
  cut.back().strings.emplace_back();
  for (const char c : std::string_view(reinterpret_cast<const char*>(data), size)) {
    if (c == '\n') {
      cut.push_back({{""}});
    } else if (c == '\0') {
      cut.back().strings.emplace_back();
    } else {
      cut.back().strings.back() += c;
    }
  }
  std::vector<dns::TxtRecord> whole;
  for (const dns::TxtRecord& record : cut) whole.push_back({{record.joined()}});

  const mtasts::RecordResult result = mtasts::parse_records(cut);
  demand(!result.reason.empty() && result.reason.size() < 400);
  demand(std::ranges::all_of(result.reason, [](char c) { return c >= 0x20 && c < 0x7f; }));
  demand((result.verdict == mtasts::RecordVerdict::Valid) == !result.record.id.empty());
  demand(result.record.id.size() <= 32);
  demand(mtasts::parse_records(whole).verdict == result.verdict);
  std::ranges::reverse(cut);
  demand(mtasts::parse_records(cut).verdict == result.verdict);
  return 0;
}
