#pragma once
// SPDX-License-Identifier: Apache-2.0
// A whole server around a session, for this room's tests: store in memory, accounts in a temporary directory, a local
// domain; and a client that says lines and expects replies, through a pipe or a socket.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "edge/tls/client.h"
#include "flow/inbound/gate.h"
#include "flow/inbound/session.h"
#include "flow/inbound/surroundings.h"
#include "tests/certificates.h"
#include "tests/fake_resolver.h"
#include "tests/memory_store.h"
#include "tests/pipe_stream.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"

namespace postseal::inbound {

inline IpAddress address(std::string_view text) { return *IpAddress::parse(text); }
inline Mailbox mailbox(std::string_view text) { return *Mailbox::parse(text); }
inline Domain domain(std::string_view text) { return *Domain::parse(text); }
inline Deadline soon() { return Deadline::in(std::chrono::seconds(10)); }

struct World {
  World() {
    std::string name = (std::filesystem::temp_directory_path() / "inbound-XXXXXX").string();
    home = ::mkdtemp(name.data());
    accounts.emplace((home / "accounts").string(), clock, 1);
    rules.hostname = "mx.example.org";
    directory = std::make_shared<addressing::Directory>(
        std::vector<addressing::LocalDomain>{{.name = domain("example.org"), .users = {"alice", "bob", "carol"}}},
        std::vector<addressing::Alias>{
            {.match = "info@example.org", .to = {mailbox("alice@example.org"), mailbox("bob@example.org")}},
            {.match = "away@example.org", .to = {mailbox("alice@elsewhere.test")}},
            {.match = "old@example.org", .to = {mailbox("alice@example.org")}},
            {.match = "ring@example.org", .to = {mailbox("gnir@example.org")}},
            {.match = "gnir@example.org", .to = {mailbox("ring@example.org")}}},
        domain("mx.example.org"));
    const auto certificate = tests::issue({.common_name = "mx.example.org", .dns_names = {"mx.example.org"}});
    tls = std::make_shared<tls::ServerContext>(
        *tls::ServerContext::create(tls::ServerSettings::for_mail({certificate.pem, certificate.key_pem})));
  }
  ~World() {
    accounts.reset();
    std::filesystem::remove_all(home);
  }

  Surroundings around() {
    return {.rules = [this] { return std::make_shared<const Rules>(rules); },
            .directory = [this] { return directory; },
            .tls = [this] { return tls; },
            .store = store,
            .accounts = *accounts,
            .log = log,
            .metrics = metrics,
            .clock = clock,
            .gate = gate,
            .accepted = [this](const spool::QueuedLetter& letter) { told.push_back(letter.id); },
            .authentication = &asked,
            .keys = [this] { return ring; },
            .judged = [this](const spool::QueuedLetter&,
                             const authenticate::Outcome& outcome) { judged.push_back(outcome); }};
  }
  static Awaitable<void> work_here(std::function<void()> work) {
    work();
    co_return;
  }

  std::filesystem::path home;
  tests::StillClock clock{tests::kNoon};
  tests::MemoryStore store;
  std::optional<accounts::Accounts> accounts;
  observe::Log log{observe::LogFormat::Text, observe::Level::Error};
  observe::Metrics metrics;
  Gate gate;
  Rules rules;
  std::shared_ptr<const addressing::Directory> directory;
  std::shared_ptr<const tls::ServerContext> tls;
  std::vector<spool::LetterId> told;  ///< letters that the accepted callback was told of
  tests::FakeResolver dns;
  authenticate::Services asked{dns, work_here, clock};
  std::shared_ptr<const sign::KeyRing> ring;
  std::vector<authenticate::Outcome> judged;
};

/// One turn of the client. "STARTTLS" does the handshake after the 220; "TLS" does it at once.
struct Turn {
  std::string say;     ///< as it is, with its CRLF; empty: only listens
  std::string expect;  ///< codes of the replies that must come, "250 250 354"; "end": the server closes
};

struct Play {
  settings::ListenerRole role = settings::ListenerRole::Relay;
  IpAddress peer = *IpAddress::parse("192.0.2.1");
  tests::PipeSettings pipe{};
};

/// What the server said, and where it went another way than expected.
struct Heard {
  std::string text;
  std::string wrong;
};

class Client {
 public:
  explicit Client(std::unique_ptr<net::Stream> stream) : stream_(std::move(stream)) {}
  /// Closes afterwards, unless told to stay.
  Awaitable<Heard> play(std::vector<Turn> turns, bool then_close = true);
  Awaitable<std::optional<std::string>> reply();

 private:
  Awaitable<bool> secure();

  std::unique_ptr<net::Stream> stream_;
  std::string unread_;
  tls::TrustStore trust_ = tls::TrustStore::empty();
  SystemClock clock_;
  tls::ClientContext tls_{trust_, clock_};
};

/// One session over a pipe.
Heard play(World& world, std::vector<Turn> turns, Play how = {});

/// The base64 of a PLAIN login.
std::string plain_login(std::string_view user, std::string_view password);

}  // namespace postseal::inbound
