// SPDX-License-Identifier: Apache-2.0
// rooms: edge/tls tests
// What judging one certificate chain costs: DANE-EE needs a hash, DANE-TA and PKIX need signatures too.
#include <benchmark/benchmark.h>

#include "edge/tls/verify.h"
#include "tests/certificates.h"

namespace {

using namespace postseal;

struct Chain {
  tests::Certificate root = tests::issue({.common_name = "Root", .ca = true});
  tests::Certificate intermediate = tests::issue({.common_name = "Intermediate", .ca = true}, &root);
  tests::Certificate leaf = tests::issue({.dns_names = {"mx.test"}}, &intermediate);
  std::vector<Bytes> sent = {leaf.der, intermediate.der, root.der};
};

policy::Requirement demand(std::vector<dane::TlsaRecord> records) {
  policy::Requirement requirement;
  requirement.proof = policy::Proof::Dane;
  requirement.names = {{*Domain::parse("mx.test"), false}};
  requirement.tlsa = std::move(records);
  return requirement;
}

void judge(benchmark::State& state, const policy::Requirement& requirement, const Chain& chain,
           policy::ProofResult expected) {
  const tls::TrustStore trust = tls::TrustStore::empty();
  for (auto _ : state) {
    const auto verdict = tls::verify_chain(requirement, chain.sent, trust, tests::kNoon);
    if (verdict.result != expected) state.SkipWithError("another verdict than expected");
    benchmark::DoNotOptimize(verdict);
  }
  state.SetItemsProcessed(state.iterations());
}

void dane_ee_matches(benchmark::State& state) {
  const Chain chain;
  judge(state, demand({tests::tlsa_of(chain.leaf, 3, 1, 1)}), chain, policy::ProofResult::Verified);
}
BENCHMARK(dane_ee_matches);

void dane_ee_mismatches(benchmark::State& state) {
  const Chain chain;
  judge(state, demand({tests::wrong_tlsa(3, 1, 1)}), chain, policy::ProofResult::Rejected);
}
BENCHMARK(dane_ee_mismatches);

void dane_ta_matches(benchmark::State& state) {
  const Chain chain;
  judge(state, demand({tests::tlsa_of(chain.root, 2, 0, 1)}), chain, policy::ProofResult::Verified);
}
BENCHMARK(dane_ta_matches);

void usable_records_are_selected(benchmark::State& state) {
  const Chain chain;
  std::vector<dane::TlsaRecord> records;
  for (std::int64_t at = 0; at < state.range(0); ++at) {
    records.push_back(tests::wrong_tlsa(3, 1, 1));
    records.back().data[0] = static_cast<std::uint8_t>(at);
  }
  for (auto _ : state) benchmark::DoNotOptimize(dane::select_usable(records, tls::full_data_parses));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(usable_records_are_selected)->Arg(2)->Arg(100);

}  // namespace
