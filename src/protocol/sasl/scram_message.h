#pragma once
// SPDX-License-Identifier: Apache-2.0
// The client's two messages of SCRAM, taken apart: RFC 5802 §5, §7. Strict: a message has one form.
#include <optional>
#include <string>
#include <string_view>

namespace postseal::sasl {

struct ClientFirst {
  enum class Binding { None, NotOfferedByServer, Used };
  Binding binding = Binding::None;     ///< "n", "y", "p"
  std::string binding_type;            ///< behind "p="
  std::optional<std::string> authzid;  ///< decoded
  std::string user;                    ///< decoded
  std::string nonce;
  std::string gs2_header;  ///< as sent, with both commas
  std::string bare;        ///< what follows it
};
std::optional<ClientFirst> parse_client_first(std::string_view message);

struct ClientFinal {
  std::string channel_binding;  ///< decoded: the GS2 header and what binds the channel
  std::string nonce;
  std::string proof;          ///< decoded
  std::string without_proof;  ///< as sent
};
std::optional<ClientFinal> parse_client_final(std::string_view message);

}  // namespace postseal::sasl
