// SPDX-License-Identifier: Apache-2.0
// rooms: lab flow/outbound vocab
// Verified sends per second to a lab sink on loopback: signed DNS validated here (cached after the first), DANE-EE 3 1
// 1, a 4 KiB letter. Client on one core, the lab's servers on another. bench/verified_sends.sh puts the figures beside
// what `openssl speed` gives for the handshake's primitives in the same run.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "flow/outbound/adapters.h"
#include "lab/letter.h"
#include "lab/standing_world.h"
#include "vocab/await_all.h"

namespace postseal {
namespace {

constexpr std::size_t kAtOnce = 16;

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "verified_sends_bench: %s\n", what.c_str());
  std::exit(1);
}

/// A world with one honest domain, and the adapters of somebody who lives in it.
struct Site {
  std::filesystem::path folder;
  std::unique_ptr<lab::StandingWorld> world;
  boost::asio::io_context io{1};
  std::unique_ptr<outbound::Adapters> adapters;
  std::string letter;

  Site() {
    std::string name = (std::filesystem::temp_directory_path() / "postseal-bench-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    auto parsed = lab::parse_world(
        "name = \"bench\"\n[[case]]\nname = \"one\"\ndomain = \"one.test\"\ntlsa = [\"3 1 1\"]\n", "bench");
    const auto ports = lab::free_high_ports();
    if (!parsed || !ports) give_up("the world cannot be set up");
    auto standing = lab::StandingWorld::bring_up(std::move(*parsed), {folder, "bench.toml", *ports});
    if (!standing) give_up(standing.error());
    world = std::move(*standing);
    settings::Settings settings;
    world->apply(settings);
    settings.delivery.timeout = std::chrono::seconds(60);
    auto made = outbound::Adapters::create(settings, io.get_executor(), [](const std::string&) {});
    if (!made) give_up(made.error());
    adapters = std::move(*made);
    letter = "From: a@sender.test\r\nTo: user@one.test\r\nSubject: bench\r\n\r\n";
    while (letter.size() < 4096) letter += "Sixty-four octets of text that say nothing, as most letters do.\r\n";
  }
  ~Site() {
    adapters.reset();
    world.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  outbound::Services services(tls::ClientContext& tls) {
    auto services = adapters->services();
    return {services.resolver, services.fetcher, services.cache, services.trust, tls, services.clock};
  }

  Awaitable<std::size_t> send(outbound::Outbound& out) {
    outbound::Letter mail;
    mail.from = Mailbox::parse("a@sender.test").value();
    mail.recipients = {Mailbox::parse("user@one.test").value()};
    mail.facts.wire_size = letter.size();
    mail.open = [this] { return std::make_unique<lab::LetterSource>(letter); };
    const auto records = co_await out.send(std::move(mail));
    const auto& verdict = records.at(0).recipients.at(0);
    if (verdict.proof_name != "DANE-EE 3 1 1") give_up(verdict.explanation);
    co_return 1;
  }

  Awaitable<std::size_t> send_in_new_session(tls::ClientContext* tls) {
    outbound::Outbound out(services(*tls), adapters->settings());
    const std::size_t sent = co_await send(out);
    co_await out.close();
    co_return sent;
  }

  /// Everything at once, to the end.
  void run(std::vector<Awaitable<std::size_t>> tasks) {
    io.restart();
    boost::asio::co_spawn(io, await_all(std::move(tasks)), [this](std::exception_ptr bug, auto) {
      if (bug) std::rethrow_exception(bug);
      io.stop();
    });
    io.run();
  }
};

Site& site() {
  static Site instance;
  return instance;
}

/// full: every session makes a full handshake, since no context has a ticket.
void new_sessions(benchmark::State& state, bool full) {
  Site& here = site();
  std::vector<std::unique_ptr<tls::ClientContext>> contexts;
  const auto add_context = [&] {
    const auto services = here.adapters->services();
    contexts.push_back(std::make_unique<tls::ClientContext>(services.trust, services.clock));
    return contexts.back().get();
  };
  for (std::size_t i = 0; i < kAtOnce; ++i) add_context();
  for (auto _ : state) {
    if (full) {
      state.PauseTiming();
      contexts.clear();
      for (std::size_t i = 0; i < kAtOnce; ++i) add_context();
      state.ResumeTiming();
    }
    std::vector<Awaitable<std::size_t>> tasks;
    for (auto& context : contexts) tasks.push_back(here.send_in_new_session(context.get()));
    here.run(std::move(tasks));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kAtOnce));
}

void full_handshake_each(benchmark::State& state) { new_sessions(state, true); }
BENCHMARK(full_handshake_each)->UseRealTime()->MinTime(3);
void resumed_session_each(benchmark::State& state) { new_sessions(state, false); }
BENCHMARK(resumed_session_each)->UseRealTime()->MinTime(3);

void shared_sessions(benchmark::State& state) {
  Site& here = site();
  tls::ClientContext context(here.adapters->services().trust, here.adapters->services().clock);
  std::vector<std::unique_ptr<outbound::Outbound>> senders;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    senders.push_back(std::make_unique<outbound::Outbound>(here.services(context), here.adapters->settings()));
  }
  for (auto _ : state) {
    std::vector<Awaitable<std::size_t>> tasks;
    for (auto& sender : senders) tasks.push_back(here.send(*sender));
    here.run(std::move(tasks));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kAtOnce));
}
BENCHMARK(shared_sessions)->UseRealTime()->MinTime(3);

}  // namespace
}  // namespace postseal
