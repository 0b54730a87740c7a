// SPDX-License-Identifier: Apache-2.0
// A24: what strangers can make us ask is bounded, ends with them, and never becomes a way around the checks.
#include "flow/authenticate/asking.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "flow/authenticate/authenticate_fixture.h"

namespace postseal::authenticate {
namespace {

using testing::HasSubstr;

/// Answers nothing before it is told to.
class MuteResolver final : public dns::Resolver {
 public:
  MuteResolver(boost::asio::io_context& io, dns::Resolver& behind)
      : behind_(behind), gate_(io, boost::asio::steady_timer::time_point::max()) {}
  Awaitable<dns::RawAnswer> lookup(Domain name, dns::RecordType type, Deadline deadline) override {
    ++asked;
    while (!open_) co_await gate_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return co_await behind_.lookup(std::move(name), type, deadline);
  }
  void open() {
    open_ = true;
    gate_.cancel();
  }
  int asked = 0;

 private:
  dns::Resolver& behind_;
  boost::asio::steady_timer gate_;
  bool open_ = false;
};

struct AskingTest : testing::Test {
  AskingTest() {
    world.dns.txt("example.org", {{"v=spf1 include:a.example.org include:b.example.org -all"}});
    world.dns.txt("a.example.org", {{"v=spf1 include:c.example.org -all"}});
  }
  std::unique_ptr<Authentication> begin() {
    return std::make_unique<Authentication>(services, std::make_shared<const Rules>(world.rules), world.client,
                                            io.get_executor());
  }
  World world;
  boost::asio::io_context io;
  MuteResolver mute{io, world.dns};
  Services services{mute, work_here, world.clock};
};

TEST_F(AskingTest, A24_nothing_is_asked_before_the_first_octets) {
  const auto letter = begin();
  io.poll();
  EXPECT_EQ(mute.asked, 0);
  letter->feed("From");
  io.restart();
  io.poll();
  EXPECT_EQ(mute.asked, 3) << "SPF of MAIL FROM and of HELO, and the client's name";
}

TEST_F(AskingTest, A24_who_goes_makes_us_ask_no_more) {
  auto letter = begin();
  letter->feed("From");
  io.poll();
  letter.reset();
  EXPECT_EQ(services.turnstile->inside(), 3u) << "what is under way is counted until it is over";
  mute.open();
  io.restart();
  io.run();
  EXPECT_EQ(mute.asked, 3);
  EXPECT_EQ(services.turnstile->inside(), 0u);
}

TEST_F(AskingTest, a_letter_that_is_given_up_is_not_accepted_in_the_end) {
  world.rules.settings.temperror = settings::Unknown::Accept;
  const auto letter = begin();
  std::unique_ptr<const Outcome> outcome;
  letter->feed(kLetter);
  boost::asio::co_spawn(io, letter->finish(authres::Charset::Ascii),
                        [&](std::exception_ptr, std::unique_ptr<const Outcome> found) { outcome = std::move(found); });
  io.poll();
  EXPECT_FALSE(outcome);
  letter->cancel();
  mute.open();
  io.restart();
  io.run();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ruling.course, Course::Defer);
}

TEST_F(AskingTest, A24_beyond_the_limit_a_letter_is_deferred_and_never_taken_unchecked) {
  world.rules.settings.temperror = settings::Unknown::Accept;
  world.services.turnstile = std::make_shared<Turnstile>(Turnstile::Limits{.questions = 0, .patience = {}});
  const auto outcome = world.judge(kLetter);
  EXPECT_EQ(outcome.ruling.course, Course::Defer);
  EXPECT_EQ(outcome.ruling.cause, Cause::Crowded);
  EXPECT_THAT(outcome.ruling.reply->to_string(), HasSubstr("451 4.3.2 Too many letters"));
  EXPECT_TRUE(world.dns.asked.empty());
}

TEST_F(AskingTest, A24_a_letter_waits_for_its_turn) {
  world.services.turnstile = std::make_shared<Turnstile>(Turnstile::Limits{.questions = 1});
  EXPECT_EQ(world.judge(world.sign(kLetter)).findings.dmarc->result, dmarc::Result::Pass);
}

TEST(Turnstile, A24_one_network_leaves_room_for_the_others) {
  const auto turnstile = std::make_shared<Turnstile>(Turnstile::Limits{.questions = 4, .of_one_network = 2});
  std::vector<Turnstile::Place> places;
  const auto enter = [&](std::string_view client) {
    auto place = turnstile->enter(address(client));
    if (place) places.push_back(std::move(*place));
    return place.has_value();
  };
  EXPECT_TRUE(enter("192.0.2.1"));
  EXPECT_TRUE(enter("192.0.2.2"));
  EXPECT_FALSE(enter("192.0.2.3"));
  EXPECT_TRUE(enter("2001:db8:0:100::1"));
  EXPECT_TRUE(enter("2001:db8:0:1ff::1"));
  EXPECT_FALSE(enter("2001:db8:0:101::1"));
  EXPECT_FALSE(enter("198.51.100.1")) << "all places are taken";
  EXPECT_EQ(turnstile->inside(), 4u);
  places.clear();
  EXPECT_EQ(turnstile->inside(), 0u);
  EXPECT_TRUE(enter("192.0.2.3"));
}

}  // namespace
}  // namespace postseal::authenticate
