// SPDX-License-Identifier: Apache-2.0
// Notifications made of what strangers wrote (A21): always lines in CRLF of a length that mail allows, always as many
// parts as we made, and never a field that we did not write.
// rooms: protocol/dsn protocol/spool vocab
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/dsn/notification.h"

namespace {

using postseal::Mailbox;
namespace dsn = postseal::dsn;

void demand(bool holds) {
  if (!holds) std::abort();
}

/// The input is texts with a 0xff octet between them.
std::string_view next_text(std::string_view& input) {
  const auto end = input.find('\xff');
  const std::string_view text = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  return text;
}

void check(const std::string& text) {
  std::size_t parts = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find("\r\n", begin);
    demand(end != std::string::npos);
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    demand(line.size() <= 998);
    demand(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    if (line.starts_with("--b0undary")) ++parts;
    begin = end + 2;
  }
  demand(parts == 3 || parts == 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A boundary that the input knows would be no boundary: the caller's are random.
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.contains("b0undary")) return 0;
  static const Mailbox kSender = Mailbox::parse("alice@here.test").value();
  const std::uint8_t flags = size > 0 ? data[0] : 0;
  if (!input.empty()) input.remove_prefix(1);

  dsn::NotificationFacts facts;
  facts.hostname = "mail.here.test";
  facts.id = "0d3kz8r500001";
  facts.boundary = "b0undary";
  facts.message_id = "<notice@mail.here.test>";
  facts.envelope.from = kSender;
  facts.envelope.requiretls = (flags & 1) != 0;
  facts.envelope.utf8_headers = (flags & 2) != 0;
  facts.envelope.envelope_id = next_text(input);
  facts.envelope.message_id = next_text(input);
  dsn::RecipientReport report{.recipient = {.mailbox = kSender, .original = {}, .notify = {}}};
  if (auto mailbox = Mailbox::parse(next_text(input))) report.recipient.mailbox = *mailbox;
  report.recipient.original = next_text(input);
  report.action = static_cast<dsn::Action>((flags >> 2) % 5);
  report.remote_host = next_text(input);
  report.explanation = next_text(input);
  report.remote_reply = postseal::Reply{.code = 550, .status = {}, .lines = {std::string(next_text(input))}};
  facts.recipients.push_back(std::move(report));
  facts.original_header = input;

  const std::string text = dsn::compose(facts);
  check(text);
  const auto envelope = dsn::envelope_of(facts, text);
  demand(!envelope.from && envelope.recipients.size() == 1);
  demand(envelope.requiretls == facts.envelope.requiretls);
  return 0;
}
