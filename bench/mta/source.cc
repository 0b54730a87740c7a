// SPDX-License-Identifier: Apache-2.0
// The clients of the benchmark: so many connections at once, each sends so many messages, one command at a time, for so
// long or until so many are sent; or opens sessions and leaves them idle. One thread. Prints a line of JSON at the end.
#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "channel.h"

namespace load {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Text that does not compress, of so many octets at least, with the end of DATA behind it. The same in every run.
std::string make_body(std::size_t size) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr int kLineLength = 74;
  std::string body;
  std::uint64_t state = 88172645463325252ULL;
  while (body.size() < size) {
    for (int i = 0; i < kLineLength; ++i) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      body += kLetters[state & 63];
    }
    body += "\r\n";
  }
  return body + ".\r\n";
}

struct Plan {
  sockaddr_in server{};
  long connections = 20, messages = 0, per_connection = 1, domains = 500, idle = 0;
  double seconds = 0, stall = 5;
  bool starttls = false;
  std::string body;
  std::string letter;  ///< sent as it is, in place of header and body of our own
};

enum class Phase { Connecting, Greeting, Ehlo, StartTls, Mail, Rcpt, Data, Body, Idle };

struct Client {
  std::unique_ptr<Channel> channel;
  Phase phase = Phase::Connecting;
  long message = -1, sent = 0;
  double began = 0;  ///< the message; with the first one of a connection the connection, too
  double dialled = 0;
};

class Source {
 public:
  explicit Source(Plan plan)
      : plan_(std::move(plan)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        context_(make_context(TLS_client_method())),
        clients_(static_cast<std::size_t>(plan_.connections)) {}

  void run() {
    began_ = now();
    for (std::size_t i = 0; i < clients_.size(); ++i) start(i);
    std::vector<epoll_event> events(512);
    double looked = began_;
    while (open_ > 0 && !(plan_.idle > 0 && idle_ + errors_ >= plan_.idle)) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 200);
      for (int i = 0; i < count; ++i) serve(events[static_cast<std::size_t>(i)].data.u64);
      if (const double time = now(); time - looked > 0.2) {
        looked = time;
        dial_stalled_again();
      }
    }
    ended_ = now();
  }

  void report() {
    std::ranges::sort(latencies_);
    const auto quantile = [this](double share) {
      if (latencies_.empty()) return 0.0;
      return latencies_[std::min(latencies_.size() - 1,
                                 static_cast<std::size_t>(share * static_cast<double>(latencies_.size())))] *
             1e3;
    };
    std::ranges::replace_if(first_error_, [](char c) { return c == '"' || c == '\\' || c < ' '; }, ' ');
    fmt::print(R"({{"accepted": {}, "rate": {:.1f}, "seconds": {:.3f}, "p50_ms": {:.2f}, "p99_ms": {:.2f}, )"
               R"("errors": {}, "dialled_again": {}, "idle": {}, "first_error": "{}"}})"
               "\n",
               latencies_.size(), static_cast<double>(latencies_.size()) / (ended_ - began_), ended_ - began_,
               quantile(0.5), quantile(0.99), errors_, dialled_again_, idle_, first_error_);
    std::fflush(stdout);
  }

 private:
  bool take_message(Client& client) {
    client.message = -1;
    const bool over = (plan_.messages > 0 && next_message_ >= plan_.messages) ||
                      (plan_.seconds > 0 && now() - began_ > plan_.seconds);
    if (plan_.idle == 0 && over) return false;
    client.message = next_message_++;
    return true;
  }

  void start(std::size_t index) {
    Client& client = clients_[index];
    if (!take_message(client)) return;
    client.began = now();
    ++open_;
    dial(index);
  }

  void dial(std::size_t index) {
    Client& client = clients_[index];
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    // A refusal shows at the first event.
    (void)::connect(socket, reinterpret_cast<const sockaddr*>(&plan_.server), sizeof plan_.server);
    client.channel = std::make_unique<Channel>(epoll_, socket, index);
    client.channel->watch(true);
    client.phase = Phase::Connecting;
    client.sent = 0;
    client.dialled = now();
  }

  /// A server with a short queue of connections leaves some of them without a greeting for ever, since for the kernel
  /// they are established. The latency goes on from the first try.
  void dial_stalled_again() {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      const Client& client = clients_[i];
      if (!client.channel || client.phase > Phase::Greeting || now() - client.dialled < plan_.stall) continue;
      ++dialled_again_;
      dial(i);
    }
  }

  void end(std::size_t index, std::string_view error = {}) {
    Client& client = clients_[index];
    if (!error.empty()) {
      ++errors_;
      if (first_error_.empty()) first_error_ = error;
    }
    client.channel.reset();
    --open_;
    if (plan_.idle == 0) start(index);
  }

  void serve(std::size_t index) {
    Client& client = clients_[index];
    if (!client.channel) return;
    if (client.phase == Phase::Connecting) {
      client.phase = Phase::Greeting;
      client.channel->watch(false);
    }
    if (!client.channel->push()) return end(index, "the connection broke");
    const bool alive = client.channel->pull();
    if (!take_replies(index)) return;
    if (!alive || !client.channel->push()) end(index, "the server closed the connection");
  }

  /// False: the connection is over.
  bool take_replies(std::size_t index) {
    Client& client = clients_[index];
    std::size_t done = 0;
    while (true) {
      const std::string& in = client.channel->in;
      const auto end_of_line = in.find('\n', done);
      if (end_of_line == std::string::npos) break;
      const std::string line = in.substr(done, end_of_line - done);
      done = end_of_line + 1;
      if (line.size() > 3 && line[3] == '-') continue;
      if (!answer(index, line)) return false;
    }
    client.channel->in.erase(0, done);
    return true;
  }

  bool answer(std::size_t index, const std::string& reply) {
    Client& client = clients_[index];
    if (reply.empty() || reply.front() != (client.phase == Phase::Data ? '3' : '2')) {
      end(index, "refused: " + reply);
      return false;
    }
    std::string& out = client.channel->out;
    switch (client.phase) {
      case Phase::Connecting:
      case Phase::Idle:
        break;
      case Phase::Greeting:
        out += "EHLO source.bench\r\n";
        client.phase = Phase::Ehlo;
        break;
      case Phase::Ehlo:
        if (plan_.starttls && !client.channel->in_tls()) {
          out += "STARTTLS\r\n";
          client.phase = Phase::StartTls;
        } else if (plan_.idle > 0) {
          client.phase = Phase::Idle;
          ++idle_;
        } else {
          begin_message(client);
        }
        break;
      case Phase::StartTls:
        client.channel->start_tls(context_, false);
        out += "EHLO source.bench\r\n";
        client.phase = Phase::Ehlo;
        break;
      case Phase::Mail:
        out += fmt::format("RCPT TO:<u{}@d{}.bench>\r\n", client.message % 10, client.message % plan_.domains);
        client.phase = Phase::Rcpt;
        break;
      case Phase::Rcpt:
        out += "DATA\r\n";
        client.phase = Phase::Data;
        break;
      case Phase::Data:
        client.phase = Phase::Body;
        if (!plan_.letter.empty()) {
          out += plan_.letter;
          break;
        }
        out += fmt::format(
            "From: <sender@source.bench>\r\nTo: <u{}@d{}.bench>\r\nSubject: bench {}\r\n"
            "Date: Mon, 01 Jan 2024 00:00:00 +0000\r\nMessage-ID: <{}@source.bench>\r\nX-Bench-Id: {}\r\n\r\n",
            client.message % 10, client.message % plan_.domains, client.message, client.message, client.message);
        out += plan_.body;
        break;
      case Phase::Body:
        latencies_.push_back(now() - client.began);
        if (++client.sent < plan_.per_connection && take_message(client)) {
          client.began = now();
          begin_message(client);
          break;
        }
        // As other servers do: nobody waits for the 221.
        out += "QUIT\r\n";
        (void)client.channel->push();
        end(index);
        return false;
    }
    return true;
  }

  static void begin_message(Client& client) {
    client.channel->out += "MAIL FROM:<sender@source.bench>\r\n";
    client.phase = Phase::Mail;
  }

  Plan plan_;
  int epoll_;
  SSL_CTX* context_;
  std::vector<Client> clients_;
  std::vector<double> latencies_;
  long next_message_ = 0, open_ = 0, errors_ = 0, dialled_again_ = 0, idle_ = 0;
  double began_ = 0, ended_ = 0;
  std::string first_error_;
};

Plan plan_from(const Arguments& arguments) {
  Plan plan;
  plan.server.sin_family = AF_INET;
  plan.server.sin_port = htons(static_cast<std::uint16_t>(arguments.number("--port", 2525)));
  ::inet_pton(AF_INET, arguments.text("--address", "127.0.0.1").c_str(), &plan.server.sin_addr);
  plan.idle = arguments.number("--idle", 0);
  plan.connections = plan.idle > 0 ? plan.idle : arguments.number("--connections", plan.connections);
  plan.messages = arguments.number("--messages", 0);
  plan.per_connection = arguments.number("--per-connection", plan.per_connection);
  plan.domains = arguments.number("--domains", plan.domains);
  plan.seconds = static_cast<double>(arguments.number("--milliseconds", 0)) / 1e3;
  plan.stall = static_cast<double>(arguments.number("--stall-milliseconds", 5000)) / 1e3;
  plan.starttls = arguments.has("--starttls");
  if (arguments.has("--letter")) {
    std::ifstream file(arguments.text("--letter", ""), std::ios::binary);
    plan.letter.assign(std::istreambuf_iterator<char>(file), {});
    plan.letter += ".\r\n";
  }
  plan.body = make_body(static_cast<std::size_t>(arguments.number("--size", 4096)));
  return plan;
}

}  // namespace
}  // namespace load

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  const load::Arguments arguments(count, words);
  load::Source source(load::plan_from(arguments));
  source.run();
  source.report();
  // Idle sessions stay until whoever started us closes our standard input.
  char end;
  if (arguments.has("--idle")) (void)!::read(STDIN_FILENO, &end, 1);
}
