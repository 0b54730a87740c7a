#pragma once
// SPDX-License-Identifier: Apache-2.0
// How letters from outside are judged, and how ours are signed. Rows of the same table (authentication_table.cc).
#include <chrono>
#include <string>
#include <vector>

#include "vocab/domain.h"

namespace postseal::settings {

/// What becomes of a letter that its author's domain does not stand behind.
enum class Treatment { Accept, Quarantine, Reject };

/// "example.org=accept": in place of what the domain itself asks for.
struct DmarcException {
  Domain domain;  ///< the author's domain or one above it; the nearest counts
  Treatment treatment = Treatment::Accept;
  bool operator==(const DmarcException&) const = default;
};

enum class DmarcUse {
  Enforce,  ///< as the author's domain asks
  Report,   ///< the header says what was found, and every letter is taken
};
enum class Unknown {
  Accept,  ///< the header says temperror
  Defer,   ///< 451: the sender tries again
};
enum class QuarantineBy {
  Header,   ///< Postseal-Quarantine, for Sieve and mail clients
  Mailbox,  ///< that, and the Maildir's .Junk
};

struct AuthenticationSettings {
  bool enabled = true;
  std::string authserv_id;  ///< empty: delivery.hostname
  DmarcUse dmarc = DmarcUse::Enforce;
  std::vector<DmarcException> exceptions;
  Treatment unclear_from = Treatment::Reject;  ///< nobody can say whose domain to ask
  Treatment spf_fail = Treatment::Accept;      ///< "-all" alone: DMARC asks for no more than SPF or DKIM
  Unknown temperror = Unknown::Accept;
  QuarantineBy quarantine = QuarantineBy::Mailbox;
  std::vector<Domain> trusted_sealers;
  std::chrono::seconds timeout{20};
  bool operator==(const AuthenticationSettings&) const = default;
};

struct SigningSettings {
  bool enabled = true;
  std::string directory;  ///< of the keys; empty: "dkim" beneath the store
  bool seal = true;       ///< ARC, on letters that an alias leads on to another server
  bool srs = false;       ///< such letters get a reverse-path of ours
  std::chrono::seconds publish_first{3600};
  std::chrono::seconds keep_retired{7 * 86400};
  bool operator==(const SigningSettings&) const = default;
};

}  // namespace postseal::settings
