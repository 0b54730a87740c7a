// SPDX-License-Identifier: Apache-2.0
#include "lab/hello_script.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "lab/certificate.h"

namespace postseal::lab {

namespace {

using namespace std::string_view_literals;

// ---- how TLS writes things down (RFC 8446 §3, RFC 5246 §4) ----

constexpr std::uint8_t kHandshakeRecord = 22, kHeartbeatRecord = 24;
constexpr std::uint8_t kServerHello = 2, kCertificate = 11, kServerKeyExchange = 12, kServerHelloDone = 14;
constexpr std::uint16_t kTls12 = 0x0303, kTls11 = 0x0302, kSsl3 = 0x0300;

std::string number(std::size_t octets, std::uint64_t value) {
  std::string text;
  for (std::size_t left = octets; left > 0; --left) text += static_cast<char>((value >> (8 * (left - 1))) & 0xff);
  return text;
}

/// With its length in front, in so many octets.
std::string counted(std::size_t octets, std::string_view content) {
  return number(octets, content.size()) + std::string(content);
}

std::string record(std::uint8_t type, std::uint16_t version, std::string_view content) {
  return number(1, type) + number(2, version) + counted(2, content);
}

std::string message(std::uint8_t type, std::string_view content) { return number(1, type) + counted(3, content); }

/// RFC 5746 §3.4: without it a client refuses every server, and would never get to the point of a script.
const std::string kRenegotiationInfo = number(2, 0xff01) + counted(2, counted(1, ""));
const std::string kHeartbeat = number(2, 15) + counted(2, "\x01"sv);  // RFC 6520 §2: may be sent

// ---- the scripts ----

struct Script {
  std::string_view name;
  std::uint16_t version = kTls12;
  std::uint16_t cipher = 0xc02f;       // ECDHE_RSA_WITH_AES_128_GCM_SHA256, which everybody offers
  std::string_view random_end = ""sv;  // RFC 8446 §4.1.3: the last eight octets of the random
  std::uint8_t compression = 0;
  bool heartbeat = false;
  int group_bits = 0;  // of the Diffie-Hellman group that comes behind the ServerHello
};

constexpr Script kScripts[] = {
    {.name = "ssl3", .version = kSsl3, .cipher = 0x002f},      // RSA_WITH_AES_128_CBC_SHA
    {.name = "rc4", .cipher = 0x0005},                         // RSA_WITH_RC4_128_SHA
    {.name = "export", .cipher = 0x0003},                      // RSA_EXPORT_WITH_RC4_40_MD5
    {.name = "null", .cipher = 0x0002},                        // RSA_WITH_NULL_SHA
    {.name = "3des", .cipher = 0x000a},                        // RSA_WITH_3DES_EDE_CBC_SHA
    {.name = "anonymous", .cipher = 0xc018},                   // ECDH_anon_WITH_AES_128_CBC_SHA
    {.name = "dhe-512", .cipher = 0x009e, .group_bits = 512},  // DHE_RSA_WITH_AES_128_GCM_SHA256
    {.name = "dhe-1024", .cipher = 0x009e, .group_bits = 1024},
    {.name = "downgrade-1.2", .random_end = "DOWNGRD\x01"sv},
    {.name = "downgrade-1.1", .version = kTls11, .cipher = 0xc013, .random_end = "DOWNGRD\x00"sv},
    {.name = "compression", .compression = 1},
    {.name = "heartbeat", .heartbeat = true},
    {.name = "heartbeat-record"},
    {.name = "garbage"},
};

/// What is sent instead of a handshake message.
std::optional<std::string> bare_record(std::string_view name) {
  // A request of one octet that claims 16 KiB: what Heartbleed answered.
  if (name == "heartbeat-record") return record(kHeartbeatRecord, kTls12, "\x01\x40\x00\x00"sv);
  if (name == "garbage") return record(kHandshakeRecord, kTls12, std::string(64, '\xee'));
  return std::nullopt;
}

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

std::string to_text(const BIGNUM* value) {
  std::string text(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
  BN_bn2bin(value, reinterpret_cast<unsigned char*>(text.data()));
  return text;
}

/// RFC 5246 §7.4.3 ServerDHParams: prime, generator 2, public value.
std::string group_parameters(int bits) {
  const Number prime(BN_new(), BN_free), secret(BN_new(), BN_free), generator(BN_new(), BN_free),
      shown(BN_new(), BN_free);
  const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> scratch(BN_CTX_new(), BN_CTX_free);
  const bool made = prime && secret && generator && shown && scratch &&
                    (bits == 1024 ? BN_get_rfc2409_prime_1024(prime.get()) != nullptr
                                  : BN_generate_prime_ex(prime.get(), bits, 1, nullptr, nullptr, nullptr) == 1) &&
                    BN_rand(secret.get(), 160, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                    BN_set_word(generator.get(), 2) == 1 &&
                    BN_mod_exp(shown.get(), generator.get(), secret.get(), prime.get(), scratch.get()) == 1;
  if (!made) throw CryptoTrouble("no Diffie-Hellman group of " + std::to_string(bits) + " bits");
  return counted(2, to_text(prime.get())) + counted(2, to_text(generator.get())) + counted(2, to_text(shown.get()));
}

std::string sign(EVP_PKEY* key, std::string_view text) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const auto* octets = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t length = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, octets, text.size()) != 1) {
    throw CryptoTrouble("no signature");
  }
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, octets, text.size()) !=
      1)
    throw CryptoTrouble("no signature");
  signature.resize(length);
  return signature;
}

using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;

/// The DER of every certificate of a PEM text.
std::vector<std::string> certificates_of(const std::string& pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  std::vector<std::string> found;
  while (
      const std::shared_ptr<X509> certificate{PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), X509_free}) {
    const Bytes der = to_der({certificate, nullptr});
    found.emplace_back(der.begin(), der.end());
  }
  ERR_clear_error();
  return found;
}

}  // namespace

struct HelloScript::Impl {
  Script script;
  std::string certificates;  // a Certificate message
  std::string parameters;    // ServerDHParams
  PrivateKey key;
};

HelloScript::HelloScript(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HelloScript::HelloScript(HelloScript&&) noexcept = default;
HelloScript& HelloScript::operator=(HelloScript&&) noexcept = default;
HelloScript::~HelloScript() = default;

std::expected<HelloScript, std::string> HelloScript::create(std::string_view name,
                                                            const tls::ServerSettings& identity) {
  const auto* found = std::ranges::find(kScripts, name, &Script::name);
  if (found == std::end(kScripts)) return std::unexpected(fmt::format("there is no tls_script \"{}\"", name));
  auto impl = std::make_unique<Impl>(Impl{*found, {}, {}, nullptr});
  if (found->group_bits == 0) return HelloScript(std::move(impl));
  try {
    const Memory memory(BIO_new_mem_buf(identity.key_pem.data(), static_cast<int>(identity.key_pem.size())), BIO_free);
    impl->key.reset(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    if (!impl->key || EVP_PKEY_get_base_id(impl->key.get()) != EVP_PKEY_RSA)
      return std::unexpected(fmt::format("tls_script \"{}\" needs certificate = {{ key = \"rsa2048\" }}", name));
    std::string list;
    for (const std::string& certificate : certificates_of(identity.chain_pem)) list += counted(3, certificate);
    impl->certificates = message(kCertificate, counted(3, list));
    impl->parameters = group_parameters(found->group_bits);
  } catch (const CryptoTrouble& trouble) {
    return std::unexpected(std::string(trouble.what()));
  }
  return HelloScript(std::move(impl));
}

std::optional<std::size_t> HelloScript::hello_size(std::string_view received) {
  if (!received.empty() && static_cast<std::uint8_t>(received[0]) != kHandshakeRecord) return received.size();
  if (received.size() < 5) return std::nullopt;
  const auto octet = [&](std::size_t at) { return std::size_t{static_cast<std::uint8_t>(received[at])}; };
  const std::size_t size = 5 + octet(3) * 256 + octet(4);
  return received.size() < size ? std::nullopt : std::optional(size);
}

std::string HelloScript::answer(std::string_view hello) const {
  const Script& script = impl_->script;
  if (auto bare = bare_record(script.name)) return std::move(*bare);

  std::string random(32, '\x5a');
  random.replace(random.size() - script.random_end.size(), script.random_end.size(), script.random_end);
  std::string extensions = kRenegotiationInfo;
  if (script.heartbeat) extensions += kHeartbeat;
  const std::string server_hello = number(2, script.version) + random + counted(1, "") + number(2, script.cipher) +
                                   number(1, script.compression) +
                                   (script.version == kSsl3 ? "" : counted(2, extensions));
  std::string flight = record(kHandshakeRecord, script.version, message(kServerHello, server_hello));
  if (script.group_bits == 0) return flight;

  // RFC 5246 §7.4.3: the signature covers both randoms; the client's stands behind the record's and the message's head
  // and its version.
  constexpr std::size_t kClientRandom = 5 + 4 + 2;
  const std::string client_random(hello.size() < kClientRandom ? "" : hello.substr(kClientRandom, 32));
  const std::string signature = sign(impl_->key.get(), client_random + random + impl_->parameters);
  constexpr std::uint16_t kRsaSha256 = 0x0401;
  flight += record(kHandshakeRecord, script.version, impl_->certificates);
  flight += record(kHandshakeRecord, script.version,
                   message(kServerKeyExchange, impl_->parameters + number(2, kRsaSha256) + counted(2, signature)));
  return flight + record(kHandshakeRecord, script.version, message(kServerHelloDone, ""));
}

}  // namespace postseal::lab
