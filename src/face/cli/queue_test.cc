// SPDX-License-Identifier: Apache-2.0
// postseal queue and postseal trace against a server that says what it was asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <thread>

#include "edge/http/server.h"
#include "face/cli/ran_test.h"

namespace postseal::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

Ran run(std::vector<std::string> arguments) { return run_command(std::move(arguments), add_queue, add_trace); }

std::string line_of(const http::Request& request) {
  std::string line = request.method + " " + request.path;
  for (const auto& [name, value] : request.query) line += " " + name + "=" + value;
  return line;
}

class QueueCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "postseal-queue-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    server_.emplace(io_.get_executor(), http::ListeningSocket::on_unix(socket(), 0600).value(),
                    [this](http::Request request) -> Awaitable<http::Answer> {
                      asked_.push_back(line_of(request));
                      http::Answer answer;
                      answer.status = status_;
                      answer.body = answers_.size() > 1 ? answers_[asked_.size() - 1] : answers_.front();
                      co_return answer;
                    });
    thread_ = std::jthread([this] { io_.run(); });
  }
  void TearDown() override {
    boost::asio::co_spawn(io_, server_->finish(), boost::asio::detached);
    thread_.join();
    fs::remove_all(folder_);
  }
  std::string socket() const { return (folder_ / "s").string(); }
  Ran ask(std::vector<std::string> arguments) {
    asked_.clear();
    arguments.insert(arguments.end(), {"--socket", socket()});
    return run(arguments);
  }

  fs::path folder_;
  boost::asio::io_context io_;
  std::optional<http::Server> server_;
  std::jthread thread_;
  std::vector<std::string> asked_;
  std::vector<std::string> answers_{R"({"letters": 2, "recipients": 3, "problem": ""})"};
  int status_ = 200;
};

TEST_F(QueueCommand, every_operation_is_one_question) {
  struct Case {
    std::vector<std::string> arguments;
    std::string question, says;
  };
  const Case cases[] = {
      {{"queue", "flush", "all"}, "POST /queue/flush select=all", "tried now: 2 letters, 3 recipients"},
      {{"queue", "hold", "domain=a.example", "older=4h"},
       "POST /queue/hold select=domain=a.example select=older=4h",
       "held: 2"},
      {{"queue", "release", "held"}, "POST /queue/release select=held", "released: 2"},
      {{"queue", "delete", "sender=<>"}, "POST /queue/delete select=sender=<>", "deleted: 2"},
      {{"queue", "reroute", "all", "--to", "[relay.example]:26"},
       "POST /queue/reroute select=all next_hop=[relay.example]:26",
       "rerouted: 2"},
      {{"queue", "reroute", "all", "--normal"}, "POST /queue/reroute select=all next_hop=", "rerouted: 2"},
      {{"queue", "bounce", "all", "--reason", "50% is + too & much"},
       "POST /queue/bounce select=all reason=50% is + too & much",
       "given up: 2"},
      {{"queue", "limit", ".a.example", "--connections", "2", "--rate", "60"},
       "POST /queue/limit pattern=.a.example connections=2 rate=60",
       ".a.example: limited"},
      {{"queue", "limit", "*", "--reset"}, "POST /queue/limit pattern=* reset=1", "*: as the settings say"},
      {{"queue", "show", "0abcdefghjkmn"}, "GET /queue/letter/0abcdefghjkmn", "Letter"},
      {{"queue", "stats"}, "GET /queue/stats", "2 letters"},
      {{"trace", "0abcdefghjkmn"}, "GET /trace/0abcdefghjkmn", "not in the queue any more"},
  };
  for (const Case& c : cases) {
    const Ran ran = ask(c.arguments);
    EXPECT_EQ(ran.exit_code, kOk) << c.question << ran.err;
    EXPECT_THAT(asked_, ElementsAre(c.question));
    EXPECT_THAT(ran.out, HasSubstr(c.says)) << c.question;
  }
}

TEST_F(QueueCommand, a_listing_goes_from_page_to_page) {
  answers_ = {R"({"letters": [{"id": "a"}, {"id": "b"}], "next": "0000000000002"})",
              R"({"letters": [{"id": "c"}], "next": null})"};
  const Ran all = ask({"queue", "list", "--json"});
  EXPECT_EQ(all.exit_code, kOk) << all.err;
  EXPECT_EQ(all.out, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n") << "one object for each line";
  EXPECT_THAT(asked_, ElementsAre("GET /queue limit=1000", "GET /queue limit=1000 after=0000000000002"));
  const Ran some = ask({"queue", "list", "held", "--limit", "2"});
  EXPECT_THAT(asked_, ElementsAre("GET /queue select=held limit=2"));
  EXPECT_THAT(some.out, HasSubstr("2 letters, and there are more\n"));
}

TEST_F(QueueCommand, what_went_wrong_has_an_exit_code_and_a_sentence) {
  struct Case {
    int status;
    std::string body;
    int exit_code;
    std::string_view says;
  };
  const Case cases[] = {
      {400, R"({"error": "\"x=\" is no selector"})", kUsage, "is no selector"},
      {404, R"({"error": "the letter is not in the queue"})", kNo, "not in the queue"},
      {503, R"({"error": "the disk is gone"})", kTemporary, "the disk is gone"},
      {500, "internal error\n", kSoftware, "not ours"},
      {200, R"({"letters": 0, "recipients": 0, "problem": ""})", kNo, ""},
      {200, R"({"letters": 1, "recipients": 1, "problem": "no space left"})", kTemporary, "no space left"},
      {200, "<html>", kSoftware, "not ours"},
  };
  for (const Case& c : cases) {
    status_ = c.status;
    answers_ = {c.body};
    const Ran ran = ask({"queue", "flush", "all"});
    EXPECT_EQ(ran.exit_code, c.exit_code) << c.body << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(std::string(c.says)));
  }
}

TEST_F(QueueCommand, what_changes_something_names_its_letters) {
  for (const char* operation : {"flush", "hold", "release", "delete", "reroute", "bounce"}) {
    EXPECT_EQ(ask({"queue", operation}).exit_code, kUsage) << operation;
    EXPECT_TRUE(asked_.empty());
  }
  EXPECT_EQ(ask({"queue", "bounce", "all"}).exit_code, kUsage) << "a reason is missing";
  EXPECT_EQ(ask({"queue", "reroute", "all"}).exit_code, kUsage);
  EXPECT_EQ(ask({"queue", "reroute", "all", "--to", "x.example", "--normal"}).exit_code, kUsage);
  EXPECT_EQ(ask({"queue", "limit", "x.example"}).exit_code, kUsage);
  EXPECT_TRUE(asked_.empty());
}

TEST(QueueCommandAlone, without_a_server_it_says_so_and_what_to_do) {
  const Ran ran = run({"queue", "list", "--socket", "/nonexistent/admin.sock"});
  EXPECT_EQ(ran.exit_code, kUnavailable);
  for (const char* part : {"no server answers at /nonexistent/admin.sock", "systemctl start postseal", "--socket"})
    EXPECT_THAT(ran.err, HasSubstr(part));
}

}  // namespace
}  // namespace postseal::cli
