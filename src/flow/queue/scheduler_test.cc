// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <set>

namespace postseal::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr WallTime kStart{Seconds{1'800'000'000}};

/// A scheduler whose destinations are all routed at once, unless said otherwise, and whose time is told.
struct Desk {
  explicit Desk(SchedulerSettings settings = {}) : scheduler(settings) {}
  Scheduler scheduler;
  Now now{kStart, SteadyTime{} + 1h};
  std::map<std::string, std::string> sites;  ///< by destination; else its own
  std::chrono::milliseconds lag{};           ///< of the thread that everybody shares

  void pass(std::chrono::milliseconds time) {
    now.steady += time;
    now.wall += std::chrono::floor<Seconds>(time);
    old = scheduler.tick(now);
  }
  std::vector<spool::LetterId> old;

  void route_all() {
    while (auto name = scheduler.next_to_route()) {
      const auto found = sites.find(*name);
      scheduler.routed(*name, found == sites.end() ? "mx." + *name + ":25" : found->second, now.steady + 1h, now);
    }
  }
  void add(std::uint64_t letter, const std::vector<std::string>& destinations, WallTime due = {}) {
    std::vector<Scheduler::Group> groups;
    for (const auto& name : destinations) groups.push_back({name, due});
    scheduler.add({letter}, groups, std::nullopt, false, now);
    route_all();
  }
  std::vector<Work> start_all() {
    std::vector<Work> all;
    while (auto work = scheduler.start(now)) all.push_back(*work);
    return all;
  }
  /// REQUIRES: little patience and many letters.
  std::vector<Work> grow_to(std::size_t workers) {
    auto running = start_all();
    while (running.size() < workers) {
      pass(600ms);
      const Work work = running.front();
      running.erase(running.begin());
      if (auto next = finish(work)) running.push_back(*next);
      for (auto& started : start_all()) running.push_back(started);
    }
    return running;
  }
  std::optional<Work> finish(const Work& work, Health health = Health::Alive, std::optional<WallTime> again = {}) {
    std::vector<Scheduler::Left> left;
    for (const auto& name : work.destinations) {
      const auto until = scheduler.report(work.worker, name, health, "a problem", now, 0.5);
      if (until || again) left.push_back({name, until.value_or(again.value_or(WallTime{}))});
    }
    scheduler.settle(work.worker, left, now, lag);
    return scheduler.next(work.worker, now);
  }
};

TEST(Scheduler, letters_of_a_destination_go_in_the_order_they_came) {
  Desk desk;
  for (std::uint64_t letter = 1; letter <= 5; ++letter) desk.add(letter, {"one.test"});
  std::vector<std::uint64_t> order;
  auto work = desk.scheduler.start(desk.now);
  while (work) {
    order.push_back(work->letter.value);
    work = desk.finish(*work);
  }
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4, 5));
}

TEST(Scheduler, destinations_of_a_site_take_turns) {
  Desk desk;
  desk.sites = {{"big.test", "mx:25"}, {"small.test", "mx:25"}};
  for (std::uint64_t letter = 1; letter <= 100; ++letter) desk.add(letter, {"big.test"});
  desk.add(1000, {"small.test"});
  auto work = desk.scheduler.start(desk.now);
  work = desk.finish(*work);
  ASSERT_TRUE(work);
  EXPECT_EQ(work->letter.value, 1000u) << "not behind the hundred";
}

TEST(Scheduler, sites_take_turns_for_the_last_connections) {
  SchedulerSettings settings;
  settings.connections = 1;
  Desk desk(settings);
  for (std::uint64_t letter = 1; letter <= 1000; ++letter) desk.add(letter, {"big.test"});
  desk.add(5000, {"small.test"});
  auto work = desk.scheduler.start(desk.now);
  int served = 0;
  while (work && work->letter.value != 5000) {
    ++served;
    desk.pass(100ms);
    auto more = desk.finish(*work);
    work = more ? more : desk.scheduler.start(desk.now);
  }
  EXPECT_TRUE(work);
  EXPECT_LE(served, 21) << "a turn lasts two seconds";
}

TEST(Scheduler, fifty_sites_of_ten_domains_need_fifty_workers) {
  Desk desk;
  for (int d = 0; d < 500; ++d)
    desk.sites["d" + std::to_string(d) + ".test"] = "mx" + std::to_string(d % 50) + ".test:25";
  for (std::uint64_t letter = 0; letter < 5000; ++letter)
    desk.add(letter + 1, {"d" + std::to_string(letter % 500) + ".test"});
  auto running = desk.start_all();
  EXPECT_EQ(running.size(), 50u);
  std::size_t most = 0, served = 0;
  while (!running.empty()) {
    most = std::max(most, running.size());
    desk.pass(1ms);
    const Work work = running.front();
    running.erase(running.begin());
    ++served;
    if (auto more = desk.finish(work)) running.push_back(*more);
    for (auto& started : desk.start_all()) running.push_back(started);
  }
  EXPECT_EQ(served, 5000u);
  EXPECT_EQ(most, 50u) << "a backlog that is gone in seconds is worth no further handshake";
}

TEST(Scheduler, a_slow_site_with_a_long_backlog_gets_more_workers_up_to_its_limit) {
  SchedulerSettings settings;
  settings.connections_per_site = 4;
  Desk desk(settings);
  for (std::uint64_t letter = 1; letter <= 2000; ++letter) desk.add(letter, {"slow.test"});
  auto running = desk.start_all();
  EXPECT_EQ(running.size(), 1u);
  std::size_t most = 0;
  for (int round = 0; round < 100; ++round) {
    desk.pass(1000ms);
    std::vector<Work> next;
    for (const auto& work : running) {
      if (auto more = desk.finish(work)) next.push_back(*more);
    }
    for (auto& started : desk.start_all()) next.push_back(started);
    running = next;
    most = std::max(most, running.size());
  }
  EXPECT_EQ(most, 4u);
}

TEST(Scheduler, one_long_letter_does_not_block_its_site) {
  Desk desk;
  desk.add(1, {"one.test"});
  desk.add(2, {"one.test"});
  ASSERT_EQ(desk.start_all().size(), 1u);
  desk.pass(4000ms);
  EXPECT_EQ(desk.start_all().size(), 0u);
  desk.pass(2000ms);
  EXPECT_EQ(desk.start_all().size(), 1u) << "nothing has come of the first for longer than patience";
}

TEST(Scheduler, a_destination_that_fails_waits_and_is_probed_with_one_letter) {
  Desk desk;
  desk.sites = {{"bad.test", "mx:25"}, {"good.test", "mx:25"}};
  for (std::uint64_t letter = 1; letter <= 20; ++letter) desk.add(letter, {"bad.test"});
  auto work = desk.scheduler.start(desk.now);
  EXPECT_FALSE(desk.finish(*work, Health::DestinationFailed));
  desk.pass(299s);
  EXPECT_TRUE(desk.start_all().empty());
  desk.add(100, {"good.test"});
  auto good = desk.start_all();
  ASSERT_EQ(good.size(), 1u) << "another destination of the same hosts is not concerned";
  EXPECT_FALSE(desk.finish(good[0]));
  desk.pass(1s);
  auto probe = desk.start_all();
  ASSERT_EQ(probe.size(), 1u);
  EXPECT_FALSE(desk.finish(probe[0], Health::DestinationFailed)) << "and not the next letter at once";
  desk.pass(599s);
  EXPECT_TRUE(desk.start_all().empty()) << "twice as long";
  desk.pass(1s);
  probe = desk.start_all();
  ASSERT_EQ(probe.size(), 1u);
  int served = 1;
  for (auto next = desk.finish(probe[0]); next; next = desk.finish(*next)) ++served;
  EXPECT_EQ(served, 20);
}

TEST(Scheduler, a_site_that_cannot_be_reached_waits_with_all_its_destinations) {
  Desk desk;
  desk.sites = {{"a.test", "mx:25"}, {"b.test", "mx:25"}};
  desk.add(1, {"a.test"});
  desk.add(2, {"b.test"});
  auto work = desk.scheduler.start(desk.now);
  EXPECT_FALSE(desk.finish(*work, Health::SiteFailed));
  EXPECT_TRUE(desk.start_all().empty());
  const auto sites = desk.scheduler.sites();
  ASSERT_EQ(sites.size(), 1u);
  EXPECT_EQ(sites[0].problem, "a problem");
  EXPECT_EQ(sites[0].not_before, kStart + 300s);
  desk.pass(300s);
  EXPECT_EQ(desk.start_all().size(), 1u);
}

TEST(Scheduler, a_letter_that_was_not_tried_knows_what_its_destination_or_site_waits_for) {
  for (const Health health : {Health::DestinationFailed, Health::SiteFailed, Health::Alive}) {
    Desk desk;
    desk.sites = {{"a.test", "mx:25"}, {"b.test", "mx:25"}};
    desk.add(1, {"a.test"});
    desk.add(2, {"a.test"});
    desk.add(3, {"b.test"});
    auto work = desk.scheduler.start(desk.now);
    ASSERT_EQ(work->letter.value, 1u);
    desk.finish(*work, health);
    const auto group = [&](std::uint64_t letter) { return desk.scheduler.groups({letter}, desk.now.wall).at(0); };
    const auto problem = [&](std::uint64_t letter) { return group(letter).problem; };
    constexpr auto kWaiting = Scheduler::GroupStatus::State::Waiting;
    EXPECT_EQ(group(2).state == kWaiting, health != Health::Alive);
    EXPECT_EQ(group(3).state == kWaiting, health == Health::SiteFailed);
    EXPECT_EQ(problem(2), health == Health::Alive ? "" : "a problem");
    EXPECT_EQ(problem(3), health == Health::SiteFailed ? "a problem" : "") << "nothing of a stranger's letter";
    EXPECT_EQ(desk.scheduler.problem_of("a.test"), problem(2));
  }
}

TEST(Scheduler, attempts_that_fail_together_count_once) {
  SchedulerSettings settings;
  settings.patience = 1ms;
  Desk desk(settings);
  for (std::uint64_t letter = 1; letter <= 50; ++letter) desk.add(letter, {"one.test"});
  auto running = desk.grow_to(4);
  desk.pass(120s);  // no sign of life for long
  for (const auto& work : running) EXPECT_FALSE(desk.finish(work, Health::SiteFailed));
  EXPECT_EQ(desk.scheduler.sites()[0].failures, 1u);
}

TEST(Scheduler, an_attempt_that_outlasts_the_back_off_counts_no_second_time_and_renews_it) {
  SchedulerSettings settings;
  settings.patience = 1ms;
  Desk desk(settings);
  for (std::uint64_t letter = 1; letter <= 50; ++letter) desk.add(letter, {"one.test"});
  auto running = desk.grow_to(2);
  desk.pass(120s);
  EXPECT_FALSE(desk.finish(running[0], Health::SiteFailed));
  desk.pass(400s);
  EXPECT_FALSE(desk.finish(running[1], Health::SiteFailed));
  EXPECT_EQ(desk.scheduler.sites()[0].failures, 1u);
  EXPECT_GT(desk.scheduler.sites()[0].not_before, desk.now.wall);
}

TEST(Scheduler, a_destination_is_probed_with_one_letter_however_many_workers_its_site_has) {
  SchedulerSettings settings;
  settings.patience = 1ms;
  Desk desk(settings);
  desk.sites = {{"good.test", "mx:25"}, {"bad.test", "mx:25"}};
  for (std::uint64_t letter = 1; letter <= 50; ++letter) desk.add(letter, {"good.test"});
  auto running = desk.grow_to(4);
  for (std::uint64_t letter = 101; letter <= 120; ++letter) desk.add(letter, {"bad.test"});
  const auto of_bad = [](const std::vector<Work>& works) {
    return std::ranges::count_if(works, [](const Work& work) { return work.destinations[0] == "bad.test"; });
  };
  while (of_bad(running) == 0) {
    auto next = desk.finish(running.front());
    running.erase(running.begin());
    running.push_back(*next);
  }
  const auto bad = std::ranges::find_if(running, [&](const Work& work) { return of_bad({work}) == 1; });
  auto next = desk.finish(*bad, Health::DestinationFailed);
  running.erase(bad);
  if (next) running.push_back(*next);
  EXPECT_EQ(of_bad(running), 0);
  desk.pass(300s);
  for (int i = 0; i < 12; ++i) {
    const auto good = std::ranges::find_if(running, [&](const Work& work) { return of_bad({work}) == 0; });
    ASSERT_NE(good, running.end());
    next = desk.finish(*good);
    running.erase(good);
    if (next) running.push_back(*next);
    for (auto& started : desk.start_all()) running.push_back(started);
  }
  EXPECT_GE(running.size(), 3u);
  EXPECT_EQ(of_bad(running), 1);
}

TEST(Scheduler, a_site_that_refuses_a_further_connection_gets_fewer_not_none) {
  SchedulerSettings settings;
  settings.patience = 1ms;
  Desk desk(settings);
  for (std::uint64_t letter = 1; letter <= 50; ++letter) desk.add(letter, {"one.test"});
  auto running = desk.grow_to(4);
  EXPECT_FALSE(desk.finish(running.back(), Health::SiteFailed));
  EXPECT_EQ(desk.scheduler.sites()[0].failures, 0u);
  EXPECT_FALSE(desk.finish(running[0])) << "half of four";
  EXPECT_TRUE(desk.finish(running[1]));
  desk.pass(10s);
  EXPECT_TRUE(desk.start_all().empty()) << "and no more for a while";
}

TEST(Scheduler, who_waits_is_woken_though_the_letter_that_failed_is_gone) {
  for (const auto health : {Health::DestinationFailed, Health::SiteFailed}) {
    Desk desk;
    desk.add(1, {"a.test"});
    desk.add(2, {"a.test"});
    EXPECT_FALSE(desk.finish(*desk.scheduler.start(desk.now), health));
    desk.scheduler.erase({1}, "a.test");
    desk.pass(299s);
    EXPECT_TRUE(desk.start_all().empty());
    desk.pass(1s);
    EXPECT_EQ(desk.start_all().size(), 1u);
  }
}

TEST(Scheduler, a_back_off_outlives_the_letters_and_the_route) {
  SchedulerSettings settings;
  settings.retry = {Seconds{4 * 3600}, Seconds{4 * 3600}};
  Desk desk(settings);
  desk.add(1, {"a.test"});
  EXPECT_FALSE(desk.finish(*desk.scheduler.start(desk.now), Health::DestinationFailed));
  desk.scheduler.erase({1}, "a.test");
  desk.pass(2h);
  desk.add(2, {"a.test"});
  EXPECT_TRUE(desk.start_all().empty());
}

TEST(Scheduler, a_site_grows_step_by_step) {
  SchedulerSettings settings;
  settings.patience = 1ms;
  Desk desk(settings);
  for (std::uint64_t letter = 1; letter <= 1000; ++letter) desk.add(letter, {"one.test"});
  auto running = desk.grow_to(2);
  for (int i = 0; i < 40; ++i) {
    desk.pass(10ms);
    auto next = desk.finish(running.front());
    running.erase(running.begin());
    running.push_back(*next);
    for (auto& started : desk.start_all()) running.push_back(started);
  }
  EXPECT_EQ(running.size(), 2u) << "not before the last growth is felt";
}

/// How many workers a site with a thousand letters has after so many of them, if each takes so long and whatever
/// happens waits for our thread so long.
std::size_t workers_after(int letters, std::chrono::milliseconds each, std::chrono::milliseconds lag) {
  Desk desk;
  desk.lag = lag;
  for (std::uint64_t letter = 1; letter <= 1000; ++letter) desk.add(letter, {"one.test"});
  auto running = desk.start_all();
  for (int i = 0; i < letters; ++i) {
    desk.pass(each / static_cast<int>(running.size()));
    if (auto next = desk.finish(running.front())) running.push_back(*next);
    running.erase(running.begin());
    for (auto& started : desk.start_all()) running.push_back(started);
  }
  return running.size();
}

TEST(Scheduler, letters_that_wait_for_our_own_thread_do_not_make_a_site_slow) {
  EXPECT_EQ(workers_after(50, 100ms, 10ms), 1u);
  EXPECT_GT(workers_after(50, 100ms, 0ms), 3u) << "a host that takes its time";
  EXPECT_GT(workers_after(50, 500ms, 10ms), 3u) << "also where both are slow";
}

TEST(Scheduler, without_connections_nothing_is_looked_up_or_tried_until_there_are_some) {
  SchedulerSettings settings;
  settings.connections = 0;
  Desk desk(settings);
  desk.add(1, {"one.test"});
  desk.pass(1000ms);
  EXPECT_EQ(desk.scheduler.next_to_route(), std::nullopt);
  EXPECT_TRUE(desk.start_all().empty());
  settings.connections = 1;
  desk.scheduler.set(settings);
  desk.route_all();
  EXPECT_EQ(desk.start_all().size(), 1U);
}

TEST(Scheduler, a_rate_is_kept) {
  SchedulerSettings settings;
  settings.rate_per_site = 60;
  Desk desk(settings);
  for (std::uint64_t letter = 1; letter <= 500; ++letter) desk.add(letter, {"one.test"});
  int served = 0;
  std::optional<Work> work;
  for (int second = 0; second < 120; ++second) {
    desk.pass(1000ms);
    if (!work) work = desk.scheduler.start(desk.now);
    while (work) {
      ++served;
      work = desk.finish(*work);
    }
  }
  EXPECT_GE(served, 115);
  EXPECT_LE(served, 122);
}

TEST(Scheduler, limits_change_at_run_time) {
  Desk desk;
  desk.sites = {{"a.test", "mx.big.test:25"}, {"b.test", "mx.big.test:25"}};
  desk.scheduler.set_limits(".big.test", LimitChange{std::nullopt, 60});
  for (std::uint64_t letter = 1; letter <= 10; ++letter) desk.add(letter, {"a.test"});
  auto work = desk.scheduler.start(desk.now);
  ASSERT_TRUE(work);
  EXPECT_FALSE(desk.finish(*work)) << "one a second";
  desk.scheduler.set_limits(".big.test", std::nullopt);
  int served = 0;
  for (auto next = desk.scheduler.start(desk.now); next; next = desk.finish(*next)) ++served;
  EXPECT_EQ(served, 9);
}

TEST(Scheduler, a_destination_has_limits_of_its_own_if_the_operator_says_so) {
  Desk desk;
  desk.sites = {{"a.test", "mx:25"}, {"b.test", "mx:25"}};
  desk.scheduler.set_limits("a.test", LimitChange{std::nullopt, 1});
  for (std::uint64_t letter = 1; letter <= 4; ++letter) desk.add(letter, {letter % 2 == 0 ? "a.test" : "b.test"});
  std::multiset<std::string> served;
  for (auto next = desk.scheduler.start(desk.now); next; next = desk.finish(*next))
    served.insert(next->destinations[0]);
  EXPECT_THAT(served, UnorderedElementsAre("a.test", "b.test", "b.test"));
}

TEST(Scheduler, a_destination_has_a_limit_of_attempts_at_once_if_the_operator_says_so) {
  SchedulerSettings settings;
  settings.patience = 1ms;
  Desk desk(settings);
  desk.scheduler.set_limits("a.test", LimitChange{2, std::nullopt});
  desk.sites = {{"a.test", "mx:25"}, {"b.test", "mx:25"}};
  for (std::uint64_t letter = 1; letter <= 60; ++letter) desk.add(letter, {letter % 2 == 0 ? "a.test" : "b.test"});
  const auto running = desk.grow_to(8);
  EXPECT_LE(std::ranges::count_if(running, [](const Work& work) { return work.destinations[0] == "a.test"; }), 2);
}

TEST(Scheduler, one_letter_for_one_site_goes_in_one_piece) {
  Desk desk;
  desk.sites = {{"a.test", "mx:25"}, {"b.test", "mx:25"}};
  desk.add(1, {"a.test", "b.test", "c.test"});
  auto works = desk.start_all();
  ASSERT_EQ(works.size(), 2u);
  std::set<std::size_t> sizes{works[0].destinations.size(), works[1].destinations.size()};
  EXPECT_THAT(sizes, UnorderedElementsAre(1, 2));
}

TEST(Scheduler, what_must_wait_does_not_travel_along) {
  Desk desk;
  desk.sites = {{"a.test", "mx:25"}, {"bad.test", "mx:25"}};
  desk.add(1, {"bad.test"});
  EXPECT_FALSE(desk.finish(*desk.scheduler.start(desk.now), Health::DestinationFailed));
  desk.add(2, {"a.test", "bad.test"});
  const auto works = desk.start_all();
  ASSERT_EQ(works.size(), 1u);
  EXPECT_THAT(works[0].destinations, ElementsAre("a.test"));
}

TEST(Scheduler, the_last_attempt_is_no_attempt_for_others_of_the_letter) {
  Desk desk;
  desk.sites = {{"a.test", "mx:25"}, {"b.test", "mx:25"}};
  desk.add(1, {"a.test"});
  desk.scheduler.make_last({1}, desk.now);
  desk.add(1, {"b.test"});
  const auto work = desk.scheduler.start(desk.now);
  ASSERT_TRUE(work);
  EXPECT_EQ(work->destinations.size(), 1u);
  EXPECT_EQ(work->last, work->destinations[0] == "a.test");
}

TEST(Scheduler, recipients_wait_for_each_others_routes_though_not_long) {
  Desk desk;
  const Scheduler::Group groups[] = {{"a.test", {}}, {"slow.test", {}}};
  desk.scheduler.add({1}, groups, std::nullopt, false, desk.now);
  EXPECT_EQ(desk.scheduler.next_to_route(), "a.test");
  EXPECT_EQ(desk.scheduler.next_to_route(), "slow.test");
  desk.scheduler.routed("a.test", "mx:25", desk.now.steady + 1h, desk.now);
  desk.pass(1999ms);
  EXPECT_TRUE(desk.start_all().empty());
  desk.pass(1ms);
  auto works = desk.start_all();
  ASSERT_EQ(works.size(), 1u);
  EXPECT_THAT(works[0].destinations, ElementsAre("a.test"));
}

TEST(Scheduler, a_route_that_has_run_out_is_asked_for_again) {
  Desk desk;
  desk.add(1, {"a.test"});
  EXPECT_FALSE(desk.finish(desk.start_all().at(0), Health::Alive, kStart + 2h));
  desk.pass(2h);
  EXPECT_TRUE(desk.start_all().empty());
  desk.sites = {{"a.test", "elsewhere:25"}};
  desk.route_all();
  auto works = desk.start_all();
  ASSERT_EQ(works.size(), 1u);
  EXPECT_EQ(works[0].site, "elsewhere:25");
}

TEST(Scheduler, destinations_with_silent_name_servers_do_not_keep_others_from_being_looked_up) {
  Desk desk;
  for (std::uint64_t letter = 1; letter <= 100; ++letter) desk.add(letter, {"d" + std::to_string(letter) + ".test"});
  for (const auto& work : desk.start_all()) desk.finish(work, Health::DestinationFailed);
  desk.pass(2h);  // routes have run out
  EXPECT_TRUE(desk.start_all().empty());
  const Scheduler::Group group{"new.test", {}};
  desk.scheduler.add({1000}, {&group, 1}, std::nullopt, false, desk.now);
  bool found = false;
  for (int i = 0; i < 4 && !found; ++i) found = desk.scheduler.next_to_route() == "new.test";
  EXPECT_TRUE(found);
}

TEST(Scheduler, the_last_attempt_ignores_every_back_off_one_at_a_time) {
  Desk desk;
  for (std::uint64_t letter = 1; letter <= 5; ++letter) desk.add(letter, {"down.test"});
  auto work = desk.scheduler.start(desk.now);
  EXPECT_FALSE(desk.finish(*work, Health::SiteFailed));
  EXPECT_TRUE(desk.start_all().empty());
  for (const std::uint64_t letter : {2U, 3U}) desk.scheduler.make_last({letter}, desk.now);
  auto last = desk.start_all();
  ASSERT_EQ(last.size(), 1u);
  EXPECT_TRUE(last[0].last);
  EXPECT_EQ(last[0].letter.value, 2u);
  for (const auto& name : last[0].destinations)
    desk.scheduler.report(last[0].worker, name, Health::SiteFailed, "", desk.now, 0.5);
  desk.scheduler.settle(last[0].worker, {}, desk.now);
  auto next = desk.scheduler.next(last[0].worker, desk.now);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->letter.value, 3u);
  EXPECT_FALSE(desk.finish(*next, Health::SiteFailed));
}

TEST(Scheduler, held_letters_stand_still_until_released) {
  Desk desk;
  desk.add(1, {"a.test"});
  desk.scheduler.hold({1});
  desk.pass(1h);
  EXPECT_TRUE(desk.start_all().empty());
  EXPECT_EQ(desk.scheduler.totals().held, 1u);
  desk.scheduler.release({1}, desk.now);
  desk.route_all();
  auto works = desk.start_all();
  ASSERT_EQ(works.size(), 1u);
  desk.scheduler.hold({1});
  EXPECT_FALSE(desk.finish(works[0], Health::Alive, kStart + 2h)) << "under way when held";
  desk.pass(3h);
  EXPECT_TRUE(desk.start_all().empty());
}

TEST(Scheduler, hurrying_forgets_the_back_off_and_still_probes) {
  Desk desk;
  for (std::uint64_t letter = 1; letter <= 3; ++letter) desk.add(letter, {"a.test"});
  EXPECT_FALSE(desk.finish(*desk.scheduler.start(desk.now), Health::DestinationFailed));
  EXPECT_TRUE(desk.start_all().empty());
  desk.scheduler.hurry_all(desk.now);
  auto works = desk.start_all();
  ASSERT_EQ(works.size(), 1u);
  EXPECT_TRUE(desk.finish(works[0]));
}

TEST(Scheduler, letters_are_looked_at_when_they_grow_old_though_their_destination_waits) {
  Desk desk;
  const Scheduler::Group group{"a.test", {}};
  desk.scheduler.add({1}, {&group, 1}, kStart + 1h, false, desk.now);
  desk.route_all();
  EXPECT_FALSE(desk.finish(*desk.scheduler.start(desk.now), Health::DestinationFailed));
  desk.pass(59min);
  EXPECT_TRUE(desk.old.empty());
  desk.pass(1min);
  EXPECT_THAT(desk.old, ElementsAre(spool::LetterId{1}));
  desk.pass(1min);
  EXPECT_TRUE(desk.old.empty()) << "once";
}

TEST(Scheduler, a_million_letters_fit_in_a_fraction_of_a_gibibyte) {
  static_assert(sizeof(Entry) == 40);
  Desk desk;
  constexpr std::uint64_t kLetters = 1'000'000;
  std::vector<std::string> names;
  for (int d = 0; d < 10'000; ++d) names.push_back("destination" + std::to_string(d) + ".example.test");
  for (std::uint64_t letter = 0; letter < kLetters; ++letter) {
    const Scheduler::Group group{names[letter % names.size()], kStart + Seconds{1 + letter % 3600}};
    desk.scheduler.add({letter + 1}, {&group, 1}, kStart + 5 * 24h, false, desk.now);
  }
  const auto totals = desk.scheduler.totals();
  EXPECT_EQ(totals.letters, kLetters);
  EXPECT_LT(totals.bytes / kLetters, 200u) << totals.bytes;
  RecordProperty("bytes_per_letter", static_cast<int>(totals.bytes / kLetters));
  std::printf("%zu bytes for each letter\n", totals.bytes / kLetters);
}

TEST(Scheduler, letters_that_come_and_go_leave_nothing_behind) {
  Desk desk;
  for (std::uint64_t letter = 1; letter <= 200'000; ++letter) {
    const Scheduler::Group group{"a.test", {}};
    desk.scheduler.add({letter}, {&group, 1}, kStart + 4h, false, desk.now);
    if (letter == 1) desk.route_all();
    auto work = desk.scheduler.start(desk.now);
    ASSERT_TRUE(work);
    EXPECT_FALSE(desk.finish(*work));
    if (letter % 100 == 0) desk.pass(1ms);
  }
  EXPECT_LT(desk.scheduler.totals().bytes, 2'000'000u);
}

}  // namespace
}  // namespace postseal::queue
