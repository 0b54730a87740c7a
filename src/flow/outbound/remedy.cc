// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/remedy.h"

namespace postseal::outbound {

std::string_view remedy(policy::ReasonCode code) {
  using enum policy::ReasonCode;
  switch (code) {
    case MxUnknown:
    case AddressUnknown:
    case TlsaUnknown:
      return "the domain's owner must repair its DNS; it is tried again; `postseal explain --self-test` checks our own "
             "side";
    case AddressAbsent:
    case HostNameInvalid:
    case HostNotFound:
    case AllHostsNotFound:
    case NoHosts:
      return "the domain's owner must correct its MX records";
    case Ourselves:
      return "list the domain in the settings if its mail belongs here; else its owner must correct its MX records";
    case DomainNotFound:
      return "check the spelling of the address";
    case NullMx:
      return "the domain takes no mail; find another address";
    case StsMxMismatch:
      return "the domain's owner must list the host in the MTA-STS policy, or someone forged the MX answer";
    case DaneRequiredAbsent:
      return "the domain's owner must publish TLSA records, or the local rule must be relaxed";
    case LocalSecure:
      return "use a name instead of an address, or relax the local rule";
    case OnlyIfVerified:
      return "send without asking for a verified server, or ask the domain's owner for DANE or MTA-STS";
    case RequireTlsUnauthenticMx:
      return "send without REQUIRETLS, or ask the domain's owner for DNSSEC or MTA-STS";
    case MxInsecure:
    case MxSecure:
    case AddressLiteral:
    case AddressInsecure:
    case TlsaAbsent:
    case TlsaUnusable:
    case TlsaUsable:
    case TlsaMxInsecure:
    case StsAbsent:
    case StsUnknown:
    case StsNotAsked:
    case StsEnforce:
    case StsTesting:
    case StsTestingMismatch:
    case StsModeNone:
    case StsNotApplicable:
    case LocalNone:
    case LocalMay:
    case LocalEncrypt:
    case LocalDane:
    case LocalDaneOnly:
    case LocalRuleExpired:
    case RequireTls:
    case TlsRequiredNo:
    case RememberedTls:
    case Opportunistic:
      return "";
  }
  return "";
}

std::string_view remedy(policy::ProofFailure failure) {
  using enum policy::ProofFailure;
  switch (failure) {
    case None:
    case Other:
      return "";
    case TlsaMismatch:
      return "the TLSA records must be updated to the server's certificate, or it is somebody else's server";
    case HostMismatch:
      return "the server needs a certificate for this name, or it is somebody else's server";
    case Expired:
      return "the server's certificate must be renewed";
    case NotYetValid:
      return "the server's certificate is not valid yet; check its clock and ours";
    case NotTrusted:
    case NoCertificate:
    case WeakKey:
      return "the server needs a strong certificate of a trusted CA, or it is somebody else's server";
  }
  return "";
}

std::string_view remedy(tlsrpt::ResultType result) {
  using enum tlsrpt::ResultType;
  switch (result) {
    case StarttlsNotSupported:
      return "the server must offer STARTTLS, or someone on the way removes it";
    case CertificateHostMismatch:
      return "the server needs a certificate for this name, or it is somebody else's server";
    case CertificateExpired:
      return "the server's certificate must be renewed";
    case CertificateNotTrusted:
      return "the server needs a certificate of a trusted CA, or it is somebody else's server";
    case ValidationFailure:
      return "the server's TLS must be repaired, or someone on the way breaks it";
    case TlsaInvalid:
      return "the TLSA records must be updated to the server's certificate, or it is somebody else's server";
    case DnssecInvalid:
      return "the domain's DNSSEC must be repaired";
    case DaneRequired:
      return "the domain must publish TLSA records";
    case StsPolicyFetchError:
      return "the policy host must be repaired";
    case StsPolicyInvalid:
      return "the policy must be corrected";
    case StsWebpkiInvalid:
      return "the policy host's certificate must be renewed";
  }
  return "";
}

}  // namespace postseal::outbound
