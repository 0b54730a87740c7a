#pragma once
// SPDX-License-Identifier: Apache-2.0
// A letter's calendar: where its recipients are bound for and when, how long it may stay, when its sender hears of the
// delay. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "edge/settings/server_settings.h"
#include "flow/queue/courier.h"
#include "protocol/spool/letter.h"

namespace postseal::queue {

NextHop next_hop_of(const spool::QueuedLetter& letter, const Mailbox& recipient);

/// The recipients that wait for one destination.
struct LetterGroup {
  std::string destination;                ///< NextHop::key()
  std::vector<std::uint32_t> recipients;  ///< index in the envelope
  WallTime due{};                         ///< of the first
};
std::vector<LetterGroup> groups_of(const spool::QueuedLetter& letter);

/// RFC 5321 §4.5.4.1: after this it is given up, though not before one more attempt.
WallTime expires_at(const spool::Envelope& envelope, const settings::QueueSettings& settings);

/// Recipients whose sender is to hear now that it takes long. REQUIRES: not expired.
std::vector<std::uint32_t> delayed_recipients(const spool::QueuedLetter& letter,
                                              const settings::QueueSettings& settings, WallTime now);

/// When the letter has to be looked at next: for the warning or the end.
WallTime next_look(const spool::QueuedLetter& letter, const settings::QueueSettings& settings);

}  // namespace postseal::queue
