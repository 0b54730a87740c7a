// SPDX-License-Identifier: Apache-2.0
#include "flow/sign/outgoing.h"

#include "protocol/dkim/sign.h"

namespace postseal::sign {

namespace {

constexpr dkim::CanonicalizationPair kForm{dkim::Canonicalization::Relaxed, dkim::Canonicalization::Relaxed};

/// One job for all keys: the hop to another thread costs as much as an Ed25519 signature.
Signed sign_with(const dkim::MessagePass& pass, const Identity& identity, WallTime now) {
  Signed result;
  result.domain = identity.domain;
  for (const auto& key : identity.keys) {
    dkim::SignSettings settings;
    settings.domain = identity.domain;
    settings.selector = key.selector;
    settings.key = key.key;
    settings.canonicalization = kForm;
    settings.time = now;
    auto field = dkim::sign(pass, settings);
    if (field) {
      result.fields += *field;
    } else {
      result.problem = std::move(field.error().what);
    }
  }
  return result;
}

}  // namespace

OutgoingLetter::OutgoingLetter() : pass_(std::make_shared<dkim::MessagePass>()) { pass_->want(kForm.body); }

Awaitable<Signed> sign_letter(std::shared_ptr<const dkim::MessagePass> pass, std::shared_ptr<const KeyRing> ring,
                              std::function<bool(const message::Author&)> may_sign, Offload offload, WallTime now) {
  if (!ring || ring->empty() || pass->header_state() != message::HeaderState::Complete) co_return Signed();
  const auto author = message::find_author(pass->fields());
  if (!author) co_return Signed();
  const auto identity = ring->find(author->domain);
  if (!identity) co_return Signed();
  if (!may_sign(*author)) {
    Signed refused;
    refused.problem = "the sender may not write as " + author->address;
    co_return refused;
  }
  const auto result = std::make_shared<Signed>();
  co_await offload([pass, ring, identity = *identity, now, result] { *result = sign_with(*pass, identity, now); });
  co_return std::move(*result);
}

Awaitable<Signed> sign_text(std::string text, std::shared_ptr<const KeyRing> ring, Offload offload, WallTime now) {
  if (!ring || ring->empty()) co_return Signed();
  OutgoingLetter letter;
  letter.feed(text);
  letter.finish();
  co_return co_await sign_letter(
      letter.shared_pass(), std::move(ring), [](const auto&) { return true; }, std::move(offload), now);
}

}  // namespace postseal::sign
