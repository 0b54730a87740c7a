// SPDX-License-Identifier: Apache-2.0
#include "protocol/sasl/exchange.h"

#include <algorithm>
#include <utility>

#include "protocol/sasl/hash.h"
#include "protocol/sasl/plain.h"
#include "protocol/sasl/scram.h"
#include "vocab/codec.h"

namespace postseal::sasl {

std::string_view to_string(Failure failure) {
  switch (failure) {
    case Failure::Malformed:
      return "malformed";
    case Failure::WrongPassword:
      return "wrong-password";
    case Failure::NotSupported:
      return "not-supported";
    case Failure::ChannelBindingMismatch:
      return "channel-binding-mismatch";
    case Failure::AuthorizationDenied:
      return "authorization-denied";
  }
  return "";
}

std::unique_ptr<Exchange> start_exchange(std::string_view mechanism, std::optional<ChannelBinding> binding,
                                         bool plus_offered) {
  // RFC 4422 §3.1: names are capitals; SMTP's arguments are in any case (RFC 5321 §2.4).
  std::string name(mechanism);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (name == "PLAIN") return start_plain();
  if (name == "LOGIN") return start_login();
  bool plus = name == "SCRAM-SHA-256-PLUS";
  if (!plus && name != "SCRAM-SHA-256") return nullptr;
  if (plus && (!binding || binding->bytes.empty())) return nullptr;
  // 144 bits, and no comma in base64.
  std::string random = random_octets(18);
  return start_scram({.plus = plus,
                      .plus_offered = plus_offered,
                      .binding = std::move(binding),
                      .nonce = to_base64({reinterpret_cast<const std::uint8_t*>(random.data()), random.size()})});
}

}  // namespace postseal::sasl
