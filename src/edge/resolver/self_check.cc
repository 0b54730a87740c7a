// SPDX-License-Identifier: Apache-2.0
// The start-up self-test: "this machine's DNS cannot do DNSSEC" must not look like "this domain is bogus" (pitfall 13).
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <string>
#include <utility>

#include "edge/resolver/resolver.h"

namespace postseal::resolver {
namespace {

using boost::asio::experimental::awaitable_operators::operator&&;
using dns::RecordType;

// Kept broken on purpose by its owner for exactly this test.
constexpr std::string_view kBogusName = "dnssec-failed.org";
// Its TXT records have not fitted into one UDP answer for many years.
constexpr std::string_view kLargeName = "microsoft.com";
constexpr std::size_t kUdpAnswer = 1232;

constexpr std::string_view kNoNetwork =
    "is the network up, and does a firewall let UDP and TCP port 53 out? If only the provider's resolver may be asked, "
    "set the resolver to forward to it";

Domain named(std::string_view text) { return Domain::parse_dns(text).value_or(Domain{}); }

std::string seen(const dns::RawAnswer& answer) {
  return describe(answer.state, answer.secure, answer.failure) + (answer.why.empty() ? "" : ": " + answer.why);
}

SelfCheckLine reachable(const dns::RawAnswer& answer) {
  SelfCheckLine line{answer.found(), "name servers answer", ""};
  if (line.good) {
    line.result = "the root zone has " + std::to_string(answer.records.size()) + " name servers";
  } else if (answer.state == dns::AnswerState::Bogus) {
    line.result = seen(answer) + "; see the line about the root's keys";
  } else {
    line.result = seen(answer) + "; " + std::string(kNoNetwork);
  }
  return line;
}

SelfCheckLine keys_validate(const dns::RawAnswer& answer) {
  SelfCheckLine line{answer.found() && answer.secure, "root DNSKEY is secure", ""};
  if (line.good) {
    line.result = "the root's keys validate with the trust anchor";
  } else if (answer.state == dns::AnswerState::Bogus) {
    line.result = seen(answer) +
                  "; either something between here and the root strips or changes signatures (a forwarder without"
                  " DNSSEC, a middlebox), or the trust anchor is out of date (update dns-root-data), or this machine's"
                  " clock is wrong";
  } else if (answer.unknown()) {
    line.result = seen(answer) + "; " + std::string(kNoNetwork);
  } else {
    line.result = seen(answer) + "; the trust anchor is not one of the root, so no answer will count as secure";
  }
  return line;
}

SelfCheckLine forgery_is_noticed(const dns::RawAnswer& answer) {
  SelfCheckLine line{answer.state == dns::AnswerState::Bogus, std::string(kBogusName) + " is bogus", ""};
  if (line.good) {
    line.result = "a domain with a broken signature is noticed";
  } else if (answer.found()) {
    line.result = seen(answer) + "; broken signatures pass unnoticed: check that a trust anchor is set";
  } else if (answer.unknown()) {
    line.result = seen(answer) +
                  "; that a forgery is noticed could not be shown: a resolver in front of this one may hide bogus"
                  " answers (then iterate instead of forwarding), or the network is down";
  } else {
    line.result =
        seen(answer) + "; a resolver in front of this one answers in its place: iterate instead of forwarding";
  }
  return line;
}

SelfCheckLine large_arrives(const dns::RawAnswer& answer) {
  SelfCheckLine line{false, "large answers arrive over TCP", ""};
  std::size_t bytes = 0;
  for (const Bytes& rdata : answer.records) bytes += rdata.size();
  if (answer.found() && bytes > kUdpAnswer) {
    line.good = true;
    line.result = std::to_string(bytes) + " bytes of TXT records of " + std::string(kLargeName);
  } else if (answer.found()) {
    line.result =
        "the answer was too small (" + std::to_string(bytes) + " bytes) to show it: something shortens answers";
  } else {
    line.result = seen(answer) + "; a firewall may block TCP port 53, which large TLSA and TXT answers need";
  }
  return line;
}

}  // namespace

Awaitable<std::vector<SelfCheckLine>> self_check(dns::Resolver& resolver, bool anchors, Deadline deadline) {
  // All at once: without a network each of them would wait for the deadline.
  auto [servers, keys, forged, large] = co_await (resolver.lookup(Domain{}, RecordType::NS, deadline) &&
                                                  resolver.lookup(Domain{}, RecordType::DNSKEY, deadline) &&
                                                  resolver.lookup(named(kBogusName), RecordType::A, deadline) &&
                                                  resolver.lookup(named(kLargeName), RecordType::TXT, deadline));
  std::vector<SelfCheckLine> lines;
  lines.push_back(reachable(servers));
  if (anchors) {
    lines.push_back(keys_validate(keys));
    lines.push_back(forgery_is_noticed(forged));
  } else {
    lines.push_back({false, "DNSSEC is validated",
                     "no trust anchor is set: nothing counts as secure and DANE never applies; set one such as"
                     " /usr/share/dns/root.key"});
  }
  lines.push_back(large_arrives(large));
  co_return lines;
}

}  // namespace postseal::resolver
