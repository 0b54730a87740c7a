// SPDX-License-Identifier: Apache-2.0
#include "lab/credentials.h"

#include <fmt/core.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <memory>

namespace postseal::lab {
namespace {

Bytes digest(std::uint8_t matching, const Bytes& data) {
  if (matching == 0) return data;
  Bytes out(matching == 2 ? SHA512_DIGEST_LENGTH : SHA256_DIGEST_LENGTH);
  if (matching == 2) {
    SHA512(data.data(), data.size(), out.data());
  } else {
    SHA256(data.data(), data.size(), out.data());
  }
  return out;
}

Bytes public_key_of(const Bytes& certificate) {
  const unsigned char* at = certificate.data();
  const std::unique_ptr<X509, void (*)(X509*)> x509(d2i_X509(nullptr, &at, static_cast<long>(certificate.size())),
                                                    X509_free);
  unsigned char* data = nullptr;
  const int size = x509 ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509.get()), &data) : 0;
  const Bytes key(data, data + (size > 0 ? size : 0));
  OPENSSL_free(data);
  return key;
}

/// RFC 3597 §5: "\# length hex".
std::string generic(const TlsaSpec& spec, const Bytes& data) {
  return fmt::format("\\# {} {:02x}{:02x}{:02x}{}", data.size() + 3, spec.usage, spec.selector, spec.matching,
                     to_hex(data));
}

std::vector<std::string> wrong(const TlsaSpec& spec, const Bytes& foreign) {
  std::vector<std::string> out;
  for (int i = 0; i < spec.count; ++i) {
    Bytes data = spec.selector == 1 ? public_key_of(foreign) : foreign;
    // Full data must still parse; of digests each is of something else.
    if (spec.matching != 0) data.insert(data.end(), {static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
    out.push_back(generic(spec, digest(spec.matching, data)));
  }
  return out;
}

const Bytes& choose(const TlsaSpec& spec, const Issued& issued) {
  using enum TlsaSpec::What;
  if (spec.what == Intermediate) return issued.intermediate;
  if (spec.what == Root) return issued.root;
  if (spec.what == Leaf) return issued.leaf;
  return spec.usage == 0 || spec.usage == 2 ? issued.root : issued.leaf;
}

}  // namespace

std::expected<Credentials, std::string> issue_credentials(Authority& authority, const World& world) {
  Credentials credentials;
  credentials.foreign = authority.untrusted_root();
  for (const HostSpec& host : world.hosts) {
    auto issued = authority.issue(host.certificate, host.name.ascii());
    if (!issued) return std::unexpected(std::move(issued.error()));
    credentials.hosts.emplace(host.name, std::move(*issued));
  }
  for (const PolicySpec& policy : world.policies) {
    auto issued = authority.issue(policy.certificate, "mta-sts." + policy.domain.ascii());
    if (!issued) return std::unexpected(std::move(issued.error()));
    credentials.policies.emplace(policy.domain, std::move(*issued));
  }
  return credentials;
}

std::expected<std::vector<std::string>, std::string> tlsa_rdata(const TlsaSpec& spec, const std::optional<Domain>& own,
                                                                const Credentials& credentials) {
  using enum TlsaSpec::What;
  if (spec.what == Empty) return std::vector{generic(spec, {})};
  if (spec.what == Exact) return std::vector{generic(spec, spec.data)};
  if (spec.what == Wrong) return wrong(spec, credentials.foreign);
  const std::optional<Domain>& host = spec.of ? spec.of : own;
  if (!host) return std::unexpected(std::string("a TLSA record needs \"of HOST\" here: whose certificate is meant?"));
  const auto found = credentials.hosts.find(*host);
  if (found == credentials.hosts.end()) {
    return std::unexpected(fmt::format("a TLSA record is of {}, which is no host of this world", host->ascii()));
  }
  const Bytes& certificate = choose(spec, found->second);
  if (certificate.empty()) {
    return std::unexpected(fmt::format("a TLSA record is of the intermediate of {}, which has none", host->ascii()));
  }
  Bytes data = digest(spec.matching, spec.selector == 1 ? public_key_of(certificate) : certificate);
  if (spec.what == Short) data.resize(data.size() / 2);
  return std::vector{generic(spec, data)};
}

}  // namespace postseal::lab
