// SPDX-License-Identifier: Apache-2.0
#include "protocol/sasl/scram_message.h"

#include <algorithm>

#include "protocol/sasl/utf8.h"
#include "vocab/codec.h"

namespace postseal::sasl {
namespace {

// A nonce of 18 octets has 24 characters in base64; this is far above what any client sends.
constexpr std::size_t kMaxNonce = 512;
constexpr std::size_t kMaxMessage = 4096;

std::string_view take_until_comma(std::string_view& text) {
  std::string_view part = text.substr(0, text.find(','));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

/// RFC 5802 §5.1 saslname: "=2C" is a comma, "=3D" an equals sign; any other "=" is an error (MUST).
std::optional<std::string> decode_name(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      name += text[i];
      continue;
    }
    std::string_view code = text.substr(i, 3);
    if (code != "=2C" && code != "=3D") return std::nullopt;
    name += code == "=2C" ? ',' : '=';
    i += 2;
  }
  if (name.empty() || !is_clean_utf8(name)) return std::nullopt;
  return name;
}

/// RFC 5802 §7: printable is 0x21 to 0x7e without the comma.
bool is_nonce(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNonce &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
}

/// RFC 5802 §7 extensions: attr-val, which may be ignored.
bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    std::string_view each = take_until_comma(text);
    auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (each.size() < 3 || !letter(each[0]) || each[1] != '=' || !is_clean_utf8(each)) return false;
  }
  return true;
}

/// RFC 5802 §7 cb-name.
bool is_binding_type(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

std::optional<std::string> decode_base64(std::string_view text) {
  auto bytes = from_base64(text);
  if (!bytes || bytes->empty()) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<ClientFirst> parse_client_first(std::string_view message) {
  // A comma at the very end would be an empty extension, which take_until_comma cannot see.
  if (message.size() > kMaxMessage || message.ends_with(',')) return std::nullopt;
  std::string_view rest = message;
  ClientFirst result;

  // RFC 5802 §7 gs2-header
  std::string_view flag = take_until_comma(rest);
  if (flag == "n") {
    result.binding = ClientFirst::Binding::None;
  } else if (flag == "y") {
    result.binding = ClientFirst::Binding::NotOfferedByServer;
  } else if (take_prefix(flag, "p=") && is_binding_type(flag)) {
    result.binding = ClientFirst::Binding::Used;
    result.binding_type = flag;
  } else {
    return std::nullopt;
  }
  std::string_view authzid = take_until_comma(rest);
  if (!authzid.empty()) {
    if (!take_prefix(authzid, "a=")) return std::nullopt;
    result.authzid = decode_name(authzid);
    if (!result.authzid) return std::nullopt;
  }
  result.bare = rest;
  result.gs2_header = message.substr(0, message.size() - rest.size());

  // RFC 5802 §5.1: "m=" first would be an extension that must be understood; there is none, so it fails (MUST).
  std::string_view name = take_until_comma(rest);
  if (!take_prefix(name, "n=")) return std::nullopt;
  auto user = decode_name(name);
  std::string_view nonce = take_until_comma(rest);
  if (!user || !take_prefix(nonce, "r=") || !is_nonce(nonce) || !are_extensions(rest)) return std::nullopt;
  result.user = std::move(*user);
  result.nonce = nonce;
  return result;
}

std::optional<ClientFinal> parse_client_final(std::string_view message) {
  if (message.size() > kMaxMessage || message.ends_with(',')) return std::nullopt;
  std::string_view rest = message;
  std::string_view binding = take_until_comma(rest);
  std::string_view nonce = take_until_comma(rest);
  if (!take_prefix(binding, "c=") || !take_prefix(nonce, "r=") || !is_nonce(nonce)) return std::nullopt;

  // RFC 5802 §7: the proof is last.
  std::size_t comma = message.rfind(',');
  std::string_view proof = message.substr(comma + 1);
  if (!take_prefix(proof, "p=") || rest.size() < proof.size() + 2) return std::nullopt;
  std::string_view extensions = rest.substr(0, rest.size() - (proof.size() + 2));
  if (extensions == ",") return std::nullopt;
  if (!extensions.empty()) extensions.remove_suffix(1);
  if (!are_extensions(extensions)) return std::nullopt;

  auto channel_binding = decode_base64(binding);
  auto decoded_proof = decode_base64(proof);
  if (!channel_binding || !decoded_proof) return std::nullopt;
  return ClientFinal{.channel_binding = std::move(*channel_binding),
                     .nonce = std::string(nonce),
                     .proof = std::move(*decoded_proof),
                     .without_proof = std::string(message.substr(0, comma))};
}

}  // namespace postseal::sasl
