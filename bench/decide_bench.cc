// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/policy tests
// Decisions per second on one core: the cost of the engine itself, once the facts are there.
#include <benchmark/benchmark.h>

#include "protocol/policy/decide.h"
#include "tests/facts_builder.h"

namespace postseal {
namespace {

void decide_dane(benchmark::State& state) {
  const auto facts = tests::facts_of({});
  for (auto _ : state) benchmark::DoNotOptimize(policy::decide(facts));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decide_dane);

void decide_mta_sts(benchmark::State& state) {
  const auto facts = tests::facts_of({.tlsa = tests::Tlsa::Absent, .sts = tests::Sts::EnforceMatch});
  for (auto _ : state) benchmark::DoNotOptimize(policy::decide(facts));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decide_mta_sts);

void decide_opportunistic(benchmark::State& state) {
  const auto facts = tests::facts_of({.mx = tests::Mx::Insecure, .address = tests::Address::Insecure});
  for (auto _ : state) benchmark::DoNotOptimize(policy::decide(facts));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decide_opportunistic);

}  // namespace
}  // namespace postseal
