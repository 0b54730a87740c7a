#pragma once
// SPDX-License-Identifier: Apache-2.0
// RFC 8460 §4.3: the names under which outcomes of policy are counted and reported.
#include <string_view>

namespace postseal::tlsrpt {

enum class ResultType {
  StarttlsNotSupported,
  CertificateHostMismatch,
  CertificateExpired,
  CertificateNotTrusted,
  ValidationFailure,
  TlsaInvalid,
  DnssecInvalid,
  DaneRequired,
  StsPolicyFetchError,
  StsPolicyInvalid,
  StsWebpkiInvalid,
};

/// "starttls-not-supported" and so on.
std::string_view to_string(ResultType type);

}  // namespace postseal::tlsrpt
