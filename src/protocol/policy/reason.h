#pragma once
// SPDX-License-Identifier: Apache-2.0
// Why a decision is as it is: a code that machines count, a sentence that people read, the rule's place.
#include <string>
#include <string_view>
#include <vector>

namespace postseal::policy {

enum class ReasonCode {
  // about the domain
  NullMx,
  DomainNotFound,
  MxUnknown,
  MxInsecure,
  MxSecure,
  NoHosts,
  Ourselves,
  AddressLiteral,
  AllHostsNotFound,
  // about one host: addresses
  AddressUnknown,
  AddressAbsent,
  HostNotFound,
  HostNameInvalid,
  AddressInsecure,
  // DANE
  TlsaAbsent,
  TlsaUnknown,
  TlsaUnusable,
  TlsaUsable,
  TlsaMxInsecure,
  // MTA-STS
  StsAbsent,
  StsUnknown,
  StsNotAsked,
  StsEnforce,
  StsMxMismatch,
  StsTesting,
  StsTestingMismatch,
  StsModeNone,
  StsNotApplicable,
  // local rules and what the message asks for
  LocalNone,
  LocalMay,
  LocalEncrypt,
  LocalSecure,
  LocalDane,
  LocalDaneOnly,
  LocalRuleExpired,
  DaneRequiredAbsent,
  RequireTls,
  RequireTlsUnauthenticMx,
  TlsRequiredNo,
  OnlyIfVerified,
  RememberedTls,
  Opportunistic,
};

struct Reason {
  ReasonCode code;
  std::string text;
  bool operator==(const Reason&) const = default;
};

/// Stable name for machines: "tlsa-unknown".
std::string_view slug(ReasonCode code);
/// "RFC 7672 §2.1.2", or "local" for what the administrator or the message asked for.
std::string_view section(ReasonCode code);

}  // namespace postseal::policy
