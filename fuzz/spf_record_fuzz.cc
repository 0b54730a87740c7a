// SPDX-License-Identifier: Apache-2.0
// SPF records and their evaluation: whatever a domain publishes, a check ends, asks no more than the limits allow, and
// says printable things. Input: records separated by LF; the n-th is that of n.example.com, n from 0, and an address of
// each name is that of the client. The resolver answers every other question from the octets of the record.
// rooms: protocol/spf protocol/dns vocab
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "protocol/spf/check.h"
#include "protocol/spf/record.h"

namespace {

using namespace postseal;

void demand(bool holds) {
  if (!holds) std::abort();
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

Bytes host(const std::string& label) {
  Bytes wire{static_cast<std::uint8_t>(label.size())};
  wire.insert(wire.end(), label.begin(), label.end());
  for (const char c : std::string_view("\7example\3com\0", 13)) wire.push_back(static_cast<std::uint8_t>(c));
  return wire;
}

class Resolver final : public dns::Resolver {
 public:
  explicit Resolver(std::vector<std::string> records) : records_(std::move(records)) {}

  Awaitable<dns::RawAnswer> lookup(Domain name, dns::RecordType type, Deadline) override {
    // One for the record, ten terms with eleven questions each, and those of an explanation.
    demand(++asked <= 1 + 10 * 11 + 2 + 11);
    dns::RawAnswer answer;
    answer.question = answer.canonical = name;
    const std::string& text = name.ascii();
    const std::size_t digit = static_cast<std::size_t>(text.front() - '0');
    const bool known = digit < records_.size() && text.substr(1) == ".example.com";
    if (type == dns::RecordType::TXT && known) answer.records.push_back(strings(records_[digit]));
    if (type == dns::RecordType::A && text.size() % 3 != 0) {
      answer.records.push_back({192, 0, 2, static_cast<std::uint8_t>(text.size() % 4)});
    }
    if (type == dns::RecordType::MX) {
      for (std::size_t i = 0; i < text.size() % 13; ++i) {
        Bytes rdata = host(std::string(i + 1, 'm'));
        rdata.insert(rdata.begin(), {0, 1});
        answer.records.push_back(std::move(rdata));
      }
    }
    if (type == dns::RecordType::PTR) {
      for (std::size_t i = 0; i < 12; ++i) answer.records.push_back(host(std::string(i + 1, 'p')));
    }
    answer.state = !answer.records.empty() ? dns::AnswerState::Found
                   : text.size() % 7 == 0  ? dns::AnswerState::Failed
                                           : dns::AnswerState::NxDomain;
    co_return answer;
  }

  int asked = 0;

 private:
  static Bytes strings(std::string_view text) {
    Bytes wire;
    do {
      const auto part = text.substr(0, 255);
      wire.push_back(static_cast<std::uint8_t>(part.size()));
      wire.insert(wire.end(), part.begin(), part.end());
      text.remove_prefix(part.size());
    } while (!text.empty());
    return wire;
  }

  std::vector<std::string> records_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> records(1);
  for (const char c : std::string_view(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 65000))) {
    if (c == '\n') {
      records.emplace_back();
    } else {
      records.back() += c;
    }
  }
  for (const std::string& record : records) {
    if (!spf::is_record(record)) continue;
    const auto parsed = spf::parse_record(record);
    demand(parsed || is_printable(parsed.error()));
  }
  Resolver resolver(std::move(records));
  const spf::Question question{IpAddress::v4({192, 0, 2, 1}), "l.o-c+al@0.example.com", "he lo", ""};
  spf::Verdict verdict;
  boost::asio::io_context io;
  boost::asio::co_spawn(io, spf::check(resolver, question, Deadline::in(std::chrono::minutes(1))),
                        [&](std::exception_ptr thrown, spf::Verdict result) {
                          demand(!thrown);
                          verdict = std::move(result);
                        });
  io.run();
  demand(verdict.lookups <= spf::kMaxLookups && verdict.void_lookups <= spf::kMaxVoidLookups + 1);
  demand(verdict.explanation.size() <= spf::kMaxExplanation && is_printable(verdict.explanation));
  demand(!verdict.reason.empty() && is_printable(verdict.reason) && is_printable(verdict.mechanism));
  demand(verdict.explanation.empty() || verdict.result == spf::Result::Fail);
  return 0;
}
