// SPDX-License-Identifier: Apache-2.0
// Against a signed DNS of its own on loopback (tests/signed_zones.h): real name server, real signatures.
#include "edge/resolver/resolver.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fstream>
#include <optional>
#include <thread>

#include "tests/signed_zones.h"

namespace postseal::resolver {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using dns::AnswerState;
using dns::Failure;
using dns::RecordType;

Domain name(const std::string& text) { return *Domain::parse_dns(text); }
const IpAddress kLoopback = IpAddress::v4({127, 0, 0, 1});

/// Bound and silent: a name server that is dead.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() { ::close(socket_); }
  ServerAddress address() const { return {kLoopback, port_}; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

class ResolverTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { zones_ = new tests::SignedZones(); }
  static void TearDownTestSuite() {
    delete zones_;
    zones_ = nullptr;
  }

  ResolverConfig config() const {
    ResolverConfig config;
    config.root = ServerAddress{kLoopback, zones_->port()};
    config.trust_anchor = zones_->trust_anchor();
    config.lab = true;
    return config;
  }

  void use(ResolverConfig config) {
    resolver_.reset();
    auto made = UnboundResolver::create(std::move(config), io_.get_executor());
    ASSERT_TRUE(made.has_value()) << made.error();
    resolver_ = std::move(*made);
  }

  dns::RawAnswer ask(const std::string& question, RecordType type, std::chrono::milliseconds patience = 10s) {
    dns::RawAnswer answer;
    asio::co_spawn(io_, resolver_->lookup(name(question), type, Deadline::in(patience)),
                   [&](std::exception_ptr error, dns::RawAnswer got) {
                     EXPECT_FALSE(error);
                     answer = std::move(got);
                   });
    io_.restart();
    io_.run();
    return answer;
  }

  static tests::SignedZones* zones_;
  asio::io_context io_;
  std::unique_ptr<UnboundResolver> resolver_;
};

tests::SignedZones* ResolverTest::zones_ = nullptr;

TEST_F(ResolverTest, every_state_of_dns_arrives_as_itself) {
  use(config());
  struct Row {
    const char* name;
    RecordType type;
    AnswerState state;
    bool secure;
    const char* canonical;
    const char* row;
  };
  for (const Row& row : {
           Row{"mx.test", RecordType::A, AnswerState::Found, true, "mx.test", "D01"},
           Row{"mx.test", RecordType::AAAA, AnswerState::Found, true, "mx.test", "D01"},
           Row{"test", RecordType::MX, AnswerState::Found, true, "test", "D01"},
           Row{"_25._tcp.mx.test", RecordType::TLSA, AnswerState::Found, true, "_25._tcp.mx.test", "D01"},
           Row{"mx.test", RecordType::TXT, AnswerState::NoData, true, "mx.test", "D06"},
           Row{"missing.test", RecordType::A, AnswerState::NxDomain, true, "missing.test", "D06"},
           Row{"alias.test", RecordType::A, AnswerState::Found, true, "mx.test", "D32"},
           Row{"alias.test", RecordType::CNAME, AnswerState::Found, true, "alias.test", "D33"},
           Row{"alias.test", RecordType::TXT, AnswerState::NoData, true, "mx.test", "D32"},
           Row{"nowhere.test", RecordType::A, AnswerState::NxDomain, true, "missing.test", "D32"},
           Row{"_25._tcp.alias.test", RecordType::TLSA, AnswerState::Found, true, "_25._tcp.mx.test", "D36"},
           Row{"mx.tree.test", RecordType::A, AnswerState::Found, true, "mx.forest.test", "D37"},
           Row{"any.wild.test", RecordType::A, AnswerState::Found, true, "any.wild.test", "a wildcard"},
           Row{"host.unsigned.test", RecordType::A, AnswerState::Found, false, "host.unsigned.test", "D29"},
           Row{"_25._tcp.host.unsigned.test", RecordType::TLSA, AnswerState::Found, false,
               "_25._tcp.host.unsigned.test", "D05"},
           Row{"missing.unsigned.test", RecordType::TLSA, AnswerState::NxDomain, false, "missing.unsigned.test", "D07"},
           Row{"host.unsigned.test", RecordType::TXT, AnswerState::NoData, false, "host.unsigned.test", "D07"},
           Row{"outward.test", RecordType::A, AnswerState::Found, false, "host.unsigned.test", "D33"},
           Row{"outward.test", RecordType::CNAME, AnswerState::Found, true, "outward.test", "D33"},
           Row{"into.unsigned.test", RecordType::A, AnswerState::Found, false, "mx.test", "D34"},
           Row{"into.unsigned.test", RecordType::CNAME, AnswerState::Found, false, "into.unsigned.test", "D34"},
           Row{"host.nsec3.test", RecordType::A, AnswerState::Found, true, "host.nsec3.test", "NSEC3"},
           Row{"missing.nsec3.test", RecordType::A, AnswerState::NxDomain, true, "missing.nsec3.test", "NSEC3"},
           Row{"host.nsec3.test", RecordType::TXT, AnswerState::NoData, true, "host.nsec3.test", "NSEC3"},
       }) {
    const auto answer = ask(row.name, row.type);
    const std::string what = std::string(row.name) + " " + std::string(to_string(row.type)) + " " + row.row;
    EXPECT_EQ(to_string(answer.state), to_string(row.state)) << what << ": " << answer.why;
    EXPECT_EQ(answer.secure, row.secure) << what;
    EXPECT_EQ(answer.question.ascii(), row.name) << what;
    EXPECT_EQ(answer.canonical.ascii(), row.canonical) << what;
    EXPECT_EQ(answer.records.empty(), row.state != AnswerState::Found) << what;
    EXPECT_TRUE(answer.why.empty()) << what << answer.why;
    EXPECT_LE(answer.ttl, Seconds{300}) << what;
    if (answer.found()) EXPECT_GT(answer.ttl, Seconds{0}) << what;
  }
}

TEST_F(ResolverTest, D27_A07_forged_records_are_bogus_and_never_shown) {
  use(config());
  for (int twice = 0; twice < 2; ++twice) {  // the second answer comes from the cache
    const auto answer = ask("host.bogus.test", RecordType::A);
    EXPECT_EQ(answer.state, AnswerState::Bogus);
    EXPECT_FALSE(answer.secure);
    EXPECT_TRUE(answer.records.empty());
    EXPECT_NE(answer.why.find("host.bogus.test"), std::string::npos) << answer.why;
  }
  EXPECT_TRUE(ask("bogus.test", RecordType::MX).secure) << "only the changed record is bogus";
}

TEST_F(ResolverTest, A34_expired_signatures_are_bogus_and_say_so) {
  use(config());
  const auto answer = ask("host.expired.test", RecordType::A);
  EXPECT_EQ(answer.state, AnswerState::Bogus);
  EXPECT_NE(answer.why.find("expired"), std::string::npos) << answer.why;
  EXPECT_EQ(ask("missing.expired.test", RecordType::A).state, AnswerState::Bogus) << "denial expires as well";
}

TEST_F(ResolverTest, A34_another_trust_anchor_makes_everything_bogus) {
  auto wrong = config();
  wrong.trust_anchor = zones_->wrong_anchor();
  use(wrong);
  EXPECT_EQ(ask("mx.test", RecordType::A).state, AnswerState::Bogus);
  EXPECT_EQ(ask("host.unsigned.test", RecordType::A).state, AnswerState::Bogus);
}

TEST_F(ResolverTest, without_a_trust_anchor_nothing_is_secure_and_nothing_is_bogus) {
  auto none = config();
  none.trust_anchor = "none";
  use(none);
  for (const char* host : {"mx.test", "host.unsigned.test", "host.bogus.test", "host.expired.test"}) {
    const auto answer = ask(host, RecordType::A);
    EXPECT_EQ(answer.state, AnswerState::Found) << host;
    EXPECT_FALSE(answer.secure) << host;
  }
}

TEST_F(ResolverTest, D36_an_alias_loop_is_a_failure) {
  use(config());
  const auto answer = ask("loop.test", RecordType::A);
  EXPECT_EQ(answer.state, AnswerState::Failed) << to_string(answer.state);
  EXPECT_FALSE(answer.why.empty());
}

TEST_F(ResolverTest, an_alias_of_an_unprintable_name_is_malformed) {
  use(config());
  const auto answer = ask("odd.test", RecordType::A);
  EXPECT_EQ(answer.state, AnswerState::Failed);
  EXPECT_EQ(answer.failure, Failure::Malformed);
}

TEST_F(ResolverTest, D49_D50_answers_too_large_for_udp_arrive_whole) {
  use(config());
  const auto tlsa = ask("_25._tcp.many.test", RecordType::TLSA);
  EXPECT_TRUE(tlsa.secure);
  EXPECT_EQ(tlsa.records.size(), 150u);
  EXPECT_EQ(dns::parse_txt(ask("large.test", RecordType::TXT)).records.size(), 20u);
}

TEST_F(ResolverTest, D08_a_dead_server_costs_its_own_question_one_deadline_and_nobody_else) {
  SilentServer silent;
  auto with_dead = config();
  with_dead.stubs = {{name("dead.test"), silent.address()}};
  use(with_dead);
  const auto start = std::chrono::steady_clock::now();
  std::optional<dns::RawAnswer> dead;
  std::chrono::steady_clock::duration others{};
  asio::co_spawn(io_, resolver_->lookup(name("host.dead.test"), RecordType::A, Deadline::in(400ms)),
                 [&](std::exception_ptr, dns::RawAnswer got) { dead = std::move(got); });
  for (const char* host : {"mx.test", "missing.test", "host.unsigned.test"}) {
    asio::co_spawn(io_, resolver_->lookup(name(host), RecordType::A, Deadline::in(5s)),
                   [&](std::exception_ptr, const dns::RawAnswer& got) {
                     EXPECT_FALSE(got.unknown());
                     EXPECT_FALSE(dead.has_value()) << "it waited for the dead server";
                     others = std::chrono::steady_clock::now() - start;
                   });
  }
  io_.run();
  ASSERT_TRUE(dead.has_value());
  EXPECT_EQ(dead->state, AnswerState::Failed);
  EXPECT_EQ(dead->failure, Failure::Timeout);
  EXPECT_LT(others, 400ms);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  EXPECT_TRUE(ask("_25._tcp.mx.test", RecordType::TLSA).secure) << "and the resolver lives on";
}

TEST_F(ResolverTest, two_hundred_questions_to_a_dead_server_do_not_delay_a_living_one) {
  SilentServer silent;
  auto with_dead = config();
  with_dead.stubs = {{name("dead.test"), silent.address()}};
  use(with_dead);
  int failed = 0;
  for (int i = 0; i < 200; ++i) {
    asio::co_spawn(
        io_, resolver_->lookup(name("h" + std::to_string(i) + ".dead.test"), RecordType::A, Deadline::in(600ms)),
        [&](std::exception_ptr, const dns::RawAnswer& got) { failed += got.state == AnswerState::Failed ? 1 : 0; });
  }
  asio::co_spawn(io_, resolver_->lookup(name("mx.test"), RecordType::A, Deadline::in(5s)),
                 [&](std::exception_ptr, const dns::RawAnswer& got) {
                   EXPECT_TRUE(got.secure);
                   EXPECT_EQ(failed, 0);
                 });
  io_.run();
  EXPECT_EQ(failed, 200);
}

TEST_F(ResolverTest, D08_a_closed_port_is_a_failure) {
  auto closed = config();
  closed.root = ServerAddress{kLoopback, tests::free_loopback_port()};
  use(closed);
  const auto answer = ask("mx.test", RecordType::A, 1s);
  EXPECT_EQ(answer.state, AnswerState::Failed);
  EXPECT_FALSE(answer.why.empty());
}

TEST_F(ResolverTest, a_passed_deadline_is_a_timeout_at_once) {
  use(config());
  const auto answer = ask("mx.test", RecordType::A, -1s);
  EXPECT_EQ(answer.failure, Failure::Timeout);
}

TEST_F(ResolverTest, a_cancelled_lookup_ends_at_once_as_cancelled) {
  SilentServer silent;
  auto with_dead = config();
  with_dead.stubs = {{name("dead.test"), silent.address()}};
  use(with_dead);
  asio::cancellation_signal cancel;
  std::optional<dns::RawAnswer> answer;
  asio::co_spawn(io_, resolver_->lookup(name("host.dead.test"), RecordType::A, Deadline::in(30s)),
                 asio::bind_cancellation_slot(
                     cancel.slot(), [&](std::exception_ptr, dns::RawAnswer got) { answer = std::move(got); }));
  asio::post(io_, [&] { cancel.emit(asio::cancellation_type::terminal); });
  const auto start = std::chrono::steady_clock::now();
  io_.run();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->failure, Failure::Cancelled);
}

TEST_F(ResolverTest, an_executor_that_ends_takes_its_lookups_along) {
  SilentServer silent;
  auto with_dead = config();
  with_dead.stubs = {{name("dead.test"), silent.address()}};
  {
    asio::io_context io;
    auto made = UnboundResolver::create(with_dead, io.get_executor());
    ASSERT_TRUE(made.has_value());
    asio::co_spawn(io, (*made)->lookup(name("host.dead.test"), RecordType::A, Deadline::in(30s)), asio::detached);
    io.poll();
    made->reset();
  }
  use(config());
  EXPECT_TRUE(ask("mx.test", RecordType::A).secure);
}

TEST_F(ResolverTest, an_idle_resolver_does_not_keep_its_executor_running) {
  use(config());
  io_.run();
  SUCCEED();
}

TEST_F(ResolverTest, a_resolver_that_it_forwards_to_is_not_believed) {
  // knotd does not resolve for others; as the server of both zones its answers are what a forwarder's would be.
  auto forward = config();
  forward.mode = Mode::Forward;
  forward.server = *forward.root;
  forward.root.reset();
  use(forward);
  EXPECT_TRUE(ask("mx.test", RecordType::A).secure);
  EXPECT_EQ(ask("host.bogus.test", RecordType::A).state, AnswerState::Bogus);
}

// What libunbound keeps in globals is for ThreadSanitizer to see.
TEST_F(ResolverTest, resolvers_come_and_go_on_several_threads_at_once) {
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([config = config(), &made] {
        for (int turn = 0; turn < 5; ++turn) {
          asio::io_context io;
          if (UnboundResolver::create(config, io.get_executor())) ++made;
        }
      });
    }
  }
  EXPECT_EQ(made, 20);
}

TEST_F(ResolverTest, D46_A08_the_ad_bit_from_elsewhere_is_refused) {
  auto trusting = config();
  trusting.mode = Mode::TrustAd;
  trusting.server = ServerAddress{IpAddress::v4({192, 0, 2, 1}), 53};
  const auto made = UnboundResolver::create(trusting, io_.get_executor());
  ASSERT_FALSE(made.has_value());
  EXPECT_NE(made.error().find("192.0.2.1"), std::string::npos) << made.error();
}

TEST_F(ResolverTest, a_mode_without_its_server_is_refused) {
  for (const Mode mode : {Mode::Forward, Mode::TrustAd}) {
    auto lacking = config();
    lacking.mode = mode;
    EXPECT_FALSE(UnboundResolver::create(lacking, io_.get_executor()).has_value());
  }
}

TEST_F(ResolverTest, a_broken_trust_anchor_stops_the_start_with_one_line) {
  const auto write = [&](const char* file, const std::string& text) {
    std::ofstream(zones_->dir() / file) << text;
    return (zones_->dir() / file).string();
  };
  for (const auto& file :
       {std::string("/nonexistent/root.key"), std::string(), zones_->dir().string(), write("empty.key", ""),
        write("comment.key", "; . IN DS 1 2 3 is only a remark\n"), write("text.key", "hello there\n"),
        write("garbled.key", ". IN DS 20326 8 2 not-hex\n"), write("cut.key", ". IN DNSKEY 257 3\n")}) {
    auto broken = config();
    broken.trust_anchor = file;
    const auto made = UnboundResolver::create(broken, io_.get_executor());
    ASSERT_FALSE(made.has_value()) << file;
    EXPECT_NE(made.error().find(file), std::string::npos) << made.error();
    EXPECT_NE(made.error().find("none"), std::string::npos) << "no remedy: " << made.error();
    EXPECT_EQ(made.error().find('\n'), std::string::npos) << made.error();
  }
}

TEST_F(ResolverTest, the_rfc_5011_copy_validates_and_stays) {
  auto kept = config();
  kept.state_dir = (zones_->dir() / "state").string();
  for (int starts = 0; starts < 2; ++starts) {
    use(kept);
    EXPECT_TRUE(ask("mx.test", RecordType::A).secure) << starts;
  }
  resolver_.reset();
  EXPECT_TRUE(std::filesystem::exists(zones_->dir() / "state" / "root.key"));
  // Another configured anchor is not overruled by what was kept for the first.
  kept.trust_anchor = zones_->wrong_anchor();
  use(kept);
  EXPECT_EQ(ask("mx.test", RecordType::A).state, AnswerState::Bogus);
}

}  // namespace
}  // namespace postseal::resolver
