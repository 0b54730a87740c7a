// SPDX-License-Identifier: Apache-2.0
#include "edge/http/webpki_cause.h"

#include <openssl/x509_vfy.h>

namespace postseal::http {

std::string webpki_cause(long verify_result, const std::string& host) {
  switch (verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the certificate of " + host + " or of its issuer has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the certificate of " + host + " or of its issuer is not yet valid";
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return "the certificate is not for " + host;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the certificate of " + host + " is self-signed";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "the certificate of " + host + " is from an unknown CA, or the server left out the CA's intermediate";
    default:
      return "the certificate of " + host + " is not acceptable: " + X509_verify_cert_error_string(verify_result);
  }
}

}  // namespace postseal::http
