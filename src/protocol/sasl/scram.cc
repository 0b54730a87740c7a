// SPDX-License-Identifier: Apache-2.0
#include "protocol/sasl/scram.h"

#include <fmt/format.h>

#include <utility>

#include "protocol/sasl/hash.h"
#include "protocol/sasl/scram_message.h"
#include "vocab/codec.h"

namespace postseal::sasl {
namespace {

std::string base64(std::string_view text) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

class Scram final : public Exchange {
 public:
  explicit Scram(ScramSettings settings) : settings_(std::move(settings)) {}

  Step respond(std::optional<std::string_view> response) override;
  Step password_checked(bool) override { return refuse(Failure::Malformed); }
  Step keys_found(const ScramKeys& keys, bool known) override;

 private:
  enum class At { Start, Keys, Final, Done };

  Step take_first(std::string_view message);
  Step take_final(std::string_view message);
  Step refuse(Failure failure) {
    at_ = At::Done;
    return Refused{.failure = failure, .user = first_.user};
  }

  ScramSettings settings_;
  At at_ = At::Start;
  ClientFirst first_;
  std::string server_first_;
  ScramKeys keys_;
  bool known_ = false;
};

Step Scram::respond(std::optional<std::string_view> response) {
  switch (at_) {
    case At::Start:
      // RFC 4954 §4, RFC 5802 §5: the client speaks first; without an initial response it is asked to.
      if (!response) return Challenge{};
      return take_first(*response);
    case At::Final:
      if (response) return take_final(*response);
      break;
    case At::Keys:
    case At::Done:
      break;
  }
  return refuse(Failure::Malformed);
}

Step Scram::take_first(std::string_view message) {
  auto first = parse_client_first(message);
  if (!first) return refuse(Failure::Malformed);
  first_ = std::move(*first);
  switch (first_.binding) {
    case ClientFirst::Binding::None:
      // RFC 5802 §6 MUST: with -PLUS the channel is bound.
      if (settings_.plus) return refuse(Failure::ChannelBindingMismatch);
      break;
    case ClientFirst::Binding::NotOfferedByServer:
      // RFC 5802 §6 MUST: the client could bind but did not see -PLUS offered. If it was, somebody took it out.
      if (settings_.plus || settings_.plus_offered) return refuse(Failure::ChannelBindingMismatch);
      break;
    case ClientFirst::Binding::Used:
      // RFC 5802 §6 MUST: "p" belongs to -PLUS, with a type that the server has.
      if (!settings_.plus || first_.binding_type != settings_.binding->type) {
        return refuse(Failure::ChannelBindingMismatch);
      }
      break;
  }
  // RFC 5802 §5.1: nobody acts for another here.
  if (first_.authzid && *first_.authzid != first_.user) return refuse(Failure::AuthorizationDenied);
  at_ = At::Keys;
  return FindKeys{first_.user};
}

Step Scram::keys_found(const ScramKeys& keys, bool known) {
  if (at_ != At::Keys) return refuse(Failure::Malformed);
  keys_ = keys;
  known_ = known;
  // RFC 5802 §5.1: both nonces together, so that neither side can have an old dialogue played again.
  server_first_ = fmt::format("r={}{},s={},i={}", first_.nonce, settings_.nonce, base64(keys.salt), keys.iterations);
  at_ = At::Final;
  return Challenge{server_first_};
}

Step Scram::take_final(std::string_view message) {
  auto final = parse_client_final(message);
  if (!final) return refuse(Failure::Malformed);
  // RFC 5802 §5.1 MUST: what the client bound itself to is this channel, and its GS2 header is the one that came.
  std::string expected = first_.gs2_header;
  if (settings_.plus) expected += settings_.binding->bytes;
  if (!equal_in_constant_time(final->channel_binding, expected)) return refuse(Failure::ChannelBindingMismatch);
  // RFC 5802 §5.1 MUST: the nonce is the whole one of this exchange.
  if (!equal_in_constant_time(final->nonce, first_.nonce + settings_.nonce)) return refuse(Failure::Malformed);
  if (final->proof.size() != kHashSize || keys_.stored_key.size() != kHashSize) {
    return refuse(Failure::WrongPassword);
  }

  // RFC 5802 §3: the proof is ClientKey under ClientSignature, and StoredKey is the hash of ClientKey.
  std::string auth_message = first_.bare + ',' + server_first_ + ',' + final->without_proof;
  std::string client_key = exclusive_or(final->proof, hmac_sha256(keys_.stored_key, auth_message));
  bool right = equal_in_constant_time(sha256(client_key), keys_.stored_key);
  wipe(client_key);
  // For an unknown user the same is computed, so that nobody learns from the time it takes.
  if (!right || !known_) return refuse(Failure::WrongPassword);
  at_ = At::Done;
  return Accepted{.user = first_.user, .final_data = "v=" + base64(hmac_sha256(keys_.server_key, auth_message))};
}

}  // namespace

std::unique_ptr<Exchange> start_scram(ScramSettings settings) { return std::make_unique<Scram>(std::move(settings)); }

ScramKeys derive_scram_keys(std::string_view password, std::string_view salt, std::uint32_t iterations) {
  std::string salted = pbkdf2_sha256(password, salt, iterations);
  std::string client_key = hmac_sha256(salted, "Client Key");
  ScramKeys keys{.salt = std::string(salt),
                 .iterations = iterations,
                 .stored_key = sha256(client_key),
                 .server_key = hmac_sha256(salted, "Server Key")};
  wipe(salted);
  wipe(client_key);
  return keys;
}

}  // namespace postseal::sasl
