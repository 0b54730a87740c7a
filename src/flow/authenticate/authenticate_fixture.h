#pragma once
// SPDX-License-Identifier: Apache-2.0
// For this room's tests: a world of DNS names in a table, a key, and letters that are judged in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <string>

#include "flow/authenticate/authentication.h"
#include "protocol/arc/seal.h"
#include "protocol/dkim/sign.h"
#include "tests/certificates.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"

namespace postseal::authenticate {

inline Domain domain(std::string_view text) { return *Domain::parse(text); }
inline IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

inline Awaitable<void> work_here(std::function<void()> work) {
  work();
  co_return;
}

/// example.org publishes SPF for 192.0.2.1, a key at s._domainkey, and p=reject. forwarder.example has a key at f, too.
struct World {
  World() : key(std::make_shared<dkim::SigningKey>(*dkim::SigningKey::generate(dkim::KeyType::Ed25519))) {
    dns.txt("example.org", {{"v=spf1 ip4:192.0.2.1 -all"}});
    dns.txt("_dmarc.example.org", {{"v=DMARC1; p=reject"}});
    dns.txt("s._domainkey.example.org", {{key->record()}});
    dns.txt("f._domainkey.forwarder.example", {{key->record()}});
    rules.hostname = "mx.here.example";
  }

  static Awaitable<std::unique_ptr<const Outcome>> judge_letter(World* world, std::string letter, Client client) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Authentication authentication(world->services, std::make_shared<const Rules>(world->rules), std::move(client),
                                  executor, world->visitor ? world->visitor : std::make_shared<Visitor>());
    for (std::size_t at = 0; at < letter.size(); at += 7) authentication.feed(std::string_view(letter).substr(at, 7));
    co_return co_await authentication.finish(authres::Charset::Ascii);
  }
  Outcome judge(std::string letter) { return *tests::run_coroutine(judge_letter(this, std::move(letter), client)); }

  /// With a DKIM-Signature of the domain in front.
  std::string sign(std::string letter, std::string_view by = "example.org", std::string selector = "s") {
    dkim::SignSettings settings;
    settings.domain = domain(by);
    settings.selector = std::move(selector);
    settings.key = key;
    dkim::Signer signer({settings});
    signer.feed(letter);
    return signer.finish().value() + letter;
  }

  /// Sealed by the domain, which says that these were its results, of this version.
  std::string seal(const std::string& letter, std::string_view by, std::string results, std::string_view version = "") {
    auto pass = std::make_shared<dkim::MessagePass>();
    pass->want(dkim::Canonicalization::Relaxed);
    pass->feed(letter);
    pass->finish();
    const auto chain =
        tests::run_coroutine(arc::verify(pass, dns, work_here, clock.now(), Deadline::in(std::chrono::seconds(5))));
    arc::SealSettings settings{domain(by), "f", key, {}, clock.now()};
    return arc::seal(*pass, chain, std::string(by) + " " + std::string(version) + "; " + results, settings)
               .value()
               .text() +
           letter;
  }

  tests::FakeResolver dns;
  tests::StillClock clock{tests::kNoon};
  std::shared_ptr<const dkim::SigningKey> key;
  Services services{dns, work_here, clock};
  Rules rules;
  std::shared_ptr<Visitor> visitor;  ///< none: each letter comes in a session of its own
  Client client{address("192.0.2.1"), "mx.example.org", "alice@example.org", {}};
};

inline const std::string kLetter =
    "From: Alice <alice@example.org>\r\nTo: bob@here.example\r\nSubject: s\r\n\r\nbody\r\n";

}  // namespace postseal::authenticate
