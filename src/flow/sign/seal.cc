// SPDX-License-Identifier: Apache-2.0
#include "flow/sign/seal.h"

#include "protocol/arc/seal.h"

namespace postseal::sign {

namespace {

/// What nobody has done wrong: then the letter goes without a further seal.
bool is_expected(arc::SealErrorCode code) {
  switch (code) {
    case arc::SealErrorCode::ChainEnded:
    case arc::SealErrorCode::TooManySets:
    case arc::SealErrorCode::Undecided:
    case arc::SealErrorCode::Doubtful:
    case arc::SealErrorCode::BeginsFolded:
    case arc::SealErrorCode::HeaderTooLarge:
      return true;
    case arc::SealErrorCode::BadSetting:
    case arc::SealErrorCode::KeyFailed:
      return false;
  }
  return false;
}

}  // namespace

Awaitable<Signed> seal_letter(std::shared_ptr<const dkim::MessagePass> pass, std::shared_ptr<const KeyRing> ring,
                              Domain domain, arc::ChainVerdict chain, std::string authserv_id,
                              std::vector<authres::MethodResult> results, Offload offload, WallTime now) {
  const auto identity = ring ? ring->find(domain) : std::nullopt;
  if (!identity || identity->keys.empty()) co_return Signed();
  const auto& key = identity->keys.front();
  const arc::SealSettings settings{identity->domain, key.selector, key.key, {}, now};
  const std::string payload = authres::format_payload(authserv_id, results);
  const auto done = std::make_shared<Signed>();
  done->domain = identity->domain;
  co_await offload([pass, ring, chain = std::move(chain), payload, settings, done] {
    const auto sealed = arc::seal(*pass, chain, payload, settings);
    if (sealed) {
      done->fields = sealed->text();
    } else if (!is_expected(sealed.error().code)) {
      done->problem = sealed.error().what;
    }
  });
  co_return std::move(*done);
}

}  // namespace postseal::sign
