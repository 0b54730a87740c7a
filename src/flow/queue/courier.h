#pragma once
// SPDX-License-Identifier: Apache-2.0
// The way out as the queue sees it: where a destination's mail goes, and one attempt to bring a letter there. Behind it
// stand flow/outbound and flow/local; tests have a fake. The queue decides when; the courier says what came of it.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message/source.h"
#include "protocol/spool/letter.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"
#include "vocab/delivery_outcome.h"
#include "vocab/enhanced_status.h"
#include "vocab/mailbox.h"
#include "vocab/reply.h"

namespace postseal::queue {

/// Where mail is bound for: the recipient's domain or address literal, or what the operator said instead.
struct NextHop {
  MailDestination destination;
  std::string rerouted;  ///< not empty: a next hop as routes have it ("relay.example:2525", "[192.0.2.1]")
  /// "example.org", "[192.0.2.1]", ">relay.example:2525".
  std::string key() const;
  static std::optional<NextHop> parse(std::string_view key);
  bool operator==(const NextHop&) const = default;
};

struct Route {
  /// The MX hosts in order and the port, "mx1.example.org mx2.example.org:25": destinations with the same site share
  /// its connections and limits. Where the look-up failed, the destination itself; "local" and the like for mail that
  /// stays here.
  std::string site;
  SteadyTime valid_until{};
};

/// Of a deferral: what has to wait.
enum class Scope {
  Recipient,    ///< this recipient or this letter: a reply of a server that works
  Destination,  ///< all mail for the destination: DNS is unknown, or no host could prove itself
  Site,         ///< everything for these hosts: none could be reached
};

/// How well a server was proved, from worst to best. Kept in the notes of the store: numbers stay.
enum class Security : std::uint8_t { Unknown = 0, Plaintext = 1, Tls = 2, StsEnforce = 3, Dane = 4, Local = 5 };
/// "unknown", "plaintext", "tls", "sts-enforce", "dane", "local"
std::string_view to_string(Security security);

struct JobRecipient {
  std::uint32_t index = 0;     ///< in the envelope
  bool must_have_tls = false;  ///< the domain had TLS before, and the local rule defers where it is gone
};

/// One letter, those of its recipients that are bound for one site; of several destinations, maybe.
struct Job {
  spool::LetterId letter;
  std::shared_ptr<const spool::Envelope> envelope;
  std::string rerouted;      ///< as in NextHop, for all recipients
  message::OpenSource open;  ///< yields CRLF line ends
  std::vector<JobRecipient> recipients;
  std::string site;
  bool fresh = false;  ///< the last attempt: nothing that is remembered of DNS and policies from before counts
};

struct RecipientResult {
  std::uint32_t index = 0;  ///< in the envelope
  DeliveryOutcome outcome = DeliveryOutcome::Deferred;
  Scope scope = Scope::Recipient;
  EnhancedStatus status;
  std::string host;         ///< who took it, or refused it last; may be empty
  std::string explanation;  ///< host, fact, rule, remedy: one line
  std::optional<Reply> reply;
  std::string proof;    ///< for people: "DANE-EE 3 1 1", "plaintext", "LMTP"
  std::string desired;  ///< what had to be proved: "dane", "mta-sts", "may"
  Security actual = Security::Unknown;
  bool tls_missing = false;     ///< not delivered only because JobRecipient::must_have_tls was not met
  bool dsn_passed_on = false;   ///< RFC 3461 §5.2.2: the next server took over to report success
  bool final_delivery = false;  ///< in a mailbox, not at a further server
};

struct AttemptResult {
  std::vector<RecipientResult> recipients;  ///< one for each of the job's
  std::vector<std::string> records;         ///< JSON, one line each, for the trace
};

/// All calls come on one executor; several are under way at once. Each ends by a deadline of its own.
class Courier {
 public:
  virtual ~Courier() = default;
  virtual Awaitable<Route> find_route(NextHop next_hop) = 0;
  virtual Awaitable<AttemptResult> deliver(Job job) = 0;
};

}  // namespace postseal::queue
