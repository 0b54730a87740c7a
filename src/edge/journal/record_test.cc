// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/record.h"

#include <gtest/gtest.h>

#include "edge/journal/bytes.h"
#include "edge/journal/crc32c.h"
#include "edge/journal/kept_letter.h"
#include "edge/journal/letter_index.h"
#include "edge/journal/segment.h"
#include "edge/journal/spool_fixture.h"

namespace postseal::journal {
namespace {

// RFC 3720 §B.4: test vectors.
TEST(Crc32c, is_that_of_the_rfc) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

TEST(Record, header_is_read_as_it_was_written) {
  const RecordHeader header{RecordType::Letter, 7, 42, 4096, 4, 100, 0xdeadbeef};
  const auto bytes = format_header(header, "head");
  const std::string_view text(bytes.data(), bytes.size());
  EXPECT_EQ(parse_header(text, 7), header);
  EXPECT_TRUE(head_is_intact(text, "head"));
  EXPECT_FALSE(head_is_intact(text, "heat"));
  EXPECT_EQ(parse_header(text, 8), std::nullopt) << "a file that was used before";
  EXPECT_EQ(parse_header(text.substr(1), 7), std::nullopt);
}

TEST(Record, any_octet_that_changes_is_noticed) {
  const auto bytes = format_header({RecordType::Change, 7, 42, 4096, 4, 100, 0xdeadbeef}, "head");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    const std::string_view text(damaged.data(), damaged.size());
    EXPECT_FALSE(parse_header(text, 7) && head_is_intact(text, "head")) << i;
  }
}

TEST(Record, start_of_a_segment_is_read_as_it_was_written) {
  const StartHead start{1 << 20, {3, 99}, 17};
  EXPECT_EQ(parse_start(format_start(start)), start);
  EXPECT_EQ(parse_start("postseal"), std::nullopt);
}

TEST(Segment, name_is_its_number) {
  EXPECT_EQ(segment_name(255), "00000000000000ff.log");
  EXPECT_EQ(parse_segment_name("00000000000000ff.log"), 255u);
  for (const char* name : {"", "ff.log", "00000000000000FF.log", "00000000000000fg.log", "00000000000000ff.txt"}) {
    EXPECT_EQ(parse_segment_name(name), std::nullopt) << name;
  }
}

KeptLetter some_letter() {
  auto envelope = envelope_to(2);
  envelope.recipients[0].original = "rfc822;user+2Bx@example.net";
  envelope.recipients[1].notify = "SUCCESS,FAILURE";
  envelope.envelope_id = "id";
  envelope.ret = "HDRS";
  envelope.requiretls = envelope.only_if_verified = envelope.utf8_headers = true;
  envelope.size = 1ull << 40;
  envelope.user = "alice";
  envelope.recipients[0].forwarded = envelope.quarantined = true;
  envelope.forward_from = Mailbox::parse("SRS0=x=y=example.org=sender@example.net").value();
  KeptLetter letter;
  letter.envelope = format_envelope(envelope);
  letter.states.resize(2);
  letter.states[1] = {spool::RecipientStatus::Bounced,
                      3,
                      WallTime(Seconds(5)),
                      WallTime(Seconds(4)),
                      {5, 7, 30},
                      "mx.example.net",
                      "why",
                      true};
  letter.held = true;
  letter.rerouted = "[192.0.2.1]";
  letter.pieces = {{1, 2, 3, 4}, {5, 6, 7, 8}};
  letter.home = 9;
  letter.older = {1, 2};
  return letter;
}

TEST(KeptLetter, is_read_as_it_was_written) {
  const auto letter = some_letter();
  EXPECT_EQ(parse_kept(format_kept(letter)), letter);
  const auto queued = to_queued({1}, letter).value();
  EXPECT_EQ(format_envelope(queued.envelope), letter.envelope);
  EXPECT_TRUE(queued.envelope.requiretls && !queued.envelope.tls_required_no && queued.envelope.only_if_verified);
  EXPECT_EQ(queued.states, letter.states);
  EXPECT_TRUE(queued.envelope.quarantined && queued.envelope.recipients[0].forwarded);
  EXPECT_FALSE(queued.envelope.recipients[1].forwarded);
  EXPECT_EQ(queued.envelope.forward_from->to_string(), "SRS0=x=y=example.org=sender@example.net");
  auto null_sender = envelope_to(1);
  null_sender.from.reset();
  EXPECT_EQ(parse_envelope(format_envelope(null_sender)), null_sender);
}

TEST(KeptLetter, an_envelope_of_an_older_version_is_still_read) {
  auto envelope = envelope_to(2);
  envelope.user = "alice";
  envelope.recipients[0].notify = "NEVER";
  std::string bytes;
  ByteWriter out(bytes);
  out.number(std::uint8_t{1});
  out.text(envelope.from->to_string());
  out.number(std::uint32_t{2});
  for (const auto& recipient : envelope.recipients) {
    out.text(recipient.mailbox.to_string());
    out.text(recipient.original);
    out.text(recipient.notify);
  }
  out.text("");
  out.text("");
  out.number(std::uint16_t{0});
  out.number(envelope.size);
  out.text(envelope.message_id);
  out.number(static_cast<std::uint64_t>(envelope.received.time_since_epoch().count()));
  out.text(envelope.peer);
  out.text(envelope.user);
  EXPECT_EQ(parse_envelope(bytes), envelope);
  bytes[0] = 3;
  EXPECT_EQ(parse_envelope(bytes), std::nullopt) << "a later version";
}

TEST(KeptLetter, what_is_cut_short_or_too_long_is_refused) {
  const std::string bytes = format_kept(some_letter());
  for (std::size_t length = 0; length < bytes.size(); ++length) EXPECT_FALSE(parse_kept(bytes.substr(0, length)));
  EXPECT_FALSE(parse_kept(bytes + "x"));
  const std::string envelope = some_letter().envelope;
  for (std::size_t length = 0; length < envelope.size(); ++length) {
    EXPECT_FALSE(parse_envelope(std::string_view(envelope).substr(0, length)));
  }
}

TEST(KeptLetter, changes_are_read_as_they_were_written) {
  const auto letter = some_letter();
  spool::LetterChange change{{42}, {{0, letter.states[1]}, {1, letter.states[0]}}, false, "mx"};
  const auto read = parse_change({42}, format_change(change, {1, 2})).value();
  EXPECT_EQ(read.change.states, change.states);
  EXPECT_EQ(read.change.held, change.held);
  EXPECT_EQ(read.change.rerouted, change.rerouted);
  EXPECT_EQ(read.homes, (std::vector<std::uint64_t>{1, 2}));
  const auto nothing = parse_change({42}, format_change({{42}, {}, {}, {}}, {})).value();
  EXPECT_EQ(nothing.change.held, std::nullopt);
  EXPECT_EQ(nothing.change.rerouted, std::nullopt);
  EXPECT_EQ(parse_gone(format_gone({3, 4})), (std::vector<std::uint64_t>{3, 4}));
}

TEST(Checkpoint, is_read_as_it_was_written) {
  const Checkpoint checkpoint{{3, 4}, 5, 6, {{1, {7, 8, {1, 2}}}, {2, {}}}};
  EXPECT_EQ(parse_checkpoint(format_checkpoint(checkpoint)), checkpoint);
  EXPECT_EQ(parse_checkpoint(format_checkpoint(checkpoint) + "x"), std::nullopt);
}

}  // namespace
}  // namespace postseal::journal
