#pragma once
// SPDX-License-Identifier: Apache-2.0
// The numbers that are watched, in Prometheus' exposition format. One table in metrics.cc has name, help and label of
// each; docs/operator/metrics.md is generated from it.
#include <memory>
#include <string>
#include <string_view>

namespace postseal::observe {

enum class Counter {
  SessionsAccepted,  ///< label: listener role
  SessionsRefused,   ///< label: reason
  LettersAccepted,   ///< label: relay, submission
  LettersRefused,    ///< label: reason
  OctetsAccepted,
  AuthSucceeded,
  AuthFailed,
  Attempts,    ///< label: delivered, deferred, bounced
  Deliveries,  ///< label: proof: dane, mta-sts, pkix, encrypted, plaintext, local
  Handshakes,  ///< label: full, resumed (outward)
  SessionsReused,
  Notifications,  ///< label: failed, delayed, success
  Downgrades,     ///< a domain that showed less than before
  SpfChecks,      ///< label: result; so the next four
  DkimChecks,     ///< one for each signature, and "none" for a letter without any
  ArcChecks,
  DmarcChecks,
  Judged,      ///< letters from outside; label: accept, quarantine, reject, defer
  Signatures,  ///< label: dkim, arc
  StoreSyncs,
  StoreErrors,  ///< label: code
};
enum class Gauge { SessionsOpen, LettersQueued, LettersReady, LettersHeld, StoreBytesLive, StoreBytesOnDisk };
enum class Histogram { AcceptSeconds, CommitSeconds, DeliverySeconds, QueueSeconds };

/// Safe to use from several threads; adding costs tens of nanoseconds.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  void add(Counter counter, std::string_view label = {}, double amount = 1);
  void set(Gauge gauge, double value);
  void change(Gauge gauge, double by);
  void observe(Histogram histogram, double seconds);
  /// Text format 0.0.4.
  std::string expose() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::observe
