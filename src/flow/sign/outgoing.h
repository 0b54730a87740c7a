#pragma once
// SPDX-License-Identifier: Apache-2.0
// A letter that leaves in our name: fed with its octets as they will go, it says at the end which fields stand in front
// of it. The arithmetic is done elsewhere.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "flow/sign/key_ring.h"
#include "protocol/dkim/message_pass.h"
#include "protocol/message/author.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"
#include "vocab/offload.h"

namespace postseal::sign {

struct Signed {
  std::string fields;   ///< with CRLF; empty: not signed
  Domain domain;        ///< who signed
  std::string problem;  ///< why it could not be signed although there are keys
};

class OutgoingLetter {
 public:
  OutgoingLetter();
  /// With CRLF, in pieces of any size.
  void feed(std::string_view piece) { pass_->feed(piece); }
  void finish() { pass_->finish(); }
  const dkim::MessagePass& pass() const { return *pass_; }
  std::shared_ptr<const dkim::MessagePass> shared_pass() const { return pass_; }

 private:
  std::shared_ptr<dkim::MessagePass> pass_;
};

/// A signature by each of the keys of the author's domain; of none where the domain has no keys or From is not clear.
/// may_sign: is this letter's sender entitled to this author (A36)? REQUIRES: letter.finish().
Awaitable<Signed> sign_letter(std::shared_ptr<const dkim::MessagePass> pass, std::shared_ptr<const KeyRing> ring,
                              std::function<bool(const message::Author&)> may_sign, Offload offload, WallTime now);

/// A letter of our own that is at hand as a whole, such as a notification.
Awaitable<Signed> sign_text(std::string text, std::shared_ptr<const KeyRing> ring, Offload offload, WallTime now);

}  // namespace postseal::sign
