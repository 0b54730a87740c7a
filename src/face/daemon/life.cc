// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/life.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "edge/privileges/privileges.h"
#include "flow/sign/rotation.h"
#include "vocab/await_all.h"

namespace postseal::daemon {

namespace asio = boost::asio;
using observe::Level;

namespace {

/// A connection that waits for its next letter costs the other side a place.
constexpr Seconds kIdleSession{10};
constexpr Seconds kHousekeeping{2};
/// A record that was published waits for an hour by default: a few minutes more or less do not matter.
constexpr Seconds kKeyRound{120};
constexpr Seconds kKeyLookups{30};

}  // namespace

// Signals are ours before anybody is told that we are ready: SIGHUP would end us.
Life::Life(Parts& parts)
    : parts_(parts), signals_(parts.main, SIGTERM, SIGINT, SIGHUP), house_timer_(parts.main), keys_timer_(parts.main) {}

void Life::live() {
  start_threads();
  asio::co_spawn(parts_.main, watch_signals(), asio::detached);
  asio::co_spawn(parts_.main, keep_house(), asio::detached);
  asio::co_spawn(parts_.main, look_after_keys(), asio::detached);
  parts_.queue->start();
  privileges::notify("READY=1");
  parts_.log.write(Level::Info, "ready",
                   {{"hostname", std::string_view(parts_.settings().delivery.hostname)},
                    {"queued", static_cast<std::int64_t>(parts_.store->size().letters)}});
  parts_.loops.run(parts_.main);
  parts_.end_threads();
}

void Life::start_threads() {
  parts_.lookups.thread = std::thread([&context = parts_.lookups.context] {
    const auto work = asio::make_work_guard(context);
    context.run();
  });
  for (auto& thread : parts_.threads) {
    for (auto& door : thread.doors) {
      asio::co_spawn(thread.context, thread.inbound->serve(std::move(door.listener), door.role), asio::detached);
    }
    thread.thread = std::thread([this, &context = thread.context] {
      const auto work = asio::make_work_guard(context);
      parts_.loops.run(context);
    });
  }
}

Awaitable<void> Life::watch_signals() {
  while (true) {
    const auto [error, signal] = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    if (signal == SIGHUP) {
      reload();
      continue;
    }
    break;
  }
  asio::co_spawn(parts_.main, insist(), asio::detached);
  co_await end();
}

/// A second signal does not wait for anybody.
Awaitable<void> Life::insist() {
  asio::signal_set signals(parts_.main, SIGTERM, SIGINT);
  const auto [error, signal] = co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!error) parts_.main.stop();
}

/// SIGHUP: new sessions and attempts see the new values, nobody is disconnected. What cannot be read leaves
/// everything as it was.
void Life::reload() {
  privileges::notify_reloading();
  auto loaded = parts_.start.load_again();
  if (!loaded) {
    parts_.log.write(Level::Error, "reload",
                     {{"what", std::string_view(loaded.error().to_string())},
                      {"result", std::string_view("kept the old settings")}});
  } else {
    take_over(std::move(*loaded));
  }
  privileges::notify("READY=1");
}

void Life::take_over(settings::Settings fresh) {
  auto certificate = load_certificate(fresh.server, parts_.tickets);
  if (!certificate) {
    parts_.log.write(
        Level::Error, "reload",
        {{"what", std::string_view(certificate.error())}, {"result", std::string_view("kept the old certificate")}});
  } else {
    parts_.certificate.set(*certificate);
  }
  // What is bound, opened or built once stays until the next start.
  fresh.listeners = parts_.settings().listeners;
  if (fresh.delivery.hostname.empty()) fresh.delivery.hostname = parts_.settings().delivery.hostname;
  fresh.store = parts_.settings().store;
  fresh.admin = parts_.settings().admin;
  fresh.cache_dir = parts_.settings().cache_dir;
  parts_.settings() = std::move(fresh);
  parts_.log.set_level(level_of(parts_.settings().log.level));
  parts_.rules.set(std::make_shared<const inbound::Rules>(rules_of(parts_.settings())));
  if (auto done = parts_.load_directory(); !done) parts_.warn("reload", done.error());
  parts_.load_keys();
  parts_.adapters->reload(parts_.settings());
  parts_.outbound->forget_plans();
  parts_.queue->apply(parts_.settings().queue);
  parts_.log.write(Level::Info, "reload", {{"result", std::string_view("new settings are in force")}});
}

/// What has to be done now and then.
Awaitable<void> Life::keep_house() {
  while (!parts_.stopping) {
    co_await sleep(kHousekeeping);
    if (parts_.stopping) break;
    co_await parts_.outbound->end_idle_sessions(kIdleSession);
    const auto size = parts_.store->size();
    parts_.metrics.set(observe::Gauge::StoreBytesLive, static_cast<double>(size.bytes_live));
    parts_.metrics.set(observe::Gauge::StoreBytesOnDisk, static_cast<double>(size.bytes_on_disk));
    if (parts_.accounts_changed()) {
      if (auto done = parts_.load_directory(); !done) parts_.warn("addresses", done.error());
    }
    if (parts_.keys_changed()) parts_.load_keys();
  }
}

/// Keys that wait for their record sign when DNS shows it; what has retired goes.
Awaitable<void> Life::look_after_keys() {
  while (!parts_.stopping) {
    const auto& signing = parts_.settings().signing;
    const dkim_keys::Periods periods{signing.publish_first, signing.keep_retired};
    const auto rotation = co_await sign::look_after(*parts_.key_directory, parts_.adapters->resolver(), periods,
                                                    parts_.clock.now(), Deadline::in(kKeyLookups));
    for (const auto& line : rotation.lines) parts_.log.write(Level::Info, "keys", {{"what", line}});
    if (rotation.changed) parts_.load_keys();
    if (parts_.stopping) break;
    keys_timer_.expires_after(kKeyRound);
    co_await keys_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

Awaitable<void> Life::sleep(Seconds time) {
  house_timer_.expires_after(time);
  co_await house_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

Awaitable<void> Life::end() {
  privileges::notify("STOPPING=1");
  parts_.log.write(Level::Info, "ending", {{"sessions", static_cast<std::int64_t>(parts_.gate.inside())}});
  parts_.stopping = true;
  house_timer_.cancel();
  keys_timer_.cancel();
  const Deadline until = Deadline::in(parts_.settings().server.graceful_stop);
  // At once: else attempts would begin while clients take their time, only to be cut when the grace is over, and
  // their letters would go twice. What is accepted meanwhile is on stable storage and goes after the next start.
  std::vector<Awaitable<bool>> farewells;
  farewells.push_back(stop_queue(until));
  for (auto& thread : parts_.threads) farewells.push_back(stop_sessions(thread, until));
  co_await await_all(std::move(farewells));
  co_await parts_.outbound->close();
  co_await parts_.local->close();
  if (parts_.watchers) co_await parts_.watchers->finish();
  if (parts_.admin) co_await parts_.admin->finish();
  parts_.main.stop();
}

Awaitable<bool> Life::stop_queue(Deadline until) {
  co_await parts_.queue->stop(until);
  co_return true;
}

Awaitable<bool> Life::stop_sessions(SessionThread& thread, Deadline until) {
  co_await asio::co_spawn(thread.context, thread.inbound->stop(until), asio::use_awaitable);
  co_return true;
}

}  // namespace postseal::daemon
