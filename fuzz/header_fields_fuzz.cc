// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/message vocab
// The header of a message, in pieces. Input: two octets for the sizes of pieces, then the message.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/message/header.h"

namespace {

using namespace postseal;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::string header, body;
  std::vector<message::HeaderField> fields;
  message::HeaderState state;
};

Outcome collect(std::string_view text, std::size_t piece) {
  message::HeaderCollector collector({.octets = 4096, .fields = 50});
  Outcome outcome;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    const std::string_view part = text.substr(0, piece);
    const bool in_body = collector.state() == message::HeaderState::Complete;
    const std::size_t taken = in_body ? 0 : collector.feed(part);
    require(taken <= part.size());
    outcome.header += part.substr(0, taken);
    outcome.body += part.substr(taken);
  }
  collector.finish();
  require(collector.state() != message::HeaderState::Open);
  outcome.state = collector.state();
  outcome.fields = collector.fields();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome one = collect(text, data[0] + std::size_t{1}), other = collect(text, data[1] + std::size_t{1});
  require(one.state == other.state);
  if (one.state != message::HeaderState::Complete) return 0;
  require(one.body == other.body && one.header + one.body == text && one.fields.size() == other.fields.size());
  // Nothing is lost, added or changed: the fields are the header.
  std::string joined;
  for (std::size_t i = 0; i < one.fields.size(); ++i) {
    const message::HeaderField& field = one.fields[i];
    require(field.raw == other.fields[i].raw && field.name() == other.fields[i].name());
    require(field.name().find_first_of(": \t\r\n") == std::string_view::npos);
    require(field.value_begin() <= field.raw.size());
    if (!field.name().empty())
      require(field.raw.starts_with(field.name()) && field.raw[field.value_begin() - 1] == ':');
    joined += field.raw;
  }
  require(one.header == joined || one.header == joined + "\r\n");
  return 0;
}
