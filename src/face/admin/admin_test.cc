// SPDX-License-Identifier: Apache-2.0
#include "face/admin/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include "tests/run_coroutine.h"

namespace postseal::admin {
namespace {

using testing::HasSubstr;
namespace json = boost::json;

constexpr spool::LetterId kLetter{0x123456789};

queue::ListedLetter waiting_letter() {
  queue::ListedLetter listed;
  spool::QueuedLetter& letter = listed.letter;
  letter.id = kLetter;
  letter.envelope.from = *Mailbox::parse("alice@example.org");
  letter.envelope.recipients = {{*Mailbox::parse("bob@far.example"), "", ""},
                                {*Mailbox::parse("eve@gone.example"), "", ""}};
  letter.envelope.size = 4711;
  letter.envelope.received = WallTime(Seconds(1'750'000'000));
  spool::RecipientState waiting;
  waiting.attempts = 2;
  waiting.last_attempt = WallTime(Seconds(1'750'000'600));
  waiting.next_attempt = WallTime(Seconds(1'750'001'200));
  waiting.code = EnhancedStatus{4, 7, 5};
  waiting.host = "mx.far.example";
  waiting.explanation = "mx.far.example showed another key";
  spool::RecipientState done;
  done.status = spool::RecipientStatus::Delivered;
  done.attempts = 1;
  letter.states = {waiting, done};
  listed.matching = {0};
  listed.groups = {{"far.example", "mx.far.example:25", queue::Scheduler::GroupStatus::State::Waiting,
                    WallTime(Seconds(1'750'002'000)), "mx.far.example cannot be reached"}};
  return listed;
}

class FakeQueue final : public QueueDoor {
 public:
  Awaitable<queue::Listing> list(queue::Selector selector, std::size_t limit, spool::LetterId after) override {
    asked = selector;
    asked_limit = limit;
    asked_after = after;
    queue::Listing listing;
    listing.letters.push_back(waiting_letter());
    listing.next = kLetter;
    co_return listing;
  }
  spool::StoreResult<queue::ListedLetter> show(spool::LetterId id) override {
    if (store_broken) return std::unexpected(spool::StoreError{spool::StoreErrorCode::Io, "the disk is gone"});
    if (id == kLetter) return waiting_letter();
    return std::unexpected(spool::StoreError{spool::StoreErrorCode::NotFound, "the letter is not in the queue"});
  }
  Awaitable<queue::Tally> operate(Operation operation, queue::Selector selector, std::string argument) override {
    operations.emplace_back(std::string(to_string(operation)) + " " + argument);
    asked = selector;
    co_return queue::Tally{3, 4, ""};
  }
  queue::Statistics statistics() const override {
    queue::Statistics statistics;
    statistics.totals.letters = 12;
    statistics.sites.emplace_back();
    statistics.sites.back().site = "mx.far.example:25";
    statistics.downgrades.push_back({"far.example", queue::Security::Dane, {}, WallTime(Seconds(1'750'000'000)), true});
    return statistics;
  }
  void set_limits(std::string_view pattern, std::optional<queue::LimitChange> limits) override {
    limited = pattern;
    limited_to = limits;
  }
  spool::StoreResult<std::vector<std::string>> trace(spool::LetterId id) override {
    if (id != kLetter) return std::vector<std::string>{};
    return std::vector<std::string>{R"({"format":1,"id":"abc"})", "half a li"};
  }

  queue::Selector asked;
  std::size_t asked_limit = 0;
  spool::LetterId asked_after;
  std::vector<std::string> operations;
  std::string limited;
  std::optional<queue::LimitChange> limited_to;
  bool store_broken = false;
};

class Admin : public testing::Test {
 protected:
  struct Said {
    int status = 0;
    std::string body;
    json::object object() const { return json::parse(body).as_object(); }
  };
  Said ask(Audience audience, std::string method, std::string path,
           std::vector<std::pair<std::string, std::string>> query = {}) {
    http::Handler handler = handler_for(audience, {metrics_, log_, queue_, [this] { return readiness_; }});
    auto answer = tests::run_coroutine(handler({std::move(method), std::move(path), std::move(query), "", 0}));
    return {answer.status, answer.body};
  }
  Said operate(std::string path, std::vector<std::pair<std::string, std::string>> query) {
    return ask(Audience::Operators, "POST", std::move(path), std::move(query));
  }

  observe::Metrics metrics_;
  observe::Log log_{observe::LogFormat::Text, observe::Level::Error};
  FakeQueue queue_;
  Readiness readiness_;
};

TEST_F(Admin, watchers_see_numbers_and_nothing_else) {
  EXPECT_THAT(ask(Audience::Watchers, "GET", "/metrics").body, HasSubstr("postseal_letters_queued 0"));
  EXPECT_EQ(ask(Audience::Watchers, "GET", "/health").status, 200);
  for (const char* path : {"/queue", "/queue/stats", "/queue/letter/0000000000001", "/trace/0000000000001"})
    EXPECT_EQ(ask(Audience::Watchers, "GET", path).status, 404) << path;
  for (const char* path : {"/queue/delete", "/queue/limit", "/metrics"})
    EXPECT_NE(ask(Audience::Watchers, "POST", path, {{"select", "all"}}).status, 200) << path;
  EXPECT_TRUE(queue_.operations.empty());
  EXPECT_EQ(ask(Audience::Operators, "GET", "/metrics").status, 200) << "operators may do what watchers may";
}

TEST_F(Admin, ready_says_what_is_missing) {
  EXPECT_EQ(ask(Audience::Watchers, "GET", "/ready").status, 200);
  readiness_.missing = {"the store takes no writes: no space left"};
  auto said = ask(Audience::Watchers, "GET", "/ready");
  EXPECT_EQ(said.status, 503);
  EXPECT_EQ(said.object()["ready"], false);
  EXPECT_EQ(said.object()["missing"].as_array()[0], "the store takes no writes: no space left");
}

TEST_F(Admin, a_listing_has_letters_with_their_recipients) {
  auto said =
      ask(Audience::Operators, "GET", "/queue",
          {{"select", "domain=far.example"}, {"select", "older=1h"}, {"limit", "5"}, {"after", "0000000000007"}});
  ASSERT_EQ(said.status, 200) << said.body;
  EXPECT_EQ(queue_.asked.domain, "far.example");
  EXPECT_EQ(queue_.asked.older, Seconds(3600));
  EXPECT_EQ(queue_.asked_limit, 5u);
  EXPECT_EQ(queue_.asked_after, spool::LetterId{7});
  auto object = said.object();
  EXPECT_EQ(json::value_to<std::string>(object["next"]), kLetter.to_string());
  auto letter = object["letters"].as_array().at(0).as_object();
  EXPECT_EQ(json::value_to<std::string>(letter["id"]), kLetter.to_string());
  EXPECT_EQ(letter["from"], "alice@example.org");
  EXPECT_EQ(letter["size"], 4711);
  EXPECT_EQ(letter["received"], "2025-06-15T15:06:40Z");
  auto bob = letter["recipients"].as_array().at(0).as_object();
  EXPECT_EQ(bob["address"], "bob@far.example");
  EXPECT_EQ(bob["status"], "waiting");
  EXPECT_EQ(bob["state"], "waiting");
  EXPECT_EQ(bob["site"], "mx.far.example:25");
  EXPECT_EQ(bob["selected"], true);
  EXPECT_EQ(bob["attempts"], 2);
  EXPECT_EQ(bob["code"], "4.7.5");
  EXPECT_EQ(bob["next_attempt"], "2025-06-15T15:40:00Z") << "the destination's back-off included";
  EXPECT_EQ(bob["reason"], "mx.far.example showed another key");
  auto eve = letter["recipients"].as_array().at(1).as_object();
  EXPECT_EQ(eve["status"], "delivered");
  EXPECT_EQ(eve["selected"], false);
  EXPECT_TRUE(eve["next_attempt"].is_null());
}

TEST_F(Admin, without_a_selector_everything_is_listed_and_nothing_is_changed) {
  EXPECT_EQ(ask(Audience::Operators, "GET", "/queue").status, 200);
  EXPECT_TRUE(queue_.asked.everything());
  for (const char* operation : {"flush", "hold", "release", "delete"}) {
    auto said = operate("/queue/" + std::string(operation), {});
    EXPECT_EQ(said.status, 400) << operation;
    EXPECT_THAT(said.body, HasSubstr("\\\"all\\\""));
  }
  EXPECT_TRUE(queue_.operations.empty());
}

TEST_F(Admin, operations_reach_the_queue_and_say_how_many) {
  struct Case {
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
    std::string operation;
  };
  const Case cases[] = {
      {"/queue/flush", {{"select", "all"}}, "flush "},
      {"/queue/hold", {{"select", "all"}}, "hold "},
      {"/queue/release", {{"select", "held"}}, "release "},
      {"/queue/delete", {{"select", kLetter.to_string()}}, "delete "},
      {"/queue/reroute", {{"select", "all"}, {"next_hop", "[relay.example]:2525"}}, "reroute [relay.example]:2525"},
      {"/queue/reroute", {{"select", "all"}, {"next_hop", ""}}, "reroute "},
      {"/queue/bounce", {{"select", "all"}, {"reason", "the project is over"}}, "bounce the project is over"},
  };
  for (const Case& c : cases) {
    queue_.operations.clear();
    auto said = operate(c.path, c.query);
    ASSERT_EQ(said.status, 200) << said.body;
    EXPECT_EQ(queue_.operations, std::vector<std::string>{c.operation});
    EXPECT_EQ(said.object()["letters"], 3);
    EXPECT_EQ(said.object()["recipients"], 4);
  }
}

TEST_F(Admin, what_is_wrong_with_a_question_is_said) {
  struct Case {
    std::string method, path;
    std::vector<std::pair<std::string, std::string>> query;
    int status;
    std::string_view says;
  };
  const Case cases[] = {
      {"GET", "/", {}, 404, "no such endpoint"},
      {"GET", "/queue/", {}, 404, "no such endpoint"},
      {"GET", "/queue/letter/a/b", {}, 404, "no such endpoint"},
      {"GET", "/queue/hold", {{"select", "all"}}, 405, "method"},
      {"DELETE", "/queue", {}, 405, "method"},
      {"GET", "/queue", {{"select", "colour=red"}}, 400, "no selector"},
      {"GET", "/queue", {{"limit", "0"}}, 400, "limit is"},
      {"GET", "/queue", {{"limit", "10001"}}, 400, "limit is"},
      {"GET", "/queue", {{"after", "x"}}, 400, "no letter id"},
      {"GET", "/queue/letter/nonsense", {}, 400, "no letter id"},
      {"GET", "/queue/letter/0000000000001", {}, 404, "not in the queue"},
      {"GET", "/trace/nonsense", {}, 400, "no letter id"},
      {"GET", "/trace/0000000000001", {}, 404, "nothing is known"},
      {"POST", "/queue/burn", {{"select", "all"}}, 404, "no such operation"},
      {"POST", "/queue/reroute", {{"select", "all"}}, 400, "next_hop is missing"},
      {"POST", "/queue/reroute", {{"select", "all"}, {"next_hop", "a b"}}, 400, "a b"},
      {"POST", "/queue/bounce", {{"select", "all"}}, 400, "reason is missing"},
      {"POST", "/queue/limit", {}, 400, "pattern is missing"},
      {"POST", "/queue/limit", {{"pattern", "x.example"}}, 400, "reset is missing"},
      {"POST", "/queue/limit", {{"pattern", "x.example"}, {"rate", "-1"}}, 400, "rate is a number"},
      {"POST", "/queue/limit", {{"pattern", "x.example"}, {"connections", "0"}}, 400, "connections is a number"},
  };
  for (const Case& c : cases) {
    auto said = ask(Audience::Operators, c.method, c.path, c.query);
    EXPECT_EQ(said.status, c.status) << c.method << " " << c.path << said.body;
    EXPECT_THAT(json::value_to<std::string>(said.object()["error"]), HasSubstr(std::string(c.says))) << c.path;
  }
  EXPECT_TRUE(queue_.operations.empty());
}

TEST_F(Admin, a_broken_store_is_not_a_missing_letter) {
  queue_.store_broken = true;
  auto said = ask(Audience::Operators, "GET", "/queue/letter/" + kLetter.to_string());
  EXPECT_EQ(said.status, 503);
  EXPECT_THAT(said.body, HasSubstr("the disk is gone"));
}

TEST_F(Admin, limits_are_set_and_taken_back) {
  EXPECT_EQ(operate("/queue/limit", {{"pattern", ".far.example"}, {"connections", "3"}, {"rate", "60"}}).status, 200);
  EXPECT_EQ(queue_.limited, ".far.example");
  EXPECT_EQ(queue_.limited_to, (queue::LimitChange{3, 60}));
  EXPECT_EQ(operate("/queue/limit", {{"pattern", ".far.example"}, {"reset", "1"}}).status, 200);
  EXPECT_EQ(queue_.limited_to, std::nullopt);
}

TEST_F(Admin, a_trace_has_what_happened_and_where_the_letter_is_now) {
  auto said = ask(Audience::Operators, "GET", "/trace/" + kLetter.to_string());
  ASSERT_EQ(said.status, 200) << said.body;
  auto object = said.object();
  EXPECT_EQ(object["letter"].as_object()["from"], "alice@example.org");
  ASSERT_EQ(object["events"].as_array().size(), 2u);
  EXPECT_EQ(object["events"].as_array()[0].as_object()["format"], 1);
  EXPECT_EQ(object["events"].as_array()[1].as_object()["unreadable"], "half a li");
}

TEST_F(Admin, statistics_name_sites_and_downgrades) {
  auto object = ask(Audience::Operators, "GET", "/queue/stats").object();
  EXPECT_EQ(object["letters"], 12);
  EXPECT_EQ(object["sites"].as_array()[0].as_object()["site"], "mx.far.example:25");
  auto downgrade = object["downgrades"].as_array()[0].as_object();
  EXPECT_EQ(downgrade["domain"], "far.example");
  EXPECT_EQ(downgrade["before"], "dane");
  EXPECT_EQ(downgrade["deferred"], true);
}

}  // namespace
}  // namespace postseal::admin
