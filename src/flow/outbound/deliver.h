#pragma once
// SPDX-License-Identifier: Apache-2.0
// The life of a message out, on one screen: route, facts, decide, dial, converse, classify, record.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/settings/settings.h"
#include "edge/tls/client.h"
#include "flow/outbound/plan.h"
#include "flow/outbound/record.h"
#include "protocol/message/scan.h"
#include "protocol/message/source.h"
#include "protocol/mtasts/find.h"

namespace postseal::outbound {

/// What delivery needs from the edge. All must outlive the Outbound.
struct Services {
  dns::Resolver& resolver;
  mtasts::PolicyFetcher& fetcher;
  mtasts::PolicyCache& cache;
  const tls::TrustStore& trust;
  tls::ClientContext& tls;
  const Clock& clock;
};

struct Letter {
  ReversePath from;
  std::vector<Mailbox> recipients;
  message::MessageFacts facts;
  message::OpenSource open;  ///< its sources yield CRLF line ends; called for every transaction, several at once
  bool requiretls = false;
  bool only_if_verified = false;  ///< see policy::MessageDemands
  smtp::DsnRequest dsn;
  std::vector<smtp::RecipientDsn> recipient_dsn;  ///< empty, or one for each recipient
};

/// One line of an SMTP dialogue.
struct WireLine {
  const Domain& host;
  bool sent;
  bool tls;
  std::string_view text;
};

/// Told of each step while it happens; for progress and --verbose. Any may be empty.
struct Observer {
  std::function<void(const std::string& line)> step;  ///< "d01.test: mx.d01.test: connected"
  std::function<void(const WireLine& line)> wire;     ///< SMTP lines, without the message body
};

class Outbound {
 public:
  Outbound(Services services, const settings::Settings& settings, Observer observer = {});
  ~Outbound();

  /// One record for each next hop; every recipient stands in exactly one. Sessions are kept for the next call.
  Awaitable<std::vector<DeliveryRecord>> send(Letter letter);

  /// The way to a destination, from memory while it is valid. via: the operator's own next hop instead of the settings'
  /// routes. fresh: not from memory.
  Awaitable<PlanPtr> plan(MailDestination destination, std::optional<settings::Route> via, bool fresh);

  /// What the queue remembers of a destination: it had working TLS, and must have it now.
  struct Memory {
    bool must_have_tls = false;
  };
  struct Way {
    PlanPtr plan;
    Memory memory;
  };
  /// One letter to those of its recipients whose destinations these are, one record each, in that order. Destinations
  /// on one host share its transaction where their decisions allow it.
  Awaitable<std::vector<DeliveryRecord>> deliver(Letter letter, std::vector<Way> ways, Deadline until);

  /// The next plan of each destination is a new one: routes or rules have changed.
  void forget_plans();

  /// Ends sessions that nobody has used for that long. To be called now and then by who keeps an Outbound.
  Awaitable<void> end_idle_sessions(Seconds idle);

  /// The facts and the decision for one destination, without sending. connect: also opens a session to each host up to
  /// EHLO after STARTTLS, and puts the evidence into the record's attempts.
  Awaitable<DeliveryRecord> explain(MailDestination destination, policy::MessageDemands demands, bool connect);

  /// Says QUIT on all open sessions.
  Awaitable<void> close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::outbound
