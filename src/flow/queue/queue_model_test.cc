// SPDX-License-Identifier: Apache-2.0
// The whole queue played at random: letters for several domains, servers that fail in every way, an operator who
// meddles, and a process that dies now and then. In the end everybody has the letter or the sender a notification,
// nobody was tried twice at the same time, and only a crash sends anything twice.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "flow/queue/stage_test.h"

namespace postseal::queue {
namespace {

using spool::RecipientStatus;

class Play {
 public:
  explicit Play(std::uint32_t seed) : random_(seed) {
    for (int d = 0; d < 6; ++d) {
      stage_.courier.sites["d" + std::to_string(d) + ".test"] = "mx" + std::to_string(d % 3) + ".test:25";
    }
    stage_.settings.delay_warning = below(2) == 0 ? Seconds{0} : Seconds{4 * 3600};
    stage_.settings.connections = 1 + below(5);
    stage_.restart();
    stage_.courier.answer = [this](const Job& job, const std::string& recipient) { return answer(job, recipient); };
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    calm_ = true;
    stage_.courier.silent_sites.clear();
    stage_.courier.free_all();
    stage_.run();
    stage_.ask(stage_.queue->release(Selector{}));
    for (int i = 0; i < 100; ++i) stage_.pass(Seconds{3600});
    check();
  }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }

  RecipientResult answer(const Job& job, const std::string& recipient) {
    ++tried_[{job.letter, recipient}];
    if (calm_ || below(3) == 0 || recipient == "sender@ours.test") {
      ++delivered_[{job.letter, recipient}];
      return delivered(below(2) == 0 ? Security::Dane : Security::Plaintext);
    }
    switch (below(5)) {
      case 0:
        return failed(DeliveryOutcome::Bounced, Scope::Recipient, "no such user");
      case 1:
        return failed(DeliveryOutcome::Deferred, Scope::Destination, "no proof");
      case 2:
        return failed(DeliveryOutcome::Deferred, Scope::Site, "no answer");
      default:
        return failed(DeliveryOutcome::Deferred);
    }
  }

  void step() {
    switch (below(14)) {
      case 0:
      case 1:
      case 2:
        send();
        return;
      case 3:
        stage_.courier.silent_sites.insert("mx" + std::to_string(below(3)) + ".test:25");
        return;
      case 4:
      case 5:
        stage_.courier.silent_sites.clear();
        stage_.courier.free_all();
        return stage_.run();
      case 6:
        if (below(6) > 0) return;
        // What was on its way may have arrived, and nobody knows.
        may_repeat_ = tried_;
        return stage_.restart();
      case 7:
        stage_.ask(stage_.queue->flush(selector()));
        return;
      case 8:
        stage_.ask(below(2) == 0 ? stage_.queue->hold(selector()) : stage_.queue->release(selector()));
        return;
      case 9:
        stage_.ask(stage_.queue->reroute(selector(), below(2) == 0 ? "" : "d5.test"));
        return;
      case 10:
        if (below(4) == 0) stage_.ask(stage_.queue->bounce(selector(), "enough"));
        return;
      default:
        return stage_.pass(Seconds{below(3000)});
    }
  }

  Selector selector() {
    Selector selector;
    if (below(3) > 0) selector.domain = "d" + std::to_string(below(6)) + ".test";
    if (below(3) == 0 && !ids_.empty()) selector.ids = {ids_[below(static_cast<std::uint32_t>(ids_.size()))]};
    return selector;
  }

  void send() {
    std::set<std::string> to;
    for (std::uint32_t n = 1 + below(5); n > 0; --n) {
      to.insert("u" + std::to_string(below(3)) + "@d" + std::to_string(below(6)) + ".test");
    }
    ids_.push_back(stage_.send(envelope_to({to.begin(), to.end()}, stage_.clock.now())));
  }

  void check() {
    EXPECT_EQ(stage_.queue->statistics().totals.letters, 0u);
    EXPECT_EQ(stage_.queue->statistics().totals.workers, 0u);
    EXPECT_EQ(stage_.courier.most_at_once(), 1u) << "a recipient was tried twice at the same time";
    EXPECT_EQ(stage_.witness.count("wrong"), 0u);
    EXPECT_EQ(stage_.witness.count("store"), 0u);
    const auto all = stage_.store.all();
    for (const auto& letter : all) {
      for (std::size_t i = 0; i < letter.states.size(); ++i) {
        const auto address = letter.envelope.recipients[i].mailbox.to_string();
        const auto key = std::pair(letter.id, address);
        EXPECT_NE(letter.states[i].status, RecipientStatus::Waiting) << address;
        if (letter.states[i].status == RecipientStatus::Delivered) EXPECT_GE(delivered_[key], 1) << address;
        if (!may_repeat_.contains(key)) EXPECT_LE(delivered_[key], 1) << address;
        if (letter.states[i].status == RecipientStatus::Bounced && letter.envelope.from) {
          const bool told = std::ranges::any_of(all, [&](const spool::QueuedLetter& other) {
            return !other.envelope.from &&
                   stage_.store.bytes(other.id).contains("name the letter " + letter.id.to_string()) &&
                   stage_.store.bytes(other.id).contains(address);
          });
          EXPECT_TRUE(told) << address << " was given up in silence";
        }
      }
    }
  }

  std::mt19937 random_;
  Stage stage_;
  bool calm_ = false;
  std::vector<spool::LetterId> ids_;
  std::map<std::pair<spool::LetterId, std::string>, int> tried_, delivered_, may_repeat_;
};

TEST(QueueModel, everybody_has_the_letter_or_the_sender_a_word_of_it) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Play(seed).run(120);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace postseal::queue
