#pragma once
// SPDX-License-Identifier: Apache-2.0
// What one MAIL command has begun, until its letter is kept, refused or forgotten.
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "flow/authenticate/authentication.h"
#include "flow/inbound/reception.h"
#include "flow/sign/outgoing.h"
#include "protocol/smtpd/server.h"
#include "protocol/spool/letter.h"
#include "vocab/clock.h"

namespace postseal::inbound {

struct Transaction {
  spool::Envelope envelope;
  std::unordered_set<std::string> mailboxes;  ///< of the envelope: nobody gets a letter twice
  std::optional<Mailbox> first_given;         ///< the first recipient as the client wrote it
  std::uint32_t given = 0;                    ///< recipients that were taken
  SteadyTime began{};
  std::optional<Domain> forwarder;  ///< whose alias leads a letter from outside on to another server
  std::unique_ptr<Reception> letter;
  std::shared_ptr<authenticate::Authentication> check;  ///< of a letter from outside
  std::unique_ptr<sign::OutgoingLetter> outgoing;       ///< of one that we will sign or seal
  std::shared_ptr<const sign::KeyRing> keys;            ///< those in force when its MAIL came
};

}  // namespace postseal::inbound
