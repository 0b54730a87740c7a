// SPDX-License-Identifier: Apache-2.0
#include "edge/resolver/shared_resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "tests/run_coroutine.h"

namespace postseal::resolver {
namespace {

using dns::AnswerState;
using dns::RecordType;

/// Counts, and knows which thread asked.
class Counting final : public dns::Resolver {
 public:
  Awaitable<dns::RawAnswer> lookup(Domain name, RecordType, Deadline) override {
    ++asked;
    last_thread = std::this_thread::get_id();
    auto answer = next;
    answer.question = answer.canonical = std::move(name);
    co_return answer;
  }

  std::atomic<int> asked = 0;
  std::thread::id last_thread;
  dns::RawAnswer next;
};

dns::RawAnswer answer_of(AnswerState state, int ttl) {
  dns::RawAnswer answer;
  answer.state = state;
  answer.secure = state == AnswerState::Found;
  answer.ttl = Seconds(ttl);
  if (state == AnswerState::Found) answer.records = {{1, 'x'}};
  return answer;
}

/// The resolver behind it has a thread of its own, as in the server.
class SharedResolverTest : public testing::Test {
 protected:
  ~SharedResolverTest() override {
    work_.reset();
    context_.stop();
    thread_.join();
  }
  dns::RawAnswer ask(const std::string& name, RecordType type = RecordType::TXT) {
    return tests::run_coroutine(shared_.lookup(*Domain::parse_dns(name), type, Deadline::in(std::chrono::seconds(10))));
  }

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  Counting counting_;
  SharedResolver shared_{counting_, context_.get_executor()};
  std::thread thread_{[this] { context_.run(); }};
};

TEST_F(SharedResolverTest, an_answer_is_asked_for_once_while_it_lives) {
  counting_.next = answer_of(AnswerState::Found, 300);
  const auto first = ask("_dmarc.example.org"), second = ask("_dmarc.example.org");
  EXPECT_EQ(counting_.asked, 1);
  EXPECT_EQ(second.records, first.records);
  EXPECT_TRUE(second.secure);
  EXPECT_EQ(second.question, first.question);
  EXPECT_LE(second.ttl, Seconds(300));
  EXPECT_GE(second.ttl, Seconds(290));
}

TEST_F(SharedResolverTest, the_resolver_is_asked_on_its_own_thread) {
  ask("example.org");
  EXPECT_EQ(counting_.last_thread, thread_.get_id());
}

TEST_F(SharedResolverTest, names_and_types_are_different_questions) {
  counting_.next = answer_of(AnswerState::Found, 300);
  ask("example.org");
  ask("example.net");
  ask("example.org", RecordType::MX);
  EXPECT_EQ(counting_.asked, 3);
  EXPECT_EQ(shared_.size().answers, 3U);
}

TEST_F(SharedResolverTest, what_is_known_not_to_exist_is_known) {
  for (const auto state : {AnswerState::NoData, AnswerState::NxDomain}) {
    counting_.asked = 0;
    counting_.next = answer_of(state, 60);
    const std::string name = state == AnswerState::NoData ? "empty.example" : "none.example";
    ask(name);
    EXPECT_EQ(ask(name).state, state);
    EXPECT_EQ(counting_.asked, 1);
  }
}

TEST_F(SharedResolverTest, unknown_is_never_remembered) {
  for (const auto state : {AnswerState::Bogus, AnswerState::Failed}) {
    counting_.asked = 0;
    counting_.next = answer_of(state, 60);
    ask("broken.example");
    EXPECT_EQ(ask("broken.example").state, state);
    EXPECT_EQ(counting_.asked, 2);
  }
}

TEST_F(SharedResolverTest, an_answer_without_life_is_not_kept) {
  counting_.next = answer_of(AnswerState::Found, 0);
  ask("example.org");
  ask("example.org");
  EXPECT_EQ(counting_.asked, 2);
}

TEST_F(SharedResolverTest, no_answer_lives_longer_than_an_hour) {
  counting_.next = answer_of(AnswerState::Found, 86400);
  ask("example.org");
  EXPECT_LE(ask("example.org").ttl, SharedResolver::kLongest);
}

TEST_F(SharedResolverTest, a_flood_of_names_fills_no_more_than_its_room) {
  counting_.next = answer_of(AnswerState::NxDomain, 3600);
  for (std::size_t i = 0; i < SharedResolver::kMostAnswers * 5 / 4; ++i) ask("n" + std::to_string(i) + ".example");
  EXPECT_LE(shared_.size().answers, SharedResolver::kMostAnswers);
  EXPECT_GE(shared_.size().answers, SharedResolver::kMostAnswers / 2);
}

TEST_F(SharedResolverTest, large_answers_fill_no_more_than_their_room) {
  counting_.next = answer_of(AnswerState::Found, 3600);
  counting_.next.records = {Bytes(7'000, 'x')};
  for (int i = 0; i < 6'000; ++i) ask("n" + std::to_string(i) + ".example");
  EXPECT_LE(shared_.size().octets, SharedResolver::kMostOctets);
  EXPECT_GE(shared_.size().octets, SharedResolver::kMostOctets / 2);
  counting_.next.records = {Bytes(60'000, 'x')};
  counting_.asked = 0;
  ask("huge.example");
  EXPECT_EQ(ask("huge.example").records, counting_.next.records);
  EXPECT_EQ(counting_.asked, 2) << "what is larger than any record of ours is not kept";
}

TEST_F(SharedResolverTest, an_answer_that_is_asked_for_anew_takes_its_room_once) {
  counting_.next = answer_of(AnswerState::Found, 0);
  ask("example.org");
  counting_.next = answer_of(AnswerState::Found, 300);
  ask("example.org");
  const auto before = shared_.size();
  ask("example.org");
  EXPECT_EQ(shared_.size().answers, 1U);
  EXPECT_EQ(shared_.size().octets, before.octets);
}

}  // namespace
}  // namespace postseal::resolver
