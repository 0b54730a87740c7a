// SPDX-License-Identifier: Apache-2.0
#include "flow/dispatch/courier.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "edge/settings/values.h"
#include "flow/dispatch/trace_line.h"
#include "flow/dispatch/verdict_words.h"
#include "vocab/await_all.h"

namespace postseal::dispatch {

namespace {

constexpr std::string_view kLocal = "local:";
/// One letter to one site: RFC 5321 §4.5.3.2 lets a server take ten minutes for its last word alone.
constexpr std::chrono::minutes kLetterTime{30};
/// Our own mailboxes do not move.
constexpr std::chrono::minutes kLocalRoute{5};

std::string local_site(const addressing::Transport& transport) {
  if (const auto* lmtp = std::get_if<addressing::ToLmtp>(&transport)) {
    if (!lmtp->unix_path.empty()) return fmt::format("{}lmtp:{}", kLocal, lmtp->unix_path);
    return fmt::format("{}lmtp:[{}]:{}", kLocal, lmtp->address ? lmtp->address->to_string() : "", lmtp->port);
  }
  const auto* maildir = std::get_if<addressing::ToMaildir>(&transport);
  return fmt::format("{}maildir:{}", kLocal, maildir ? maildir->root : "");
}

bool stays_here(const addressing::Transport* transport) {
  return transport && !std::holds_alternative<addressing::ToHost>(*transport);
}

/// What takes the place of MX and routes: the operator's next hop for this letter, or the domain's fixed host.
std::optional<settings::Route> route_over(const queue::NextHop& next_hop, const addressing::Transport* transport) {
  if (!next_hop.rerouted.empty()) {
    // Checked when the operator said it.
    auto route = settings::parse_next_hop(next_hop.rerouted, {});
    return route ? std::optional(*route) : std::nullopt;
  }
  if (!transport) return std::nullopt;
  const auto* host = std::get_if<addressing::ToHost>(transport);
  if (!host) return std::nullopt;
  settings::Route route;
  route.next_hop = host->host;
  route.mx_lookup = false;
  route.port = host->port;
  return route;
}

/// What sessions cost: handshakes are dear, letters over an open session are not.
void count_sessions(const outbound::DeliveryRecord& record, observe::Metrics& metrics) {
  for (const auto& attempt : record.attempts) {
    if (attempt.shared_session) {
      metrics.add(observe::Counter::SessionsReused);
    } else if (attempt.evidence && attempt.evidence->tls) {
      metrics.add(observe::Counter::Handshakes, attempt.evidence->tls->resumed ? "resumed" : "full");
    }
  }
}

queue::RecipientResult local_result(const local::Verdict& verdict) {
  queue::RecipientResult result;
  result.index = verdict.index;
  result.outcome = verdict.outcome;
  result.scope = verdict.site_wide ? queue::Scope::Site : queue::Scope::Recipient;
  result.status = verdict.status;
  result.host = verdict.host;
  result.explanation = verdict.explanation;
  result.reply = verdict.reply;
  result.proof = verdict.host.starts_with("lmtp") ? "LMTP" : "Maildir";
  result.desired = "local";
  result.actual = queue::Security::Local;
  result.final_delivery = true;
  return result;
}

}  // namespace

Awaitable<queue::Route> MailCourier::find_route(queue::NextHop next_hop) {
  const auto directory = directory_();
  const auto* transport = directory->transport_of(next_hop.destination);
  if (next_hop.rerouted.empty() && stays_here(transport)) {
    co_return queue::Route{local_site(*transport), std::chrono::steady_clock::now() + kLocalRoute};
  }
  const auto plan = co_await outbound_.plan(next_hop.destination, route_over(next_hop, transport), false);
  co_return queue::Route{plan->site, plan->valid_until};
}

Awaitable<queue::AttemptResult> MailCourier::deliver(queue::Job job) {
  if (job.site.starts_with(kLocal)) co_return co_await deliver_here(std::move(job));
  co_return co_await deliver_outward(std::move(job));
}

Awaitable<queue::AttemptResult> MailCourier::deliver_here(queue::Job job) {
  const auto directory = directory_();
  const auto& envelope = *job.envelope;
  // The settings may have changed since the route was found: each recipient goes where it belongs now.
  std::map<std::string, local::LocalJob> jobs;
  queue::AttemptResult result;
  for (const auto& recipient : job.recipients) {
    const Mailbox& mailbox = envelope.recipients.at(recipient.index).mailbox;
    const auto* transport = directory->transport(mailbox);
    if (!stays_here(transport)) {
      queue::RecipientResult moved;
      moved.index = recipient.index;
      moved.scope = queue::Scope::Destination;
      moved.status = {4, 3, 5};
      moved.explanation = "the domain is not delivered here any more; the next attempt looks for its new way";
      result.recipients.push_back(std::move(moved));
      continue;
    }
    auto& local = jobs[local_site(*transport)];
    local.transport = *transport;
    local.recipients.push_back({recipient.index, directory->user_of(mailbox)});
  }
  for (auto& [site, local] : jobs) {
    local.id = job.letter;
    local.envelope = envelope;
    local.open = job.open;
    const auto verdicts = co_await local_.deliver(std::move(local));
    for (const auto& verdict : verdicts) result.recipients.push_back(local_result(verdict));
    result.records.push_back(local_line(envelope, verdicts, clock_.now()));
  }
  co_return result;
}

Awaitable<queue::AttemptResult> MailCourier::deliver_outward(queue::Job job) {
  const auto& envelope = *job.envelope;
  const auto has_other_sender = [&envelope](const queue::JobRecipient& recipient) {
    return envelope.forward_from.has_value() && envelope.recipients.at(recipient.index).forwarded;
  };
  // One transaction has one reverse-path, so those who get it from us and those whom we forward it to are told apart.
  queue::Job forwarded = job;
  std::erase_if(forwarded.recipients, std::not_fn(has_other_sender));
  std::erase_if(job.recipients, has_other_sender);
  queue::AttemptResult result;
  if (!job.recipients.empty()) co_await send(job, job.envelope->from, result);
  if (!forwarded.recipients.empty()) co_await send(forwarded, job.envelope->forward_from, result);
  co_return result;
}

Awaitable<void> MailCourier::send(const queue::Job& job, ReversePath from, queue::AttemptResult& result) {
  const auto directory = directory_();
  const auto& envelope = *job.envelope;

  outbound::Letter letter;
  letter.from = std::move(from);
  letter.facts.wire_size = envelope.size;
  letter.facts.eight_bit = envelope.eight_bit;
  letter.facts.utf8_headers = envelope.utf8_headers;
  letter.facts.tls_required_no = envelope.tls_required_no;
  letter.facts.message_id = envelope.message_id;
  letter.open = job.open;
  letter.requiretls = envelope.requiretls;
  letter.only_if_verified = envelope.only_if_verified;
  letter.dsn = {envelope.envelope_id, envelope.ret, ""};

  std::vector<outbound::Outbound::Way> ways;
  for (const auto& recipient : job.recipients) {
    const auto& asked = envelope.recipients.at(recipient.index);
    letter.recipients.push_back(asked.mailbox);
    letter.recipient_dsn.push_back({asked.notify, asked.original});
    const MailDestination& destination = asked.mailbox.destination();
    const auto known =
        std::ranges::find_if(ways, [&](const auto& way) { return way.plan->destination == destination; });
    if (known != ways.end()) {
      known->memory.must_have_tls |= recipient.must_have_tls;
      continue;
    }
    auto route = route_over({destination, job.rerouted}, directory->transport_of(destination));
    auto plan = co_await outbound_.plan(destination, std::move(route), job.fresh);
    ways.push_back({std::move(plan), {recipient.must_have_tls}});
  }

  for (const auto& record : co_await outbound_.deliver(std::move(letter), std::move(ways), Deadline::in(kLetterTime))) {
    for (auto& one : results_of(record)) {
      one.index = job.recipients.at(one.index).index;
      result.recipients.push_back(std::move(one));
    }
    count_sessions(record, metrics_);
    result.records.push_back(outbound::to_json(record));
  }
}

}  // namespace postseal::dispatch
