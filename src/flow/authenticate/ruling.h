#pragma once
// SPDX-License-Identifier: Apache-2.0
// What becomes of a letter, given what was found: what the author's domain asks for (RFC 9989 §5.4), and where the
// operator has it otherwise. The one file that decides, and in ruling_words.cc the one that says why. Pure.
#include <optional>
#include <string>
#include <string_view>

#include "edge/settings/authentication_settings.h"
#include "flow/authenticate/findings.h"
#include "vocab/reply.h"

namespace postseal::authenticate {

enum class Course { Accept, Quarantine, Reject, Defer };
/// "accept", "quarantine", "reject", "defer"
std::string_view to_string(Course course);

enum class Cause {
  None,         ///< nothing stands against the letter
  Dmarc,        ///< the author's domain does not stand behind it
  UnclearFrom,  ///< nobody can say whose domain to ask
  SpfFail,      ///< the reverse-path's domain forbids this client
  Unknown,      ///< DNS does not say
  Crowded,      ///< DNS was not asked
};
/// "none", "dmarc", "unclear-from", "spf", "temperror", "crowded"
std::string_view to_string(Cause cause);

struct Ruling {
  Course course = Course::Accept;
  Cause cause = Cause::None;
  /// Why it is milder or harder than what was asked for: "trusted sealer", "exception", "report only"; else empty.
  std::string_view local_policy;
  std::optional<Reply> reply;  ///< for Reject and Defer
};

Ruling rule(const Findings& findings, const settings::AuthenticationSettings& settings);

/// Which check failed and how to mend it; for Reject and Defer.
Reply reply_for(Cause cause, Course course, const Findings& findings);

}  // namespace postseal::authenticate
