// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/dkim tests vocab
// Messages with signatures, verified with a key that never made one. Input: the message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/dkim/verify.h"
#include "tests/run_coroutine.h"

namespace {

using namespace postseal;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The same key wherever it is looked for.
class AnyName final : public dns::Resolver {
 public:
  Awaitable<dns::RawAnswer> lookup(Domain name, dns::RecordType, Deadline) override {
    static const std::string record = "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    dns::RawAnswer answer;
    answer.state = dns::AnswerState::Found;
    answer.question = answer.canonical = name;
    answer.records.emplace_back();
    answer.records[0].push_back(static_cast<std::uint8_t>(record.size()));
    answer.records[0].insert(answer.records[0].end(), record.begin(), record.end());
    co_return answer;
  }
};

Awaitable<void> run_here(std::function<void()> work) {
  work();
  co_return;
}

bool printable(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto pass = std::make_shared<dkim::MessagePass>();
  pass->feed(text.substr(0, size / 2));
  pass->feed(text.substr(size / 2));
  pass->finish();
  AnyName resolver;
  const auto verdicts = tests::run_coroutine(
      dkim::verify(pass, resolver, run_here, WallTime(Seconds(1'700'000'000)), Deadline::in(Seconds(60))));
  require(verdicts.size() == pass->signature_count() || pass->header_state() != message::HeaderState::Complete);
  for (const auto& verdict : verdicts) {
    require(verdict.result != dkim::Result::None && verdict.result != dkim::Result::Pass);
    require(!verdict.reason.empty());
    require(printable(verdict.domain) && printable(verdict.selector) && printable(verdict.algorithm) &&
            printable(verdict.identity) && printable(verdict.b_prefix) && printable(verdict.reason));
  }
  return 0;
}
