// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/arc tests protocol/dkim protocol/message vocab
// ARC fields as anybody may write them: a chain is either whole, with each instance once and in order, or says why not,
// and nobody who has no key makes one pass. What is sealed on top of it is clean and read back. Input: a message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "protocol/arc/seal.h"
#include "protocol/arc/verify.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace {

using namespace postseal;

void require(bool holds) {
  if (!holds) std::abort();
}

std::shared_ptr<dkim::MessagePass> pass_of(std::string_view message) {
  auto pass = std::make_shared<dkim::MessagePass>();
  pass->want(dkim::Canonicalization::Relaxed);
  pass->feed(message);
  pass->finish();
  return pass;
}

Awaitable<void> run_here(std::function<void()> work) {
  work();
  co_return;
}

arc::ChainVerdict judge(const std::shared_ptr<dkim::MessagePass>& pass) {
  tests::FakeResolver resolver;
  return tests::run_coroutine(
      arc::verify(pass, resolver, run_here, WallTime(Seconds(1'700'000'000)), Deadline::in(Seconds(5))));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto kKey =
      std::make_shared<const dkim::SigningKey>(*dkim::SigningKey::load("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="));
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto pass = pass_of(message);
  const arc::Chain chain = arc::collect(*pass);
  require(chain.sets.size() <= arc::kMaxInstance && chain.highest <= arc::kMaxInstance);
  if (chain.problem.empty()) {
    require(chain.sets.size() == chain.highest);
    for (std::size_t i = 0; i < chain.sets.size(); ++i) require(chain.sets[i].seal.instance == i + 1);
  }
  const auto verdict = judge(pass);
  require(verdict.result != arc::Result::Pass);
  require((verdict.result == arc::Result::Fail) == !verdict.reason.empty());
  const auto set = arc::seal(*pass, verdict, "mx.test; none",
                             {.domain = *Domain::parse("mx.test"),
                              .selector = "s",
                              .key = kKey,
                              .headers = {"from"},
                              .time = WallTime(Seconds(1'700'000'000))});
  if (!set) return 0;
  const auto sealed = arc::parse_seal(message::HeaderField(set->seal));
  require(sealed && sealed->instance == set->instance && sealed->cv == set->cv);
  require(arc::parse_results(message::HeaderField(set->results))->instance == set->instance);
  require(
      dkim::parse_signature(message::HeaderField(set->message_signature), dkim::SignatureKind::ArcMessage).has_value());
  return 0;
}
