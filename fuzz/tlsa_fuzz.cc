// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/dane edge/tls vocab
// TLSA records from DNS and from people. Input: lines; each is read as text, and all that parse go through
// select_usable() with OpenSSL's own parsers for full data.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/tls/verify.h"
#include "protocol/dane/tlsa.h"

namespace {

using namespace postseal;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<dane::TlsaRecord> records;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    auto record = dane::parse_tlsa_text(line);
    if (!record) {
      require(!record.error().empty());
      continue;
    }
    require(dane::parse_tlsa_text(dane::format_tlsa(*record)) == *record);
    require(!dane::name_of(*record).empty());
    records.push_back(std::move(*record));
  }
  const dane::TlsaSet set = dane::select_usable(records, tls::full_data_parses);
  require(set.usable.size() <= dane::kMaxRecords && set.unusable.size() <= dane::kMaxRecords);
  require(set.usable.size() + set.unusable.size() + set.dropped <= records.size());
  for (const auto& record : set.usable) {
    require(record.usage == 2 || record.usage == 3);
    require(record.selector <= 1 && record.matching_type <= 2 && !record.data.empty());
  }
  if (!set.usable.empty()) {
    policy::Requirement requirement;
    requirement.proof = policy::Proof::Dane;
    requirement.tlsa = set.usable;
    // No certificate is no proof, and a chain of garbage neither.
    const auto verdict = tls::verify_chain(requirement, {set.usable.front().data}, tls::TrustStore::empty(), {});
    require(verdict.result != policy::ProofResult::Verified || set.usable.front().usage == 3);
  }
  return 0;
}
