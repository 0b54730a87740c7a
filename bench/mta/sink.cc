// SPDX-License-Identifier: Apache-2.0
// The mail servers of the benchmark's world: --count addresses in a row from --first, each with a certificate of its
// own (or, with --shift, that of another), all in one process that counts and throws away. Asked on standard input,
// "stats" answers with a line of JSON, and so does "reset", which forgets.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "arguments.h"
#include "channel.h"

namespace load {
namespace {

constexpr std::string_view kIdHeader = "X-Bench-Id: ";
constexpr std::string_view kEndOfData = "\r\n.\r\n";
constexpr int kBacklog = 4096;
constexpr int kAcceptedAtOnce = 64;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void give_up(const std::string& what) {
  fmt::print(stderr, "sink: {}: {}\n", what, std::strerror(errno));
  std::exit(2);
}

struct Counts {
  std::uint64_t sessions = 0, messages = 0, full = 0, resumed = 0;
  std::unordered_set<std::uint64_t> distinct;
  std::set<std::size_t> hosts;  ///< with which a full handshake was made
  double last = 0;              ///< when the latest message came
};

struct Session {
  std::unique_ptr<Channel> channel;
  std::size_t host = 0;
  bool in_data = false, greeted_in_tls = false, closing = false;
  std::string head;  ///< of the message under way, as long as its identifier may still come
};

bool begins_with(std::string_view line, std::string_view verb) {
  return line.size() >= verb.size() && std::equal(verb.begin(), verb.end(), line.begin(), [](char a, char b) {
           return a == std::toupper(static_cast<unsigned char>(b));
         });
}

class Sink {
 public:
  explicit Sink(const Arguments& arguments) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    const auto count = static_cast<std::size_t>(arguments.number("--count", 1));
    const auto shift = static_cast<std::size_t>(arguments.number("--shift", 0));
    const auto port = static_cast<std::uint16_t>(arguments.number("--port", 25));
    in_addr first{};
    ::inet_pton(AF_INET, arguments.text("--first", "127.10.0.1").c_str(), &first);
    for (std::size_t i = 0; i < count; ++i) {
      open_door(ntohl(first.s_addr) + static_cast<std::uint32_t>(i), port);
      load_certificate(fmt::format("{}/mx{}.pem", arguments.text("--certificates", "."), (i + shift) % count));
    }
    watch(STDIN_FILENO, kControl);
  }

  void run() {
    std::vector<epoll_event> events(512);
    while (true) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
        if (tag == kControl) {
          if (!answer_control()) return;
        } else if (tag < doors_.size()) {
          take_connections(static_cast<std::size_t>(tag));
        } else if (const auto found = sessions_.find(tag); found != sessions_.end() && !serve(found->second)) {
          sessions_.erase(found);
        }
      }
    }
  }

 private:
  static constexpr std::uint64_t kControl = ~std::uint64_t{0};

  void watch(int descriptor, std::uint64_t tag) const {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = tag}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }

  void open_door(std::uint32_t address, std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(address);
    const int door = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    ::setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(door, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(door, kBacklog) != 0) {
      give_up("bind");
    }
    watch(door, doors_.size());
    doors_.push_back(door);
    next_tag_ = doors_.size();
  }

  void load_certificate(const std::string& file) {
    SSL_CTX* context = make_context(TLS_server_method());
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("sink"), 4);
    // As cheap as OpenSSL can be had: this is also the floor that servers are measured against.
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
    if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1) {
      give_up(file);
    }
    contexts_.push_back(context);
  }

  void take_connections(std::size_t host) {
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      const int socket = ::accept4(doors_[host], nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      const std::uint64_t tag = next_tag_++;
      Session& session = sessions_[tag];
      session.channel = std::make_unique<Channel>(epoll_, socket, tag);
      session.host = host;
      session.channel->out = "220 sink ESMTP\r\n";
      ++counts_.sessions;
      if (!session.channel->push()) sessions_.erase(tag);
    }
  }

  /// False: the session is over.
  bool serve(Session& session) {
    Channel& channel = *session.channel;
    if (!channel.push() || !channel.pull()) return false;
    if (channel.handshake_done() && !session.greeted_in_tls) {
      session.greeted_in_tls = true;
      ++(channel.resumed() ? counts_.resumed : counts_.full);
      if (!channel.resumed()) counts_.hosts.insert(session.host);
    }
    const bool starts_tls = read_input(session);
    if (!channel.push()) return false;
    if (starts_tls) channel.start_tls(contexts_[session.host], true);
    return !session.closing;
  }

  /// True: STARTTLS was said. What came behind it in the clear is thrown away.
  bool read_input(Session& session) {
    std::string& in = session.channel->in;
    std::size_t done = 0;
    while (done < in.size()) {
      const std::string_view rest = std::string_view(in).substr(done);
      if (session.in_data) {
        const auto end = rest.find(kEndOfData);
        const bool whole = end != std::string_view::npos;
        const std::size_t take =
            whole ? end + kEndOfData.size() : rest.size() - std::min(rest.size(), kEndOfData.size() - 1);
        if (session.head.size() < 8192) session.head.append(rest.substr(0, take));
        done += take;
        if (!whole) break;
        take_message(session);
      } else {
        const auto end = rest.find('\n');
        if (end == std::string_view::npos) break;
        done += end + 1;
        if (take_command(session, rest.substr(0, end))) {
          in.clear();
          return true;
        }
      }
    }
    in.erase(0, done);
    return false;
  }

  void take_message(Session& session) {
    session.in_data = false;
    session.channel->out += "250 2.0.0 thrown away\r\n";
    ++counts_.messages;
    counts_.last = now();
    if (const auto at = session.head.find(kIdHeader); at != std::string::npos) {
      counts_.distinct.insert(std::strtoull(session.head.c_str() + at + kIdHeader.size(), nullptr, 10));
    }
    session.head.clear();
  }

  bool take_command(Session& session, std::string_view line) {
    std::string& out = session.channel->out;
    if (begins_with(line, "EHLO")) {
      out += "250-sink\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n";
      out += session.channel->in_tls() ? "250 ENHANCEDSTATUSCODES\r\n" : "250-STARTTLS\r\n250 ENHANCEDSTATUSCODES\r\n";
    } else if (begins_with(line, "STARTTLS")) {
      out += "220 2.0.0 go ahead\r\n";
      return true;
    } else if (begins_with(line, "MAIL") || begins_with(line, "RCPT") || begins_with(line, "RSET") ||
               begins_with(line, "NOOP")) {
      out += "250 2.0.0 yes\r\n";
    } else if (begins_with(line, "DATA")) {
      out += "354 go ahead\r\n";
      session.in_data = true;
    } else if (begins_with(line, "QUIT")) {
      out += "221 2.0.0 bye\r\n";
      session.closing = true;
    } else {
      out += "500 5.5.1 what\r\n";
    }
    return false;
  }

  /// False: whoever asked is gone.
  bool answer_control() {
    char buffer[256];
    const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (size <= 0) return false;
    if (std::string_view(buffer, static_cast<std::size_t>(size)).starts_with("reset")) counts_ = {};
    fmt::print(
        R"({{"sessions": {}, "messages": {}, "distinct": {}, "full": {}, "resumed": {}, "hosts": {}, "last": {:.6f}}})"
        "\n",
        counts_.sessions, counts_.messages, counts_.distinct.size(), counts_.full, counts_.resumed,
        counts_.hosts.size(), counts_.last);
    std::fflush(stdout);
    return true;
  }

  int epoll_;
  std::vector<int> doors_;
  std::vector<SSL_CTX*> contexts_;
  std::unordered_map<std::uint64_t, Session> sessions_;
  std::uint64_t next_tag_ = 0;
  Counts counts_;
};

}  // namespace
}  // namespace load

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  load::Sink(load::Arguments(count, words)).run();
}
