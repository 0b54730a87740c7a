// SPDX-License-Identifier: Apache-2.0
#include "edge/resolver/shared_resolver.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace postseal::resolver {

namespace asio = boost::asio;

SharedResolver::SharedResolver(dns::Resolver& resolver, asio::any_io_executor executor)
    : resolver_(resolver), executor_(std::move(executor)) {}

Awaitable<dns::RawAnswer> SharedResolver::lookup(Domain name, dns::RecordType type, Deadline deadline) {
  Question question{std::move(name), type};
  {
    Shelf& shelf = shelf_of(question);
    const std::lock_guard lock(shelf.mutex);
    const auto found = shelf.known.find(question);
    const auto now = std::chrono::steady_clock::now();
    if (found != shelf.known.end() && now < found->second.until) {
      auto answer = found->second.answer;
      answer.ttl = std::chrono::ceil<Seconds>(found->second.until - now);
      co_return answer;
    }
  }
  auto answer =
      co_await asio::co_spawn(executor_, resolver_.lookup(question.name, type, deadline), asio::use_awaitable);
  keep(std::move(question), answer);
  co_return answer;
}

void SharedResolver::keep(Question question, const dns::RawAnswer& answer) {
  // What nobody could find out is asked again: unknown is not remembered as anything.
  if (answer.unknown() || answer.ttl <= Seconds{0}) return;
  Shelf& shelf = shelf_of(question);
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(shelf.mutex);
  if (shelf.known.size() >= kMostAnswers / kShelves) {
    std::erase_if(shelf.known, [now](const auto& entry) { return entry.second.until <= now; });
    // A flood of names must not make room by search: whatever comes first goes.
    if (shelf.known.size() >= kMostAnswers / kShelves) shelf.known.erase(shelf.known.begin());
  }
  shelf.known.insert_or_assign(std::move(question), Known{answer, now + std::min(answer.ttl, kLongest)});
}

std::size_t SharedResolver::size() const {
  std::size_t all = 0;
  for (const Shelf& shelf : shelves_) {
    const std::lock_guard lock(shelf.mutex);
    all += shelf.known.size();
  }
  return all;
}

}  // namespace postseal::resolver
