// SPDX-License-Identifier: Apache-2.0
// The scheduler against a model of it, played at random: limits are never exceeded, nothing is lost, and no letter is
// at one destination twice at the same time.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "flow/queue/pattern.h"
#include "flow/queue/scheduler.h"

namespace postseal::queue {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kStart{Seconds{1'800'000'000}};

class Model {
 public:
  explicit Model(std::uint32_t seed) : random_(seed), settings_(make_settings(random_)), scheduler_(settings_) {}

  void play(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      check();
      if (::testing::Test::HasFatalFailure()) return;
    }
    calm_ = true;
    for (const auto letter : held_) scheduler_.release(letter, now());
    held_.clear();
    for (int i = 0; i < 200'000 && !groups_.empty(); ++i) {
      pass_time(std::chrono::seconds(running_.empty() ? 600 : 1));
      route_all();
      start_all();
      while (!running_.empty()) finish(running_.begin()->first);
      check();
    }
    ASSERT_TRUE(groups_.empty()) << groups_.size() << " groups were never served";
    EXPECT_EQ(scheduler_.totals().letters, 0u);
    EXPECT_EQ(scheduler_.totals().workers, 0u);
    pass_time(24h);
    EXPECT_EQ(scheduler_.totals().destinations, 0u) << "what nobody needs any more is forgotten";
    EXPECT_EQ(scheduler_.totals().sites, 0u);
  }

 private:
  using Group = std::pair<spool::LetterId, std::string>;
  struct Running {
    Work work;
  };

  static SchedulerSettings make_settings(std::mt19937& random) {
    SchedulerSettings settings;
    settings.connections = 1 + random() % 6;
    settings.connections_per_site = 1 + random() % 3;
    settings.rate_per_site = random() % 3 == 0 ? 30 + random() % 600 : 0;
    settings.retry = {Seconds{60}, Seconds{3600}};
    settings.patience = 200ms;
    settings.turn = 100ms;
    return settings;
  }

  Now now() const { return {wall_, steady_}; }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  std::ptrdiff_t below_size(std::size_t n) { return static_cast<std::ptrdiff_t>(random_() % n); }
  double chance() { return below(1000) / 999.0; }
  std::string some_destination() { return "d" + std::to_string(below(8)) + ".test"; }

  void pass_time(std::chrono::milliseconds by) {
    steady_ += by;
    rest_ += by;
    const auto whole = std::chrono::floor<Seconds>(rest_);
    wall_ += whole;
    rest_ -= whole;
    for (const auto letter : scheduler_.tick(now())) {
      if (held_.contains(letter)) ADD_FAILURE() << "held letters do not grow old";
      scheduler_.make_last(letter, now());
    }
  }

  void step() {
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
        return add();
      case 3:
        return route_one();
      case 4:
      case 5:
      case 6:
      case 7:
        return start_all();
      case 8:
      case 9:
      case 10:
      case 11:
        if (!running_.empty()) finish(std::next(running_.begin(), below_size(running_.size()))->first);
        return;
      case 12:
        return pass_time(std::chrono::milliseconds(below(5000)));
      case 13:
        return pass_time(std::chrono::seconds(below(300)));
      case 14:
        return operate();
      case 15:
        if (below(4) == 0) scheduler_.set_limits("d1.test", LimitChange{1 + below(2), below(100)});
        if (below(4) == 0) scheduler_.set_limits("mx1.test", std::nullopt);
        return;
    }
  }

  void add() {
    const spool::LetterId letter{++last_letter_};
    std::set<std::string> names;
    for (std::uint32_t n = 1 + below(4); n > 0; --n) names.insert(some_destination());
    std::vector<Scheduler::Group> groups;
    for (const auto& name : names) {
      groups.push_back({name, wall_ + Seconds{below(3) == 0 ? below(400) : 0}});
      groups_.insert({letter, name});
    }
    const bool held = below(20) == 0;
    if (held) held_.insert(letter);
    scheduler_.add(letter, groups, wall_ + Seconds{below(4000)}, held, now());
  }

  void operate() {
    if (groups_.empty()) return;
    const auto [letter, destination] = *std::next(groups_.begin(), below_size(groups_.size()));
    switch (below(6)) {
      case 0:
        scheduler_.hold(letter);
        held_.insert(letter);
        return;
      case 1:
        held_.erase(letter);
        return scheduler_.release(letter, now());
      case 2:
        return scheduler_.hurry(letter, destination, now());
      case 3:
        if (active_.contains({letter, destination})) return;
        scheduler_.erase(letter, destination);
        groups_.erase({letter, destination});
        return;
      case 4: {
        const Scheduler::Group again{destination, wall_};
        return scheduler_.add(letter, {&again, 1}, std::nullopt, held_.contains(letter), now());
      }
      case 5:
        if (below(10) == 0) scheduler_.hurry_all(now());
        return;
    }
  }

  void route_one() {
    if (const auto name = scheduler_.next_to_route()) {
      const std::string site = "mx" + std::to_string(std::hash<std::string>{}(*name) % 3) + ".test:25";
      const std::string moved = below(10) == 0 && !calm_ ? "mx9.test:25" : site;
      scheduler_.routed(*name, moved, steady_ + std::chrono::seconds(below(600)), now());
    }
  }
  void route_all() {
    for (int i = 0; i < 20; ++i) route_one();
  }

  void begin(const Work& work) {
    ASSERT_FALSE(work.destinations.empty());
    ASSERT_FALSE(held_.contains(work.letter)) << "a held letter went";
    for (const auto& destination : work.destinations) {
      const Group group{work.letter, destination};
      ASSERT_TRUE(groups_.contains(group)) << "a letter that nobody gave, or that was done with";
      ASSERT_TRUE(active_.insert(group).second) << "twice at the same time";
    }
    ASSERT_TRUE(running_.try_emplace(work.worker, Running{work}).second);
  }

  void start_all() {
    while (auto work = scheduler_.start(now())) begin(*work);
  }

  void finish(Index worker) {
    const Work work = running_.at(worker).work;
    running_.erase(worker);
    pass_time(std::chrono::milliseconds(below(50)));
    std::vector<Scheduler::Left> left;
    const auto site_health = calm_ || below(6) > 0 ? Health::Alive : Health::SiteFailed;
    for (const auto& destination : work.destinations) {
      active_.erase({work.letter, destination});
      const auto health =
          site_health == Health::Alive && !calm_ && below(6) == 0 ? Health::DestinationFailed : site_health;
      const auto until = scheduler_.report(worker, destination, health, "", now(), chance());
      if (until) EXPECT_GT(*until, wall_);
      if (!calm_ && (health != Health::Alive || below(4) == 0)) {
        left.push_back({destination, until.value_or(wall_ + Seconds{below(600)})});
      } else {
        groups_.erase({work.letter, destination});
      }
    }
    scheduler_.settle(worker, left, now());
    if (auto more = scheduler_.next(worker, now())) begin(*more);
  }

  void check() {
    const auto totals = scheduler_.totals();
    ASSERT_EQ(totals.groups, groups_.size());
    ASSERT_EQ(totals.active, active_.size());
    ASSERT_EQ(totals.ready + totals.waiting + totals.active + totals.held, totals.groups);
    ASSERT_EQ(totals.workers, running_.size());
    ASSERT_LE(totals.workers, settings_.connections);
    std::map<std::string, std::uint32_t> at_site;
    std::map<std::string, std::uint32_t> at_destination;
    for (const auto& [worker, running] : running_) {
      ++at_site[running.work.site];
      for (const auto& destination : running.work.destinations) ++at_destination[destination];
    }
    for (const auto& [site, workers] : at_site) ASSERT_LE(workers, settings_.connections_per_site) << site;
    std::size_t sum = 0;
    for (const auto& status : scheduler_.sites()) {
      ASSERT_EQ(status.workers, status.site.empty() ? 0 : at_site[status.site]) << status.site;
      sum += status.ready + status.waiting + status.active + status.held;
    }
    ASSERT_EQ(sum, groups_.size());
  }

  std::mt19937 random_;
  SchedulerSettings settings_;
  Scheduler scheduler_;
  WallTime wall_ = kStart;
  SteadyTime steady_{};
  std::chrono::milliseconds rest_{0};
  std::uint64_t last_letter_ = 0;
  bool calm_ = false;
  std::set<Group> groups_, active_;
  std::set<spool::LetterId> held_;
  std::map<Index, Running> running_;
};

TEST(SchedulerModel, limits_hold_nothing_is_lost_and_nothing_goes_twice) {
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model(seed).play(600);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace postseal::queue
