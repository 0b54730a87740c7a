// SPDX-License-Identifier: Apache-2.0
#include "edge/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "edge/http/unix_client.h"

namespace postseal::http {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "postseal-http-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::string joined(const Request& request) {
  std::string text = request.method + " " + request.path;
  for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
  if (request.peer_uid) text += " uid=" + std::to_string(*request.peer_uid);
  return text + " " + request.body;
}

/// A server on a thread of its own that says what it was asked.
class Echo {
 public:
  explicit Echo(std::string path, ServerLimits limits = {}) : path_(std::move(path)) {
    server_.emplace(
        io_.get_executor(), ListeningSocket::on_unix(path_, 0600).value(),
        [](Request request) -> Awaitable<Answer> {
          if (request.path == "/bug") throw std::runtime_error("a bug");
          co_return Answer{200, "text/plain", joined(request)};
        },
        limits);
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~Echo() { finish(); }

  void finish() {
    if (!thread_.joinable()) return;
    boost::asio::co_spawn(io_, server_->finish(), boost::asio::detached);
    thread_.join();
  }

  /// Bytes as they are; what comes back until the server closes.
  std::string raw(std::string_view bytes) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    const int connection = ::socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    (void)::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    std::string text;
    char buffer[4096];
    for (ssize_t count = 0; (count = ::recv(connection, buffer, sizeof buffer, 0)) > 0;)
      text.append(buffer, static_cast<std::size_t>(count));
    ::close(connection);
    return text;
  }

 private:
  std::string path_;
  boost::asio::io_context io_;
  std::optional<Server> server_;
  std::jthread thread_;
};

TEST(HttpServer, a_question_arrives_as_plain_values) {
  Folder folder;
  Echo echo(folder / "s");
  const std::string uid = " uid=" + std::to_string(::getuid());
  auto reply = ask({.socket = folder / "s", .path = "/queue/a b", .query = {{"from", "a+b@x.example"}, {"all", ""}}});
  ASSERT_TRUE(reply) << reply.error().what;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "GET /queue/a b from=a+b@x.example all=" + uid + " ");
  auto post = ask({.socket = folder / "s", .method = "POST", .path = "/x", .query = {}, .body = "{\"a\": 1}"});
  ASSERT_TRUE(post) << post.error().what;
  EXPECT_EQ(post->body, "POST /x" + uid + " {\"a\": 1}");
}

TEST(HttpServer, several_requests_follow_each_other_on_one_connection) {
  Folder folder;
  Echo echo(folder / "s");
  std::string text =
      echo.raw("GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(text, HasSubstr("GET /one"));
  EXPECT_THAT(text, HasSubstr("GET /two"));
}

TEST(HttpServer, what_is_too_large_or_no_http_is_refused) {
  Folder folder;
  Echo echo(folder / "s", {.header = 1024, .body = 100});
  struct Case {
    std::string bytes;
    std::string_view answer;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(2000, 'a') + "\r\n\r\n", "HTTP/1.1 431"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'a'), "HTTP/1.1 413"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'a') +
           "\r\n0\r\n\r\n",
       "HTTP/1.1 413"},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\r\n\r\n", "HTTP/1.1 400"},
      {"EHLO x\r\n\r\n", "HTTP/1.1 400"},
      {"GET noslash HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
      {"GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
  };
  for (const Case& c : cases) EXPECT_THAT(echo.raw(c.bytes), testing::StartsWith(std::string(c.answer))) << c.bytes;
  auto after = ask({.socket = folder / "s", .path = "/still-here"});
  EXPECT_TRUE(after) << "and the server goes on";
}

TEST(HttpServer, a_bug_in_a_handler_costs_one_answer) {
  Folder folder;
  Echo echo(folder / "s");
  EXPECT_EQ(ask({.socket = folder / "s", .path = "/bug"})->status, 500);
  EXPECT_EQ(ask({.socket = folder / "s", .path = "/next"})->status, 200);
}

TEST(HttpServer, a_client_that_dawdles_is_closed) {
  Folder folder;
  Echo echo(folder / "s", {.time = std::chrono::milliseconds(50)});
  EXPECT_EQ(echo.raw("GET / HTTP/1.1\r\nHo"), "");
}

TEST(HttpServer, connections_are_limited) {
  Folder folder;
  Echo echo(folder / "s", {.connections = 0});
  EXPECT_EQ(echo.raw(""), "") << "closed at once";
}

TEST(HttpServer, on_tcp_too_and_nobody_is_named) {
  boost::asio::io_context io;
  Server server(io.get_executor(), ListeningSocket::on_tcp(*IpAddress::parse("127.0.0.1"), 0).value(),
                [](Request) -> Awaitable<Answer> { co_return Answer{}; });
  EXPECT_NE(server.port(), 0);
  boost::asio::co_spawn(io, server.finish(), boost::asio::detached);
  io.run();
  auto busy = ListeningSocket::on_tcp(*IpAddress::parse("192.0.2.1"), 1);
  ASSERT_FALSE(busy);
  EXPECT_THAT(busy.error(), HasSubstr("192.0.2.1 port 1"));
}

TEST(HttpServer, after_finish_the_socket_is_gone) {
  Folder folder;
  {
    Echo echo(folder / "s");
    EXPECT_TRUE(fs::exists(folder / "s"));
    echo.finish();
    EXPECT_FALSE(fs::exists(folder / "s"));
  }
  auto nobody = ask({.socket = folder / "s", .path = "/"});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, AskErrorCode::NobodyThere);
}

TEST(ListeningSocket, its_file_has_the_mode_that_was_asked_for) {
  Folder folder;
  for (mode_t mode : {0600U, 0660U}) {
    const mode_t before = ::umask(0077);
    auto socket = ListeningSocket::on_unix(folder / "s", mode);
    ::umask(before);
    ASSERT_TRUE(socket) << socket.error();
    struct stat there{};
    ASSERT_EQ(::stat((folder / "s").c_str(), &there), 0);
    EXPECT_EQ(there.st_mode & 0777U, mode);
  }
}

TEST(ListeningSocket, takes_the_place_of_a_dead_one_only) {
  Folder folder;
  {
    auto first = ListeningSocket::on_unix(folder / "s", 0600);
    ASSERT_TRUE(first);
    auto second = ListeningSocket::on_unix(folder / "s", 0600);
    ASSERT_FALSE(second) << "somebody answers there";
    EXPECT_THAT(second.error(), HasSubstr("in use"));
  }
  // A killed server leaves its file behind.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder / "dead").copy(address.sun_path, sizeof address.sun_path - 1);
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(dead);
  EXPECT_TRUE(ListeningSocket::on_unix(folder / "dead", 0600));
  std::ofstream(folder / "file") << "precious";
  auto file = ListeningSocket::on_unix(folder / "file", 0600);
  ASSERT_FALSE(file);
  EXPECT_TRUE(fs::exists(folder / "file"));
  EXPECT_FALSE(ListeningSocket::on_unix(folder / std::string(200, 'x'), 0600));
  EXPECT_FALSE(ListeningSocket::on_unix(folder / "absent/s", 0600));
}

TEST(Target, is_path_and_query) {
  auto target = parse_target("/a%2Fb/c?x=1&y=%20+&z&=q");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a/b/c");
  const std::vector<std::pair<std::string, std::string>> query = {{"x", "1"}, {"y", " +"}, {"z", ""}, {"", "q"}};
  EXPECT_EQ(target->query, query);
  EXPECT_EQ(parse_target("/")->path, "/");
  EXPECT_TRUE(parse_target("/?")->query.empty());
  std::string many = "/?";
  for (int i = 0; i < 100; ++i) many += "a=b&";
  for (std::string_view bad :
       {std::string_view(""), std::string_view("a"), std::string_view("/%"), std::string_view("/%4"),
        std::string_view("/%00"), std::string_view("/%g0"), std::string_view("*"), std::string_view(many)})
    EXPECT_FALSE(parse_target(bad)) << bad;
}

}  // namespace
}  // namespace postseal::http
