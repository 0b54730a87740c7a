#pragma once
// SPDX-License-Identifier: Apache-2.0
// Why a certificate was not believed, in words that tell the causes apart (pitfall 19).
#include <string>

namespace postseal::http {

/// For a verification result of OpenSSL other than X509_V_OK.
std::string webpki_cause(long verify_result, const std::string& host);

}  // namespace postseal::http
