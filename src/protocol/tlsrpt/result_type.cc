// SPDX-License-Identifier: Apache-2.0
#include "protocol/tlsrpt/result_type.h"

namespace postseal::tlsrpt {

// RFC 8460 §4.3 MUST: these words, and no others, stand in "result-type".
std::string_view to_string(ResultType type) {
  switch (type) {
    case ResultType::StarttlsNotSupported:
      return "starttls-not-supported";
    case ResultType::CertificateHostMismatch:
      return "certificate-host-mismatch";
    case ResultType::CertificateExpired:
      return "certificate-expired";
    case ResultType::CertificateNotTrusted:
      return "certificate-not-trusted";
    case ResultType::ValidationFailure:
      return "validation-failure";
    case ResultType::TlsaInvalid:
      return "tlsa-invalid";
    case ResultType::DnssecInvalid:
      return "dnssec-invalid";
    case ResultType::DaneRequired:
      return "dane-required";
    case ResultType::StsPolicyFetchError:
      return "sts-policy-fetch-error";
    case ResultType::StsPolicyInvalid:
      return "sts-policy-invalid";
    case ResultType::StsWebpkiInvalid:
      return "sts-webpki-invalid";
  }
  return "validation-failure";
}

}  // namespace postseal::tlsrpt
