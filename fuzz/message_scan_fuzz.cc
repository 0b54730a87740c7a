// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/message protocol/smtp vocab
// Any file, fed in any pieces: the verdict does not depend on the pieces, and a message that passes can be sent: the
// body encoder takes what the scanner took, and its size is the one that was promised.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/message/normalise.h"
#include "protocol/message/scan.h"
#include "protocol/smtp/body_encoder.h"

using namespace postseal;

namespace {

void must(bool held) {
  if (!held) std::abort();
}

class TextSource final : public message::Source {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}
  std::ptrdiff_t read(std::span<char> buffer) override {
    std::size_t length = text_.copy(buffer.data(), buffer.size());
    text_.remove_prefix(length);
    return static_cast<std::ptrdiff_t>(length);
  }

 private:
  std::string_view text_;
};

void must_be_sendable(std::string_view file, const message::MessageFacts& facts) {
  std::unique_ptr<message::Source> opened = std::make_unique<TextSource>(file);
  if (facts.line_ends == message::LineEnds::Lf) opened = std::make_unique<message::CrlfSource>(std::move(opened));
  message::Source& source = *opened;
  smtp::BodyEncoder encoder(smtp::BodyForm::DotStuffed);
  std::string wire;
  char buffer[7];
  for (std::ptrdiff_t got = source.read(buffer); got > 0; got = source.read(buffer)) {
    must(encoder.encode(std::string_view(buffer, static_cast<std::size_t>(got)), wire));
  }
  must(encoder.finish(wire));
  must(encoder.octets() == facts.wire_size);
  // The end mark stands at the end and nowhere else.
  must(("\r\n" + wire).find("\r\n.\r\n") == wire.size() - 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::size_t piece = data[0] + 1U;
  std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  message::Scanner whole, pieces;
  whole.feed(file);
  for (std::size_t at = 0; at < file.size(); at += piece) pieces.feed(file.substr(at, piece));
  auto first = whole.finish(), second = pieces.finish();
  must(first.has_value() == second.has_value());
  if (!first) {
    must(first.error().code == second.error().code && first.error().offset == second.error().offset);
    must(first.error().offset <= file.size() && !first.error().what.empty());
    return 0;
  }
  must(first->wire_size == second->wire_size && first->tls_required_no == second->tls_required_no);
  must(first->wire_size >= file.size() && first->message_id == second->message_id);
  must_be_sendable(file, *first);
  return 0;
}
