#pragma once
// SPDX-License-Identifier: Apache-2.0
// How a signature came out, in the words of RFC 8601 §2.7.1.
#include <string_view>

namespace postseal::dkim {

enum class Result {
  None,       ///< the message has no signature
  Pass,       ///< the signature holds
  Fail,       ///< the message is not what was signed, or the signature is not by this key
  Policy,     ///< it holds or might hold, and we do not accept it: key too small, fields added after signing
  Neutral,    ///< not looked at: an algorithm nobody here knows, or one signature too many
  TempError,  ///< nobody can say now (DNS); never to be read as Fail
  PermError,  ///< the signature or its key record is wrong, absent, expired or revoked
};
/// "none", "pass", ...
std::string_view to_string(Result result);

}  // namespace postseal::dkim
