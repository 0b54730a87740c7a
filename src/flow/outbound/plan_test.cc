// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/plan.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "flow/outbound/plan_book.h"
#include "tests/facts_builder.h"
#include "tests/run_coroutine.h"
#include "vocab/await_all.h"

namespace postseal::outbound {
namespace {

using namespace tests;

policy::Facts facts_with_ttls(Seconds mx, Seconds address, Seconds tlsa) {
  policy::Facts facts = facts_of({});
  facts.mx.ttl = mx;
  facts.hosts.at(0).addresses.a.ttl = address;
  facts.hosts.at(0).addresses.aaaa.ttl = address;
  facts.hosts.at(0).tlsa.answer.ttl = tlsa;
  return facts;
}

TEST(Plan, is_valid_no_longer_than_the_shortest_ttl_of_its_facts) {
  EXPECT_EQ(lifetime_of(facts_with_ttls(Seconds(60), Seconds(100), Seconds(100))), Seconds(60));
  EXPECT_EQ(lifetime_of(facts_with_ttls(Seconds(100), Seconds(50), Seconds(100))), Seconds(50));
  EXPECT_EQ(lifetime_of(facts_with_ttls(Seconds(100), Seconds(100), Seconds(7))), Seconds(7));
}

TEST(Plan, is_looked_at_afresh_within_minutes_whatever_the_ttl) {
  EXPECT_EQ(lifetime_of(facts_with_ttls(Seconds(86400), Seconds(86400), Seconds(86400))), Seconds(300));
}

TEST(Plan, does_not_outlive_the_policy_it_was_made_under) {
  auto facts = facts_with_ttls(Seconds(100), Seconds(100), Seconds(100));
  facts.sts.policy.emplace();
  facts.sts.expires = facts.now + Seconds(20);
  EXPECT_EQ(lifetime_of(facts), Seconds(20));
}

TEST(Plan, of_unknown_facts_is_soon_forgotten) {
  for (const State& state : {State{.mx = Mx::ServFail}, State{.mx = Mx::Bogus}, State{.address = Address::ServFail},
                             State{.tlsa = Tlsa::Bogus}, State{.sts = Sts::FetchFailed}, State{.sts = Sts::NotAsked}}) {
    EXPECT_LE(lifetime_of(facts_of(state)), Seconds(30)) << describe(state);
  }
}

TEST(Site, is_the_same_whatever_the_order_of_equal_hosts) {
  auto facts = facts_of({});
  facts.hosts.push_back(host_facts("mx2.example.test", facts.hosts.at(0).preference, Address::Secure, Tlsa::Usable));
  auto turned = facts;
  std::swap(turned.hosts[0], turned.hosts[1]);
  EXPECT_EQ(site_of(facts), site_of(turned));
  EXPECT_EQ(site_of(facts), "mx.example.test mx2.example.test:25");
}

TEST(Site, differs_by_preference_and_port) {
  auto facts = facts_of({});
  facts.hosts.push_back(host_facts("a.example.test", 99, Address::Secure, Tlsa::Usable));
  EXPECT_EQ(site_of(facts), "mx.example.test a.example.test:25");
  facts.port = 2525;
  EXPECT_EQ(site_of(facts), "mx.example.test a.example.test:2525");
}

TEST(Site, of_a_next_hop_without_hosts_is_the_next_hop) {
  auto facts = facts_of({.mx = Mx::ServFail});
  EXPECT_EQ(site_of(facts), to_string(facts.next_hop));
}

struct Book : ::testing::Test {
  PlanBook book;
  int searches = 0;
  Seconds valid{100};
  bool throws = false;

  Awaitable<PlanPtr> search() {
    ++searches;
    const auto executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
    if (throws) throw std::runtime_error("a bug");
    auto plan = std::make_shared<Plan>();
    plan->valid_until = std::chrono::steady_clock::now() + valid;
    co_return plan;
  }
  Awaitable<PlanPtr> find(std::string key, bool fresh = false) {
    co_return co_await book.find(std::move(key), [this] { return search(); }, fresh);
  }
  Awaitable<bool> find_both(std::string a, std::string b, bool fresh) {
    std::vector<Awaitable<PlanPtr>> tasks;
    tasks.push_back(find(std::move(a), fresh));
    tasks.push_back(find(std::move(b), fresh));
    const auto plans = co_await await_all(std::move(tasks));
    co_return plans[0] == plans[1];
  }
  Awaitable<PlanPtr> find_after_forgetting(std::string key) {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    book.forget();
    co_return co_await find(std::move(key));
  }
  Awaitable<bool> forget_between(std::string key) {
    std::vector<Awaitable<PlanPtr>> tasks;
    tasks.push_back(find(key));
    tasks.push_back(find_after_forgetting(key));
    const auto plans = co_await await_all(std::move(tasks));
    co_return plans[0] != plans[1] && co_await find(key) == plans[1];
  }
};

TEST_F(Book, several_who_ask_at_once_wait_for_one_search) {
  valid = Seconds(0);
  EXPECT_TRUE(run_coroutine(find_both("a", "a", true)));
  EXPECT_EQ(searches, 1);
}

TEST_F(Book, what_is_valid_is_not_searched_again_unless_it_must_be_fresh) {
  run_coroutine(find("a"));
  run_coroutine(find("a"));
  EXPECT_EQ(searches, 1);
  run_coroutine(find("a", true));
  EXPECT_EQ(searches, 2);
  run_coroutine(find("b"));
  EXPECT_EQ(searches, 3);
}

TEST_F(Book, what_has_expired_is_searched_again) {
  valid = Seconds(0);
  run_coroutine(find("a"));
  run_coroutine(find("a"));
  EXPECT_EQ(searches, 2);
}

TEST_F(Book, a_search_that_breaks_keeps_nobody_waiting_and_the_next_one_starts_anew) {
  throws = true;
  EXPECT_THROW(run_coroutine(find_both("a", "a", false)), std::runtime_error);
  throws = false;
  EXPECT_NE(run_coroutine(find("a")), nullptr);
  EXPECT_EQ(searches, 2);
}

TEST_F(Book, who_asks_after_a_reload_gets_nothing_that_was_begun_before) {
  EXPECT_TRUE(run_coroutine(forget_between("a")));
  EXPECT_EQ(searches, 2);
}

TEST_F(Book, its_size_is_bounded) {
  for (std::size_t i = 0; i < PlanBook::kMostPlans + 10; ++i) run_coroutine(find(std::to_string(i)));
  EXPECT_LE(book.size(), PlanBook::kMostPlans);
}

}  // namespace
}  // namespace postseal::outbound
