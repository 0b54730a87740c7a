// SPDX-License-Identifier: Apache-2.0
#include "protocol/tlsrpt/result_type.h"

#include <gtest/gtest.h>

namespace postseal::tlsrpt {
namespace {

// RFC 8460 §4.3: the words are a wire format; receivers compare them byte by byte.
TEST(ResultType, names_are_those_of_the_rfc) {
  const std::pair<ResultType, std::string_view> cases[] = {
      {ResultType::StarttlsNotSupported, "starttls-not-supported"},
      {ResultType::CertificateHostMismatch, "certificate-host-mismatch"},
      {ResultType::CertificateExpired, "certificate-expired"},
      {ResultType::CertificateNotTrusted, "certificate-not-trusted"},
      {ResultType::ValidationFailure, "validation-failure"},
      {ResultType::TlsaInvalid, "tlsa-invalid"},
      {ResultType::DnssecInvalid, "dnssec-invalid"},
      {ResultType::DaneRequired, "dane-required"},
      {ResultType::StsPolicyFetchError, "sts-policy-fetch-error"},
      {ResultType::StsPolicyInvalid, "sts-policy-invalid"},
      {ResultType::StsWebpkiInvalid, "sts-webpki-invalid"},
  };
  for (auto [type, name] : cases) EXPECT_EQ(to_string(type), name);
}

}  // namespace
}  // namespace postseal::tlsrpt
