// SPDX-License-Identifier: Apache-2.0
#include "protocol/policy/reason.h"

namespace postseal::policy {

namespace {

struct ReasonInfo {
  std::string_view slug;
  std::string_view section;
};

constexpr ReasonInfo info(ReasonCode code) {
  switch (code) {
    case ReasonCode::NullMx:
      return {"null-mx", "RFC 7505 §3"};
    case ReasonCode::DomainNotFound:
      return {"domain-not-found", "RFC 5321 §5.1"};
    case ReasonCode::MxUnknown:
      return {"mx-unknown", "RFC 7672 §2.1.2"};
    case ReasonCode::MxInsecure:
      return {"mx-insecure", "RFC 7672 §2.2.1"};
    case ReasonCode::MxSecure:
      return {"mx-secure", "RFC 7672 §2.2.1"};
    case ReasonCode::NoHosts:
      return {"no-hosts", "RFC 5321 §5.1"};
    case ReasonCode::Ourselves:
      return {"ourselves", "RFC 5321 §5.1"};
    case ReasonCode::AddressLiteral:
      return {"address-literal", "RFC 7672 §2.2"};
    case ReasonCode::AllHostsNotFound:
      return {"all-hosts-not-found", "RFC 5321 §5.1"};
    case ReasonCode::AddressUnknown:
      return {"address-unknown", "RFC 7672 §2.1.2"};
    case ReasonCode::AddressAbsent:
      return {"address-absent", "RFC 7672 §2.2.2"};
    case ReasonCode::HostNotFound:
      return {"host-not-found", "RFC 5321 §5.1"};
    case ReasonCode::HostNameInvalid:
      return {"host-name-invalid", "RFC 5321 §5.1"};
    case ReasonCode::AddressInsecure:
      return {"address-insecure", "RFC 7672 §2.2.2"};
    case ReasonCode::TlsaAbsent:
      return {"tlsa-absent", "RFC 7672 §2.2"};
    case ReasonCode::TlsaUnknown:
      return {"tlsa-unknown", "RFC 7672 §2.1.2"};
    case ReasonCode::TlsaUnusable:
      return {"tlsa-unusable", "RFC 7672 §2.2"};
    case ReasonCode::TlsaUsable:
      return {"tlsa-usable", "RFC 7672 §2.2"};
    case ReasonCode::TlsaMxInsecure:
      return {"tlsa-mx-insecure", "RFC 7672 §2.2.1"};
    case ReasonCode::StsAbsent:
      return {"sts-absent", "RFC 8461 §3.1"};
    case ReasonCode::StsUnknown:
      return {"sts-unknown", "RFC 8461 §3.3"};
    case ReasonCode::StsNotAsked:
      return {"sts-not-asked", "RFC 8461 §5"};
    case ReasonCode::StsEnforce:
      return {"sts-enforce", "RFC 8461 §4.2"};
    case ReasonCode::StsMxMismatch:
      return {"sts-mx-mismatch", "RFC 8461 §4.1"};
    case ReasonCode::StsTesting:
      return {"sts-testing", "RFC 8461 §5"};
    case ReasonCode::StsTestingMismatch:
      return {"sts-testing-mismatch", "RFC 8461 §5"};
    case ReasonCode::StsModeNone:
      return {"sts-mode-none", "RFC 8461 §5"};
    case ReasonCode::StsNotApplicable:
      return {"sts-not-applicable", "RFC 8461 §3.4"};
    case ReasonCode::LocalNone:
      return {"local-none", "local"};
    case ReasonCode::LocalMay:
      return {"local-may", "local"};
    case ReasonCode::LocalEncrypt:
      return {"local-encrypt", "local"};
    case ReasonCode::LocalSecure:
      return {"local-secure", "local"};
    case ReasonCode::LocalDane:
      return {"local-dane", "local"};
    case ReasonCode::LocalDaneOnly:
      return {"local-dane-only", "local"};
    case ReasonCode::LocalRuleExpired:
      return {"local-rule-expired", "local"};
    case ReasonCode::DaneRequiredAbsent:
      return {"dane-required", "RFC 7672 §6"};
    case ReasonCode::RequireTls:
      return {"requiretls", "RFC 8689 §4.2.1"};
    case ReasonCode::RequireTlsUnauthenticMx:
      return {"requiretls-mx-unauthentic", "RFC 8689 §4.2.1"};
    case ReasonCode::TlsRequiredNo:
      return {"tls-required-no", "RFC 8689 §4.2.2"};
    case ReasonCode::OnlyIfVerified:
      return {"only-if-verified", "local"};
    case ReasonCode::RememberedTls:
      return {"remembered-tls", "local"};
    case ReasonCode::Opportunistic:
      return {"opportunistic", "RFC 7435 §3"};
  }
  return {"", ""};
}

}  // namespace

std::string_view slug(ReasonCode code) { return info(code).slug; }
std::string_view section(ReasonCode code) { return info(code).section; }

}  // namespace postseal::policy
