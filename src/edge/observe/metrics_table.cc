// SPDX-License-Identifier: Apache-2.0
#include "edge/observe/metrics_table.h"

#include <array>
#include <cstddef>
#include <utility>

namespace postseal::observe {
namespace {

constexpr MetricKind kCounter = MetricKind::Counter, kGauge = MetricKind::Gauge, kHistogram = MetricKind::Histogram;
using Words = std::string_view;

constexpr std::array kRoles = std::to_array<Words>({"relay", "submission", "submissions"});
constexpr std::array kWays = std::to_array<Words>({"relay", "submission"});
constexpr std::array kOutcomes = std::to_array<Words>({"delivered", "deferred", "bounced"});
constexpr std::array kProofs = std::to_array<Words>({"dane", "mta-sts", "pkix", "encrypted", "plaintext", "local"});
constexpr std::array kHandshakes = std::to_array<Words>({"full", "resumed"});
constexpr std::array kNotifications = std::to_array<Words>({"failed", "delayed", "success"});
constexpr std::array kSpf =
    std::to_array<Words>({"none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"});
constexpr std::array kDkim =
    std::to_array<Words>({"none", "pass", "fail", "policy", "neutral", "temperror", "permerror"});
constexpr std::array kArc = std::to_array<Words>({"none", "pass", "fail"});
constexpr std::array kDmarc = std::to_array<Words>({"none", "pass", "fail", "temperror", "permerror"});
constexpr std::array kCourses = std::to_array<Words>({"accept", "quarantine", "reject", "defer"});
constexpr std::array kSigned = std::to_array<Words>({"dkim", "arc"});

// From a commit on a fast disk to a client that dictates its letter.
constexpr std::array kShort = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0};
constexpr std::array kLong = {0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 14400.0, 86400.0, 432000.0};

constexpr std::size_t kCounters = static_cast<std::size_t>(Counter::StoreErrors) + 1;
constexpr std::size_t kGauges = static_cast<std::size_t>(Gauge::StoreBytesOnDisk) + 1;
constexpr std::size_t kHistograms = static_cast<std::size_t>(Histogram::QueueSeconds) + 1;

constexpr std::array kRows = std::to_array<MetricRow>({
    {kCounter, "postseal_sessions_accepted_total", "Connections that became an SMTP session.", "role", kRoles},
    {kCounter, "postseal_sessions_refused_total", "Connections turned away at once, by the limit that was reached.",
     "reason"},
    {kCounter, "postseal_letters_accepted_total", "Letters that got a 250 after they were on stable storage.", "by",
     kWays},
    {kCounter, "postseal_letters_refused_total", "Letters or recipients that were refused.", "reason"},
    {kCounter, "postseal_octets_accepted_total", "Octets of accepted letters."},
    {kCounter, "postseal_auth_succeeded_total", "Logins with the right password."},
    {kCounter, "postseal_auth_failed_total", "Logins that failed: wrong, locked or slowed down."},
    {kCounter, "postseal_attempts_total", "Delivery attempts, one for each letter and destination.", "outcome",
     kOutcomes},
    {kCounter, "postseal_deliveries_total", "Recipients delivered, by what the server had proved.", "proof", kProofs},
    {kCounter, "postseal_handshakes_total", "TLS handshakes with other servers, outward.", "kind", kHandshakes},
    {kCounter, "postseal_sessions_reused_total", "Deliveries over a session that was open already."},
    {kCounter, "postseal_notifications_total", "Notifications (DSN) written to senders.", "kind", kNotifications},
    {kCounter, "postseal_downgrades_total", "Domains that showed less security than they had before."},
    {kCounter, "postseal_spf_total", "SPF of letters from outside, by result.", "result", kSpf},
    {kCounter, "postseal_dkim_total", "DKIM signatures of letters from outside, by result; none: a letter without any.",
     "result", kDkim},
    {kCounter, "postseal_arc_total", "ARC chains of letters from outside, by result.", "result", kArc},
    {kCounter, "postseal_dmarc_total", "DMARC of letters from outside, by result.", "result", kDmarc},
    {kCounter, "postseal_judged_total", "Letters from outside, by what became of them after these checks.",
     "disposition", kCourses},
    {kCounter, "postseal_signed_total", "Letters that were signed with DKIM or sealed with ARC.", "by", kSigned},
    {kCounter, "postseal_store_syncs_total", "Synchronisations of the store; each serves a group of letters."},
    {kCounter, "postseal_store_errors_total", "Failures of the store.", "code"},

    {kGauge, "postseal_sessions_open", "SMTP sessions open now, inward."},
    {kGauge, "postseal_letters_queued", "Letters in the queue."},
    {kGauge, "postseal_letters_ready", "Letters of which a recipient could be tried now."},
    {kGauge, "postseal_letters_held", "Letters held by the operator."},
    {kGauge, "postseal_store_bytes_live", "Octets of letters in the store."},
    {kGauge, "postseal_store_bytes_on_disk", "Octets that the store's files take."},

    {kHistogram, "postseal_accept_seconds", "From MAIL to the answer after the last octet.", "", {}, kShort},
    {kHistogram, "postseal_commit_seconds", "From the end of a letter until it is on stable storage.", "", {}, kShort},
    {kHistogram,
     "postseal_delivery_seconds",
     "One attempt, from looking up the destination to its end.",
     "",
     {},
     kLong},
    {kHistogram, "postseal_queue_seconds", "From acceptance until no recipient waits any more.", "", {}, kLong},
});
static_assert(kRows.size() == kCounters + kGauges + kHistograms);

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    MetricKind kind = i < kCounters ? kCounter : i < kCounters + kGauges ? kGauge : kHistogram;
    if (kRows[i].kind != kind) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

const MetricRow& row_of(Counter counter) { return kRows[static_cast<std::size_t>(counter)]; }
const MetricRow& row_of(Gauge gauge) { return kRows[kCounters + static_cast<std::size_t>(gauge)]; }
const MetricRow& row_of(Histogram histogram) {
  return kRows[kCounters + kGauges + static_cast<std::size_t>(histogram)];
}
std::span<const MetricRow> metric_rows() { return kRows; }

}  // namespace postseal::observe
