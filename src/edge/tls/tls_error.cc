// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>

namespace postseal::tls {

unsigned long take_openssl_error() {
  // The newest entry of the TLS layer names the step that failed; entries of other layers below it name a detail.
  unsigned long telling = 0;
  while (const unsigned long error = ERR_get_error())
    if (telling == 0 || ERR_GET_LIB(error) == ERR_LIB_SSL) telling = error;
  return telling;
}

void forget_openssl_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

std::string describe_openssl_error(unsigned long error) {
  const char* text = ERR_reason_error_string(error);
  return text != nullptr ? text : "an unknown OpenSSL error";
}

std::string describe_handshake_error(unsigned long error, const std::string& min_version) {
  if (error == 0) return "the TLS handshake failed";
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return "the TLS handshake failed: " + describe_openssl_error(error);
  const int reason = ERR_GET_REASON(error);
  // OpenSSL reports an alert of the peer as its number above this offset.
  if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    const int alert = reason - SSL_AD_REASON_OFFSET;
    std::string text = "the peer ended the TLS handshake with the alert \"";
    text += SSL_alert_desc_string_long(alert);
    text += '"';
    if (alert == SSL_AD_PROTOCOL_VERSION) text += ": it offers no TLS version from " + min_version + " on";
    if (alert == SSL_AD_HANDSHAKE_FAILURE) text += ": no cipher or parameter suits both sides";
    return text;
  }
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
      return "the peer offers no " + min_version + " or newer";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return "the peer's answer is not TLS";
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return "the peer's version of TLS was forced down on the way (downgrade sentinel, RFC 8446 §4.1.3)";
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
      return "no TLS cipher suits both sides";
    case SSL_R_DH_KEY_TOO_SMALL:
    case SSL_R_EE_KEY_TOO_SMALL:
      return "the peer's key is too weak";
    default:
      return "the TLS handshake failed: " + describe_openssl_error(error);
  }
}

}  // namespace postseal::tls
