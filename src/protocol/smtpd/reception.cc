// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "protocol/smtpd/dialogue.h"
#include "protocol/smtpd/replies.h"

namespace postseal::smtpd {
namespace {

// Who sends so many times more than the limit cannot be waiting for an answer (A20, A23).
constexpr std::uint64_t kSwallowFactor = 16;
constexpr std::uint64_t kSwallowAtLeast = 64 * 1024 * 1024;

std::string_view reply_for(BodyDefect defect) {
  switch (defect) {
    case BodyDefect::BareCr:
      return reply::kBareCr;
    case BodyDefect::BareLf:
      return reply::kBareLf;
    case BodyDefect::Nul:
      return reply::kNul;
    case BodyDefect::LineTooLong:
      return reply::kTextLineTooLong;
    case BodyDefect::None:
      break;
  }
  return {};
}

}  // namespace

bool Server::Impl::swallowed_too_much(std::uint64_t octets) {
  swallowed += octets;
  std::uint64_t limit = settings.limits.message_size;
  if (swallowed <= std::max(kSwallowAtLeast, limit > UINT64_MAX / kSwallowFactor ? limit : limit * kSwallowFactor)) {
    return false;
  }
  close(reply::kClosing, "a message without end");
  return true;
}

void Server::Impl::refuse_message(std::string_view line) {
  // The code and status are for the client; the driver gets the words.
  abort_message(std::string(line.substr(std::min<std::size_t>(line.size(), 10))));
  reception->refusal = line;
  reception->decoder.give_up();
}

bool Server::Impl::take_message(std::optional<Event>& event) {
  if (chunk && chunk->left == 0) {
    take_chunk_end(event);
    return true;
  }
  if (input.empty()) return false;
  std::string_view bytes = input;
  if (chunk && chunk->left < bytes.size()) bytes = bytes.substr(0, chunk->left);
  if (!reception || (chunk && !chunk->refusal.empty())) {
    input.remove_prefix(bytes.size());
    chunk->left -= bytes.size();
    swallowed_too_much(bytes.size());
    return true;
  }

  auto [piece, used, end] = reception->decoder.take(bytes);
  input.remove_prefix(used);
  if (chunk) chunk->left -= used;
  if (!reception->refusal.empty()) {
    if (swallowed_too_much(used)) return true;
  } else if (BodyDefect defect = reception->decoder.defect(); defect != BodyDefect::None) {
    refuse_message(reply_for(defect));
  } else if (!piece.empty()) {
    const Limits& limits = settings.limits;
    reception->header.take(piece);
    // RFC 1870 §6.3, RFC 5321 §4.5.3.1.9 (A23): what comes counts, whatever SIZE said.
    if (limits.message_size > 0 && piece.size() > limits.message_size - reception->size) {
      refuse_message(reply::kTooLarge);
    } else if (reception->header.octets() > limits.header_octets) {
      refuse_message(reply::kHeaderTooLarge);
    } else if (reception->header.received_fields() > limits.received_fields) {
      // RFC 5321 §6.3 SHOULD: loops are found by counting Received fields; fewer than 100 would be too few for some.
      refuse_message(reply::kLoop);
    } else {
      reception->size += piece.size();
      event = MessagePiece{piece};
    }
  }
  if (end) take_end(event);
  return true;
}

void Server::Impl::take_end(std::optional<Event>& event) {
  expecting = Expecting::Command;
  if (!reception->refusal.empty()) {
    std::string_view refusal = reception->refusal;
    reset_transaction();
    return say(refusal);
  }
  owed = Owed::End;
  event = MessageEnd{
      .size = reception->size, .eight_bit = reception->decoder.eight_bit(), .utf8_headers = reception->header.utf8()};
}

void Server::Impl::take_chunk_end(std::optional<Event>& event) {
  if (reception && chunk->refusal.empty() && chunk->last && reception->refusal.empty()) {
    // RFC 3030 §2: a message may end without a line end; kept and sent on it has one.
    std::string_view missing = reception->decoder.finish();
    if (reception->decoder.defect() != BodyDefect::None) {
      refuse_message(reply::kBareCr);
    } else if (!missing.empty()) {
      reception->size += missing.size();
      event = MessagePiece{missing};
      return;
    }
  }
  std::unique_ptr<ChunkInHand> done = std::move(chunk);
  expecting = Expecting::Command;
  if (!done->refusal.empty()) return say(done->refusal);
  if (!reception->refusal.empty() || done->last) return take_end(event);
  // RFC 3030 §2 MUST: each chunk that was taken has its 250.
  say(reply::chunk_taken(done->size));
}

}  // namespace postseal::smtpd
