// SPDX-License-Identifier: Apache-2.0
// How fast MTA-STS policies and records are read, and hosts matched.
// rooms: protocol/mtasts protocol/dns vocab
#include <benchmark/benchmark.h>

#include "protocol/mtasts/policy.h"
#include "protocol/mtasts/record.h"

namespace {

using namespace postseal;

std::string body(std::int64_t hosts) {
  std::string text = "version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n";
  for (std::int64_t i = 0; i < hosts; ++i) text += "mx: *.mx" + std::to_string(i) + ".example.com\r\n";
  return text;
}

void parse_policy(benchmark::State& state) {
  const std::string text = body(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(mtasts::parse_policy(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_policy)->Arg(1)->Arg(5)->Arg(1000);

void match_host(benchmark::State& state) {
  const auto policy = mtasts::parse_policy(body(state.range(0))).value();
  const auto host = Domain::parse("in.mx" + std::to_string(state.range(0) - 1) + ".example.com").value();
  for (auto _ : state) benchmark::DoNotOptimize(mtasts::match_host(policy, host));
}
BENCHMARK(match_host)->Arg(1)->Arg(5)->Arg(1000);

void parse_record(benchmark::State& state) {
  const std::vector<dns::TxtRecord> records{{{"v=spf1 -all"}}, {{"v=STSv1; id=20160831085700Z;"}}};
  for (auto _ : state) benchmark::DoNotOptimize(mtasts::parse_records(records));
}
BENCHMARK(parse_record);

}  // namespace
