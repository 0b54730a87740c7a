// SPDX-License-Identifier: Apache-2.0
#include "lab/authority.h"

#include <fmt/core.h>
#include <openssl/err.h>

#include <algorithm>
#include <map>
#include <optional>

#include "lab/certificate.h"

namespace postseal::lab {
namespace {

constexpr long kDay = 86400;
constexpr Lifetime kAuthorityLifetime{-365 * kDay, 3650 * kDay};

bool has(const CertificateSpec& spec, std::string_view defect) {
  return std::ranges::find(spec.defects, defect) != spec.defects.end();
}

bool needs_intermediate(const CertificateSpec& spec) {
  return spec.issuer == "lab-intermediate" || has(spec, "intermediate-expired") || has(spec, "intermediate-not-ca") ||
         has(spec, "intermediate-missing") || has(spec, "path-length") || has(spec, "name-constraints") ||
         has(spec, "md5");
}

Lifetime lifetime_of(const CertificateSpec& spec) {
  if (spec.validity == "expired") return {-30 * kDay, -1 * kDay};
  if (spec.validity == "not-yet-valid") return {1 * kDay, 30 * kDay};
  return {-1 * kDay, 90 * kDay};
}

CertificateRequest leaf_request(const CertificateSpec& spec, const std::string& name) {
  CertificateRequest request;
  request.lifetime = lifetime_of(spec);
  request.extended_key_usage = has(spec, "client-auth-only") ? "clientAuth" : "serverAuth";
  request.digest = has(spec, "md5") ? "MD5" : has(spec, "sha1") ? "SHA1" : "SHA256";
  for (const std::string& text : spec.names) {
    if (text.starts_with("CN=")) {
      request.common_name = text.substr(3);
    } else if (text.starts_with("IP=")) {
      if (const auto address = IpAddress::parse(text.substr(3))) request.addresses.push_back(*address);
    } else {
      request.dns_names.push_back(text);
    }
  }
  if (spec.names.empty()) request.dns_names.push_back(name);
  return request;
}

}  // namespace

struct Authority::Impl {
  struct Issuer {
    Certificate certificate;
    std::optional<Certificate> above;  ///< a second intermediate, sent along
  };

  Certificate root, untrusted;
  std::string root_pem;
  Bytes untrusted_der;
  std::map<std::string, Issuer> intermediates;
  std::map<std::string, PrivateKey> slow_keys;

  /// Throws CryptoTrouble, as everything below.
  PrivateKey key(const std::string& kind) {
    if (!kind.starts_with("rsa")) return make_key(kind);
    auto found = slow_keys.find(kind);
    if (found == slow_keys.end()) found = slow_keys.emplace(kind, make_key(kind)).first;
    return found->second;
  }

  Certificate make_root(std::string name) {
    CertificateRequest request{.common_name = std::move(name), .lifetime = kAuthorityLifetime, .authority = true};
    return make_certificate(request, key("p256"), nullptr);
  }

  Issuer make_intermediate(const CertificateSpec& spec) {
    CertificateRequest request{
        .common_name = "Postseal lab intermediate", .lifetime = kAuthorityLifetime, .authority = true};
    if (has(spec, "intermediate-expired")) request.lifetime = {-365 * kDay, -1 * kDay};
    if (has(spec, "intermediate-not-ca")) request.authority = false;
    // There is no ECDSA signature with MD5.
    const PrivateKey issuing_key = key(has(spec, "md5") ? "rsa2048" : "p256");
    if (has(spec, "name-constraints")) request.permitted_name = "elsewhere.invalid";
    if (!has(spec, "path-length")) return {make_certificate(request, issuing_key, &root), std::nullopt};
    CertificateRequest above{.common_name = "Postseal lab last intermediate",
                             .lifetime = kAuthorityLifetime,
                             .authority = true,
                             .path_length = 0};
    Certificate upper = make_certificate(above, key("p256"), &root);
    Certificate lower = make_certificate(request, issuing_key, &upper);
    return {std::move(lower), std::move(upper)};
  }

  const Issuer& intermediate(const CertificateSpec& spec) {
    std::string variant;
    for (const auto* defect :
         {"intermediate-expired", "intermediate-not-ca", "name-constraints", "path-length", "md5"}) {
      if (has(spec, defect)) variant += fmt::format("{} ", defect);
    }
    auto found = intermediates.find(variant);
    if (found == intermediates.end()) found = intermediates.emplace(variant, make_intermediate(spec)).first;
    return found->second;
  }

  Issued issue(const CertificateSpec& spec, const std::string& name) {
    const CertificateRequest request = leaf_request(spec, name);
    const PrivateKey own = key(spec.key);
    Issued issued;
    std::vector<const Certificate*> sent;
    const Certificate* parent = nullptr;
    const Certificate* top = spec.issuer == "untrusted-ca" ? &untrusted : &root;
    const Issuer* middle = needs_intermediate(spec) ? &intermediate(spec) : nullptr;
    if (spec.issuer != "self") parent = middle ? &middle->certificate : top;
    const Certificate leaf = make_certificate(request, own, parent);
    if (!parent) top = &leaf;
    sent.push_back(&leaf);
    if (parent && middle && !has(spec, "intermediate-missing")) {
      sent.push_back(&middle->certificate);
      if (middle->above) sent.push_back(&*middle->above);
    }
    if (parent && spec.send_root) sent.push_back(top);
    for (const Certificate* certificate : sent) {
      issued.chain_pem += to_pem(*certificate);
      issued.chain.push_back(to_der(*certificate));
    }
    issued.leaf = to_der(leaf);
    issued.root = to_der(*top);
    if (parent && middle) issued.intermediate = to_der(middle->certificate);
    issued.key_pem = to_pem(own);
    return issued;
  }
};

Authority::Authority() : impl_(std::make_unique<Impl>()) {}
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;
Authority::~Authority() = default;

std::expected<Authority, std::string> Authority::create() {
  Authority authority;
  try {
    authority.impl_->root = authority.impl_->make_root("Postseal lab CA");
    authority.impl_->untrusted = authority.impl_->make_root("Nobody trusts this CA");
    authority.impl_->root_pem = to_pem(authority.impl_->root);
    authority.impl_->untrusted_der = to_der(authority.impl_->untrusted);
  } catch (const CryptoTrouble& trouble) {
    return std::unexpected(fmt::format("the lab's CA could not be made: {}", trouble.what()));
  }
  return authority;
}

const std::string& Authority::root_pem() const { return impl_->root_pem; }
const Bytes& Authority::untrusted_root() const { return impl_->untrusted_der; }

std::expected<Issued, std::string> Authority::issue(const CertificateSpec& spec, const std::string& name) {
  try {
    return impl_->issue(spec, name);
  } catch (const CryptoTrouble& trouble) {
    return std::unexpected(fmt::format("the certificate of {} could not be made: {}", name, trouble.what()));
  }
}

}  // namespace postseal::lab
