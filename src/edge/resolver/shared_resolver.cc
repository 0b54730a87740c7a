// SPDX-License-Identifier: Apache-2.0
#include "edge/resolver/shared_resolver.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace postseal::resolver {

namespace asio = boost::asio;

namespace {

/// About what it takes to keep it.
std::size_t octets_of(const dns::RawAnswer& answer) {
  std::size_t octets = sizeof(answer) + answer.question.ascii().size() + answer.canonical.ascii().size();
  for (const Bytes& record : answer.records) octets += sizeof(Bytes) + record.size();
  return octets;
}

}  // namespace

SharedResolver::SharedResolver(dns::Resolver& resolver, asio::any_io_executor executor)
    : resolver_(resolver), executor_(std::move(executor)) {}

Awaitable<dns::RawAnswer> SharedResolver::lookup(Domain name, dns::RecordType type, Deadline deadline) {
  if (auto answer = known(name, type)) co_return std::move(*answer);
  auto answer = co_await asio::co_spawn(executor_, resolver_.lookup(name, type, deadline), asio::use_awaitable);
  keep({std::move(name), type}, answer);
  co_return answer;
}

std::optional<dns::RawAnswer> SharedResolver::known(const Domain& name, dns::RecordType type) {
  const Question question{name, type};
  Shelf& shelf = shelf_of(question);
  const std::lock_guard lock(shelf.mutex);
  const auto found = shelf.places.find(question);
  const auto now = std::chrono::steady_clock::now();
  if (found == shelf.places.end() || now >= found->second->until) return std::nullopt;
  std::optional answer = found->second->answer;
  answer->ttl = std::chrono::ceil<Seconds>(found->second->until - now);
  return answer;
}

void SharedResolver::keep(Question question, const dns::RawAnswer& answer) {
  // What nobody could find out is asked again: unknown is not remembered as anything.
  if (answer.unknown() || answer.ttl <= Seconds{0}) return;
  const std::size_t octets = octets_of(answer);
  if (octets > kLargestAnswer) return;
  Shelf& shelf = shelf_of(question);
  const auto until = std::chrono::steady_clock::now() + std::min(answer.ttl, kLongest);
  const std::lock_guard lock(shelf.mutex);
  if (const auto before = shelf.places.find(question); before != shelf.places.end()) shelf.forget(before->second);
  while (!shelf.known.empty() &&
         (shelf.known.size() >= kMostAnswers / kShelves || shelf.octets + octets > kMostOctets / kShelves)) {
    shelf.forget(shelf.known.begin());
  }
  shelf.known.push_back({question, answer, until, octets});
  shelf.places.emplace(std::move(question), std::prev(shelf.known.end()));
  shelf.octets += octets;
}

void SharedResolver::Shelf::forget(std::list<Known>::iterator place) {
  octets -= place->octets;
  places.erase(place->question);
  known.erase(place);
}

SharedResolver::Size SharedResolver::size() const {
  Size all;
  for (const Shelf& shelf : shelves_) {
    const std::lock_guard lock(shelf.mutex);
    all.answers += shelf.known.size();
    all.octets += shelf.octets;
  }
  return all;
}

}  // namespace postseal::resolver
