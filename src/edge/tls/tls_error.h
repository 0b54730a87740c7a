#pragma once
// SPDX-License-Identifier: Apache-2.0
// OpenSSL's errors in words for people.
#include <string>

namespace postseal::tls {

/// The most telling error of this thread's queue, 0 when it is empty. Empties the queue.
unsigned long take_openssl_error();

/// Before a call whose errors will be asked for, and after one whose errors nobody wants to know. OpenSSL's own
/// function goes through all the places of the queue, also when it is empty, which it nearly always is.
void forget_openssl_errors();

/// "the peer offers no TLS version that we accept (it must be at least TLSv1.2)". min_version: what we asked for.
std::string describe_handshake_error(unsigned long error, const std::string& min_version);

/// For anything but a handshake: "bad decrypt", "no start line".
std::string describe_openssl_error(unsigned long error);

}  // namespace postseal::tls
