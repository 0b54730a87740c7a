// SPDX-License-Identifier: Apache-2.0
// DMARC records: what counts as one begins with its version, and what comes out of it is bounded and printable.
// Input: records separated by LF.
// rooms: protocol/dmarc protocol/dns vocab
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "protocol/dmarc/record.h"

namespace {

using namespace postseal;

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<dns::TxtRecord> records;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::size_t valid = 0;
  for (;;) {
    const std::size_t end = rest.find('\n');
    const std::string_view text = rest.substr(0, end);
    const auto record = dmarc::parse_record(text);
    if (record) {
      ++valid;
      demand(text.front() == 'v' || text.front() == 'V');
      demand(text.find("DMARC1") != text.npos);
      demand(record->policy_broken || record->p);
      for (const auto& uris : {record->rua, record->ruf}) {
        demand(uris.size() <= 50);
        for (const std::string& uri : uris) {
          demand(uri.contains(':') && !uri.contains(',') && !uri.contains('!'));
          demand(std::ranges::all_of(uri, [](char c) { return c > ' ' && c < 0x7f; }));
        }
      }
      // Tags that nobody knows change nothing.
      demand(dmarc::parse_record(std::string(text) + ";unknown=1") == record);
    }
    records.push_back({{std::string(text)}});
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
  demand(dmarc::select_record(records).has_value() == (valid == 1));
  return 0;
}
