// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/kept_letter.h"

#include <algorithm>

#include "edge/journal/bytes.h"

namespace postseal::journal {

namespace {

constexpr std::uint8_t kVersion = 1;
/// 1, which is still read, knows nothing of forwarding.
constexpr std::uint8_t kEnvelopeVersion = 2;
enum EnvelopeFlag : std::uint16_t {
  kRequireTls = 1,
  kTlsRequiredNo = 2,
  kOnlyVerified = 4,
  kEightBit = 8,
  kUtf8 = 16,
  kQuarantined = 32
};
enum RecipientFlag : std::uint8_t { kForwarded = 1 };
enum ChangeFlag : std::uint8_t { kHeldGiven = 1, kHeld = 2, kReroutedGiven = 4 };
// The fewest octets that one of a list takes: bounds what a count can make us reserve.
constexpr std::size_t kLeastRecipient = 12, kLeastState = 35, kPieceSize = 20;

void write_time(ByteWriter& out, WallTime time) {
  out.number(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}
WallTime read_time(ByteReader& in) { return WallTime(Seconds(static_cast<std::int64_t>(in.number<std::uint64_t>()))); }

/// Empty: none. False: no address.
bool read_path(ByteReader& in, ReversePath& path) {
  const auto text = in.text();
  if (text.empty()) return true;
  auto mailbox = Mailbox::parse(text);
  if (!mailbox) return false;
  path = std::move(*mailbox);
  return true;
}

void write_state(ByteWriter& out, const spool::RecipientState& state) {
  out.number(static_cast<std::uint8_t>(static_cast<unsigned>(state.status) | (state.delay_told ? 0x80u : 0u)));
  out.number(state.attempts);
  write_time(out, state.next_attempt);
  write_time(out, state.last_attempt);
  out.number(state.code.klass);
  out.number(state.code.subject);
  out.number(state.code.detail);
  out.text(state.host);
  out.text(state.explanation);
}

spool::RecipientState read_state(ByteReader& in) {
  spool::RecipientState state;
  const auto first = in.number<std::uint8_t>();
  if ((first & 0x7f) > static_cast<unsigned>(spool::RecipientStatus::Deleted)) in.fail();
  state.status = static_cast<spool::RecipientStatus>(first & 0x7f);
  state.delay_told = (first & 0x80) != 0;
  state.attempts = in.number<std::uint32_t>();
  state.next_attempt = read_time(in);
  state.last_attempt = read_time(in);
  state.code.klass = in.number<std::uint16_t>();
  state.code.subject = in.number<std::uint16_t>();
  state.code.detail = in.number<std::uint16_t>();
  state.host = in.text();
  state.explanation = in.text();
  return state;
}

void write_segments(ByteWriter& out, const std::vector<std::uint64_t>& segments) {
  out.number(static_cast<std::uint32_t>(segments.size()));
  for (const auto segment : segments) out.number(segment);
}

std::vector<std::uint64_t> read_segments(ByteReader& in) {
  std::vector<std::uint64_t> segments(in.count(sizeof(std::uint64_t)));
  for (auto& segment : segments) segment = in.number<std::uint64_t>();
  return segments;
}

}  // namespace

bool KeptLetter::finished() const {
  return std::ranges::none_of(states, [](const auto& s) { return s.status == spool::RecipientStatus::Waiting; });
}

std::vector<std::uint64_t> KeptLetter::homes() const {
  std::vector<std::uint64_t> all = older;
  all.push_back(home);
  return all;
}

std::uint64_t KeptLetter::body_length() const {
  std::uint64_t length = 0;
  for (const auto& piece : pieces) length += piece.length;
  return length;
}

std::string format_envelope(const spool::Envelope& envelope) {
  std::string bytes;
  bytes.reserve(160 + 64 * envelope.recipients.size());
  ByteWriter out(bytes);
  out.number(kEnvelopeVersion);
  out.text(text_of(envelope.from));
  out.number(static_cast<std::uint32_t>(envelope.recipients.size()));
  for (const auto& recipient : envelope.recipients) {
    out.text(recipient.mailbox.to_string());
    out.text(recipient.original);
    out.text(recipient.notify);
    out.number(static_cast<std::uint8_t>(recipient.forwarded ? kForwarded : 0));
  }
  out.text(envelope.envelope_id);
  out.text(envelope.ret);
  out.number(static_cast<std::uint16_t>(
      (envelope.requiretls ? kRequireTls : 0) | (envelope.tls_required_no ? kTlsRequiredNo : 0) |
      (envelope.only_if_verified ? kOnlyVerified : 0) | (envelope.eight_bit ? kEightBit : 0) |
      (envelope.utf8_headers ? kUtf8 : 0) | (envelope.quarantined ? kQuarantined : 0)));
  out.number(envelope.size);
  out.text(envelope.message_id);
  write_time(out, envelope.received);
  out.text(envelope.peer);
  out.text(envelope.user);
  out.text(text_of(envelope.forward_from));
  return bytes;
}

std::optional<spool::Envelope> parse_envelope(std::string_view bytes) {
  ByteReader in(bytes);
  const auto version = in.number<std::uint8_t>();
  if (version == 0 || version > kEnvelopeVersion) return std::nullopt;
  spool::Envelope envelope;
  if (!read_path(in, envelope.from)) return std::nullopt;
  const auto count = in.count(kLeastRecipient);
  envelope.recipients.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    auto mailbox = Mailbox::parse(in.text());
    if (!mailbox) return std::nullopt;
    const auto original = in.text(), notify = in.text();
    const auto marks = version > 1 ? in.number<std::uint8_t>() : std::uint8_t{0};
    envelope.recipients.push_back(
        {std::move(*mailbox), std::string(original), std::string(notify), (marks & kForwarded) != 0});
  }
  envelope.envelope_id = in.text();
  envelope.ret = in.text();
  const auto flags = in.number<std::uint16_t>();
  envelope.requiretls = (flags & kRequireTls) != 0;
  envelope.tls_required_no = (flags & kTlsRequiredNo) != 0;
  envelope.only_if_verified = (flags & kOnlyVerified) != 0;
  envelope.eight_bit = (flags & kEightBit) != 0;
  envelope.utf8_headers = (flags & kUtf8) != 0;
  envelope.quarantined = (flags & kQuarantined) != 0;
  envelope.size = in.number<std::uint64_t>();
  envelope.message_id = in.text();
  envelope.received = read_time(in);
  envelope.peer = in.text();
  envelope.user = in.text();
  if (version > 1 && !read_path(in, envelope.forward_from)) return std::nullopt;
  return in.finished() ? std::optional(std::move(envelope)) : std::nullopt;
}

std::string format_kept(const KeptLetter& letter) {
  std::string bytes;
  bytes.reserve(letter.envelope.size() + 48 * letter.states.size() + kPieceSize * letter.pieces.size() + 64);
  ByteWriter out(bytes);
  out.number(kVersion);
  out.text(letter.envelope);
  out.number(static_cast<std::uint32_t>(letter.states.size()));
  for (const auto& state : letter.states) write_state(out, state);
  out.number(static_cast<std::uint8_t>(letter.held ? 1 : 0));
  out.text(letter.rerouted);
  out.number(static_cast<std::uint32_t>(letter.pieces.size()));
  for (const auto& piece : letter.pieces) {
    out.number(piece.segment);
    out.number(piece.offset);
    out.number(piece.length);
    out.number(piece.crc);
  }
  out.number(letter.home);
  write_segments(out, letter.older);
  return bytes;
}

std::optional<KeptLetter> parse_kept(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != kVersion) return std::nullopt;
  KeptLetter letter;
  letter.envelope = in.text();
  const auto count = in.count(kLeastState);
  letter.states.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) letter.states.push_back(read_state(in));
  const auto held = in.number<std::uint8_t>();
  if (held > 1) return std::nullopt;
  letter.held = held == 1;
  letter.rerouted = in.text();
  letter.pieces.resize(in.count(kPieceSize));
  for (auto& piece : letter.pieces) {
    piece.segment = in.number<std::uint64_t>();
    piece.offset = in.number<std::uint32_t>();
    piece.length = in.number<std::uint32_t>();
    piece.crc = in.number<std::uint32_t>();
  }
  letter.home = in.number<std::uint64_t>();
  letter.older = read_segments(in);
  return in.finished() ? std::optional(std::move(letter)) : std::nullopt;
}

std::optional<spool::QueuedLetter> to_queued(spool::LetterId id, const KeptLetter& letter) {
  auto envelope = parse_envelope(letter.envelope);
  if (!envelope || envelope->recipients.size() != letter.states.size()) return std::nullopt;
  return spool::QueuedLetter{id, std::move(*envelope), letter.states, letter.held, letter.rerouted};
}

std::string format_change(const spool::LetterChange& change, const std::vector<std::uint64_t>& homes) {
  std::string head;
  ByteWriter out(head);
  out.number(kVersion);
  write_segments(out, homes);
  out.number(static_cast<std::uint32_t>(change.states.size()));
  for (const auto& [index, state] : change.states) {
    out.number(index);
    write_state(out, state);
  }
  out.number(static_cast<std::uint8_t>((change.held ? kHeldGiven : 0) | (change.held.value_or(false) ? kHeld : 0) |
                                       (change.rerouted ? kReroutedGiven : 0)));
  out.text(change.rerouted.value_or(""));
  return head;
}

std::optional<ReadChange> parse_change(spool::LetterId id, std::string_view head) {
  ByteReader in(head);
  if (in.number<std::uint8_t>() != kVersion) return std::nullopt;
  ReadChange read;
  read.change.id = id;
  read.homes = read_segments(in);
  const auto count = in.count(kLeastState + 4);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const auto index = in.number<std::uint32_t>();
    read.change.states.emplace_back(index, read_state(in));
  }
  const auto flags = in.number<std::uint8_t>();
  const auto rerouted = in.text();
  if ((flags & kHeldGiven) != 0) read.change.held = (flags & kHeld) != 0;
  if ((flags & kReroutedGiven) != 0) read.change.rerouted = std::string(rerouted);
  return in.finished() ? std::optional(std::move(read)) : std::nullopt;
}

std::string format_gone(const std::vector<std::uint64_t>& homes) {
  std::string head;
  ByteWriter out(head);
  out.number(kVersion);
  write_segments(out, homes);
  return head;
}

std::optional<std::vector<std::uint64_t>> parse_gone(std::string_view head) {
  ByteReader in(head);
  if (in.number<std::uint8_t>() != kVersion) return std::nullopt;
  auto homes = read_segments(in);
  return in.finished() ? std::optional(std::move(homes)) : std::nullopt;
}

void apply(const spool::LetterChange& change, KeptLetter& letter) {
  for (const auto& [index, state] : change.states) {
    if (index < letter.states.size()) letter.states[index] = state;
  }
  if (change.held) letter.held = *change.held;
  if (change.rerouted) letter.rerouted = *change.rerouted;
}

}  // namespace postseal::journal
