// SPDX-License-Identifier: Apache-2.0
#include "face/admin/queue_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "flow/queue/times.h"
#include "vocab/moment_text.h"

namespace postseal::admin {

namespace json = boost::json;

namespace {

/// RFC 3339; null for the epoch, which stands for "not yet".
json::value moment(WallTime at) {
  if (at == WallTime{}) return nullptr;
  return json::string(moment_text(at));
}

std::string_view to_string(queue::Scheduler::GroupStatus::State state) {
  using enum queue::Scheduler::GroupStatus::State;
  switch (state) {
    case Ready:
      return "ready";
    case Waiting:
      return "waiting";
    case Active:
      return "active";
    case Held:
      return "held";
  }
  return "";
}

const queue::Scheduler::GroupStatus* group_of(const queue::ListedLetter& listed, const Mailbox& recipient) {
  const std::string destination = queue::next_hop_of(listed.letter, recipient).key();
  auto found =
      std::ranges::find(listed.groups, destination, [](const auto& group) -> const auto& { return group.destination; });
  return found == listed.groups.end() ? nullptr : &*found;
}

json::object recipient_json(const queue::ListedLetter& listed, std::uint32_t index) {
  const auto& recipient = listed.letter.envelope.recipients[index];
  const spool::RecipientState& state = listed.letter.states[index];
  json::object object;
  object["address"] = recipient.mailbox.to_string();
  object["status"] = json::string(spool::to_string(state.status));
  object["selected"] = std::ranges::find(listed.matching, index) != listed.matching.end();
  const bool waits = state.status == spool::RecipientStatus::Waiting;
  const auto* group = waits ? group_of(listed, recipient.mailbox) : nullptr;
  object["state"] = nullptr;
  object["site"] = nullptr;
  if (group != nullptr) {
    object["state"] = json::string(to_string(group->state));
    object["site"] = group->site;
  }
  object["attempts"] = state.attempts;
  object["last_attempt"] = moment(state.last_attempt);
  object["next_attempt"] = waits ? moment(group == nullptr ? state.next_attempt : group->due) : nullptr;
  object["code"] = nullptr;
  if (state.attempts > 0) object["code"] = state.code.to_string();
  object["host"] = state.host;
  object["reason"] = state.explanation;
  object["waits_for"] = group == nullptr ? "" : group->problem;
  return object;
}

}  // namespace

json::object to_json(const queue::ListedLetter& listed) {
  const spool::QueuedLetter& letter = listed.letter;
  const spool::Envelope& envelope = letter.envelope;
  json::object object;
  object["id"] = letter.id.to_string();
  object["from"] = text_of(envelope.from);
  object["size"] = envelope.size;
  object["received"] = moment(envelope.received);
  object["held"] = letter.held;
  object["rerouted"] = letter.rerouted;
  object["message_id"] = envelope.message_id;
  object["peer"] = envelope.peer;
  object["user"] = envelope.user;
  object["envelope_id"] = envelope.envelope_id;
  object["requiretls"] = envelope.requiretls;
  object["tls_required_no"] = envelope.tls_required_no;
  object["only_if_verified"] = envelope.only_if_verified;
  json::array recipients;
  for (std::uint32_t i = 0; i < letter.states.size(); ++i) recipients.push_back(recipient_json(listed, i));
  object["recipients"] = std::move(recipients);
  return object;
}

json::object to_json(const queue::Tally& tally) {
  return {{"letters", tally.letters}, {"recipients", tally.recipients}, {"problem", tally.problem}};
}

namespace {

json::object site_json(const queue::Scheduler::SiteStatus& site) {
  json::object object{{"site", site.site},
                      {"destinations", json::array(site.destinations.begin(), site.destinations.end())},
                      {"destination_count", site.destination_count},
                      {"ready", site.ready},
                      {"waiting", site.waiting},
                      {"active", site.active},
                      {"held", site.held},
                      {"connections", site.workers},
                      {"connections_wanted", site.wanted},
                      {"failures", site.failures},
                      {"problem", site.problem}};
  object["not_before"] = moment(site.not_before);
  object["problem_at"] = moment(site.problem_at);
  return object;
}

}  // namespace

json::object to_json(const queue::Statistics& statistics) {
  const auto& totals = statistics.totals;
  json::array sites, downgrades;
  for (const auto& site : statistics.sites) sites.push_back(site_json(site));
  for (const auto& downgrade : statistics.downgrades) {
    downgrades.push_back(json::object{{"domain", downgrade.domain},
                                      {"before", json::string(queue::to_string(downgrade.before))},
                                      {"seen", moment(downgrade.seen)},
                                      {"when", moment(downgrade.when)},
                                      {"deferred", downgrade.deferred}});
  }
  json::object object{{"letters", totals.letters},
                      {"ready", totals.ready},
                      {"waiting", totals.waiting},
                      {"active", totals.active},
                      {"held", totals.held},
                      {"connections", totals.workers},
                      {"site_count", totals.sites},
                      {"destinations", totals.destinations},
                      {"bytes", totals.bytes},
                      {"remembered_domains", statistics.remembered_domains},
                      {"changes_owed", statistics.changes_owed}};
  object["sites"] = std::move(sites);
  object["downgrades"] = std::move(downgrades);
  return object;
}

}  // namespace postseal::admin
