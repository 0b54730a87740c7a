// SPDX-License-Identifier: Apache-2.0
#include "edge/http/policy_fetch.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <optional>

#include "edge/http/transfer.h"

namespace postseal::http {

namespace asio = boost::asio;
using Result = std::expected<std::string, mtasts::FetchError>;

namespace {

constexpr std::chrono::milliseconds kLongest{60000};  // RFC 8461 §3.3: the suggested minute (S15)
constexpr std::size_t kMaxAddresses = 8;

std::unexpected<mtasts::FetchError> failure(std::string reason) {
  return std::unexpected(mtasts::FetchError{tlsrpt::ResultType::StsPolicyFetchError, std::move(reason)});
}

using Flag = std::shared_ptr<std::atomic<bool>>;

/// Where a thread of the pool leaves its result for the coroutine that waits on the timer. Nobody there: timer is null.
struct Pickup {
  std::mutex mutex;
  asio::steady_timer* timer = nullptr;
  std::optional<Result> result;
  std::optional<SteadyTime> begun;
};

/// Whoever stops waiting, also by being destroyed, stops the transfer and is not called any more.
class Waiting {
 public:
  Waiting(std::shared_ptr<Pickup> pickup, Flag stop, asio::steady_timer& timer)
      : pickup_(std::move(pickup)), stop_(std::move(stop)) {
    const std::lock_guard lock(pickup_->mutex);
    pickup_->timer = &timer;
  }
  ~Waiting() {
    *stop_ = true;
    const std::lock_guard lock(pickup_->mutex);
    pickup_->timer = nullptr;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::shared_ptr<Pickup> pickup_;
  Flag stop_;
};

/// Lets the coroutine wait until then, or look at the result at once. REQUIRES: the lock is held.
void wake(const std::shared_ptr<Pickup>& pickup, SteadyTime until) {
  asio::post(pickup->timer->get_executor(), [pickup, until] {
    const std::lock_guard lock(pickup->mutex);
    if (pickup->timer != nullptr) pickup->timer->expires_at(until);
  });
}

/// Runs on a thread of the pool. The time for it begins now.
void transfer_to(const std::shared_ptr<Pickup>& pickup, Transfer transfer, std::chrono::milliseconds time,
                 Deadline deadline) {
  transfer.deadline = Deadline::in(time);
  {
    const std::lock_guard lock(pickup->mutex);
    if (pickup->timer == nullptr) return;
    pickup->begun = std::chrono::steady_clock::now();
    wake(pickup, transfer.deadline.earlier(deadline).at);
  }
  Result result = run_transfer(transfer);
  const std::lock_guard lock(pickup->mutex);
  if (pickup->timer == nullptr) return;
  pickup->result = std::move(result);
  wake(pickup, SteadyTime::min());
}

/// What is known of one kind of address.
std::string describe(const char* type, const dns::Answer<IpAddress>& answer) {
  return std::string(type) + ": " + dns::describe(answer.state, answer.secure, answer.failure) +
         (answer.why.empty() ? "" : " (" + answer.why + ")");
}

/// Where the policy host may be asked: RFC 8461 leaves it to DNS, so special-purpose addresses are refused lest a
/// stranger's record makes us ask our own network.
std::expected<std::vector<IpAddress>, mtasts::FetchError> choose_addresses(const std::string& host,
                                                                           const dns::Answer<IpAddress>& v6,
                                                                           const dns::Answer<IpAddress>& v4,
                                                                           bool allow_private) {
  std::vector<IpAddress> found = v6.records;
  found.insert(found.end(), v4.records.begin(), v4.records.end());
  if (found.empty()) {
    if (v6.unknown() || v4.unknown()) {
      return failure("the addresses of " + host + " could not be looked up: " + describe("AAAA", v6) + ", " +
                     describe("A", v4));
    }
    return failure(host + (v4.state == dns::AnswerState::NxDomain ? " does not exist" : " has no address"));
  }
  const std::string first = found.front().to_string();
  if (!allow_private) std::erase_if(found, [](const IpAddress& address) { return address.is_special_purpose(); });
  if (found.empty()) return failure(host + " has no public address (" + first + "): it is not asked");
  return found;
}

/// The first few, so that both families keep a place.
std::vector<IpAddress> few(const std::vector<IpAddress>& addresses) {
  std::vector<IpAddress> chosen;
  for (const bool v4 : {false, true}) {
    std::size_t taken = 0;
    for (const IpAddress& address : addresses) {
      if (address.is_v4() == v4 && taken++ < kMaxAddresses / 2) chosen.push_back(address);
    }
  }
  return chosen;
}

}  // namespace

struct PolicyFetch::Impl {
  Impl(dns::Resolver& asked, PolicyFetchSettings chosen)
      : resolver(asked), settings(std::move(chosen)), pool(std::max(1U, settings.threads)) {}
  ~Impl() {
    *closing = true;
    pool.stop();
    pool.join();
  }

  dns::Resolver& resolver;
  PolicyFetchSettings settings;
  Flag closing = std::make_shared<std::atomic<bool>>(false);
  asio::thread_pool pool;
};

PolicyFetch::PolicyFetch(dns::Resolver& resolver, PolicyFetchSettings settings)
    : impl_(std::make_unique<Impl>(resolver, std::move(settings))) {}

PolicyFetch::~PolicyFetch() = default;

Awaitable<Result> PolicyFetch::fetch(Domain policy_domain, Deadline deadline) {
  // RFC 8461 §3.2: the policy host is "mta-sts" in front of the policy domain.
  const auto host = policy_domain.prefixed("mta-sts");
  if (!host || !host->is_hostname()) co_return failure("mta-sts." + policy_domain.ascii() + " is no host name");
  const auto time = std::min(impl_->settings.timeout, kLongest);
  const Deadline end = deadline.earlier(Deadline::in(time));

  const auto v6 = dns::parse_addresses(co_await impl_->resolver.lookup(*host, dns::RecordType::AAAA, end));
  const auto v4 = dns::parse_addresses(co_await impl_->resolver.lookup(*host, dns::RecordType::A, end));
  auto addresses = choose_addresses(host->ascii(), v6, v4, impl_->settings.allow_private);
  if (!addresses) co_return std::unexpected(std::move(addresses.error()));

  const auto stop = std::make_shared<std::atomic<bool>>(false);
  const auto pickup = std::make_shared<Pickup>();
  const auto queued = std::chrono::steady_clock::now();
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline.earlier(Deadline::in(time)).at);
  const Waiting waiting(pickup, stop, timer);
  Transfer transfer;
  transfer.host = *host;
  transfer.port = impl_->settings.https_port;
  transfer.addresses = few(*addresses);
  transfer.ca_file = impl_->settings.ca_file;
  transfer.stopped = [stop, closing = impl_->closing] { return *stop || *closing; };
  asio::post(impl_->pool, [pickup, transfer, time, deadline] { transfer_to(pickup, transfer, time, deadline); });
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  do {  // until its time is over: the timer is set anew when the transfer begins, and when it ends
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  } while (timer.expiry() > std::chrono::steady_clock::now() &&
           cancellation.cancelled() == asio::cancellation_type::none);

  const std::lock_guard lock(pickup->mutex);
  if (pickup->result) co_return std::move(*pickup->result);
  auto failed = failure(host->ascii() + " gave no complete answer in time");
  const auto now = std::chrono::steady_clock::now();
  if (!pickup->begun || *pickup->begun - queued > now - *pickup->begun) {
    failed = failure("other policy hosts are waited for: " + host->ascii() + " was not asked in time");
    failed.error().not_asked = true;
  }
  co_return failed;
}

}  // namespace postseal::http
