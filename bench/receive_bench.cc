// SPDX-License-Identifier: Apache-2.0
// rooms: flow/inbound edge/net tests
// CPU of the server for one accepted letter of 4 KiB, over loopback, with a store in memory: what dialogue, sockets,
// TLS and headers cost without the disk. The client is a process of its own and is not counted.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <string>

#include "edge/net/listen.h"
#include "flow/inbound/inbound.h"
#include "tests/certificates.h"

namespace {

using namespace postseal;

struct Shape {
  int letters_per_session = 1;
  bool tls = false;
};

/// A blocking client, with or without TLS. Leaves on any surprise.
class Client {
 public:
  explicit Client(std::uint16_t port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) ::_exit(1);
  }
  ~Client() {
    if (ssl_ != nullptr) SSL_free(ssl_);
    ::close(fd_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void secure(SSL_CTX* context) {
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) ::_exit(2);
  }
  void say(std::string_view text, std::string_view code) {
    const auto size = static_cast<int>(text.size());
    if (!text.empty() && (ssl_ ? SSL_write(ssl_, text.data(), size) : ::write(fd_, text.data(), text.size())) != size)
      ::_exit(3);
    std::string got;
    char buffer[4096];
    // Until the last reply has come whole.
    while (!(got.ends_with("\r\n") && is_last(got, code))) {
      const auto count =
          ssl_ ? SSL_read(ssl_, buffer, sizeof buffer) : static_cast<int>(::read(fd_, buffer, sizeof buffer));
      if (count <= 0) ::_exit(4);
      got.append(buffer, static_cast<std::size_t>(count));
    }
  }

 private:
  static bool is_last(const std::string& got, std::string_view code) {
    const auto begin = got.rfind("\r\n", got.size() - 3);
    const auto line = std::string_view(got).substr(begin == std::string::npos ? 0 : begin + 2);
    return line.starts_with(code) && line.size() > 3 && line[3] == ' ';
  }
  int fd_;
  SSL* ssl_ = nullptr;
};

[[noreturn]] void send_for_ever(std::uint16_t port, Shape shape) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  std::string letter =
      "From: <x@elsewhere.test>\r\nTo: <alice@example.org>\r\nSubject: bench\r\nMessage-ID: <1@x>\r\n\r\n";
  while (letter.size() < 4096) letter += "The quick brown fox jumps over the lazy dog, again and again and again.\r\n";
  for (;;) {
    Client client(port);
    client.say("", "220");
    client.say("EHLO client.test\r\n", "250");
    if (shape.tls) {
      client.say("STARTTLS\r\n", "220");
      client.secure(context);
      client.say("EHLO client.test\r\n", "250");
    }
    for (int i = 0; i < shape.letters_per_session; ++i) {
      client.say("MAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n", "354");
      client.say(letter + ".\r\n", "250");
    }
    client.say("QUIT\r\n", "221");
  }
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Forgets what it is given, like a queue that delivers at once.
class NoStore final : public spool::Store {
 public:
  class NoDraft final : public spool::Draft {
   public:
    explicit NoDraft(std::uint64_t id) : id_{id} {}
    spool::LetterId id() const override { return id_; }
    Awaitable<spool::StoreResult<void>> append(std::string_view piece) override {
      bytes_.append(piece);
      co_return spool::StoreResult<void>();
    }
    Awaitable<spool::StoreResult<void>> put_in_front(std::string octets) override {
      bytes_.insert(0, octets);
      co_return spool::StoreResult<void>();
    }

   private:
    spool::LetterId id_;
    std::string bytes_;
  };
  std::unique_ptr<spool::Draft> begin() override { return std::make_unique<NoDraft>(++last_); }
  Awaitable<spool::StoreResult<spool::QueuedLetter>> commit(std::unique_ptr<spool::Draft> draft,
                                                            spool::Envelope envelope) override {
    spool::QueuedLetter letter;
    letter.id = draft->id();
    letter.envelope = std::move(envelope);
    co_return letter;
  }
  spool::StoreResult<void> change(const spool::LetterChange&) override { return {}; }
  Awaitable<spool::StoreResult<void>> change_durably(spool::LetterChange) override {
    co_return spool::StoreResult<void>();
  }
  spool::StoreResult<spool::QueuedLetter> load(spool::LetterId) override { return spool::QueuedLetter(); }
  message::OpenSource open(spool::LetterId) override { return nullptr; }
  spool::StoreResult<void> for_each(std::function<bool(const spool::QueuedLetter&)>) override { return {}; }
  void add_trace(spool::LetterId, WallTime, std::string_view) override {}
  spool::StoreResult<std::vector<std::string>> trace(spool::LetterId) override { return std::vector<std::string>(); }
  void forget_traces_before(WallTime) override {}
  spool::StoreResult<void> put_note(std::string_view, std::string_view) override { return {}; }
  spool::StoreResult<std::optional<std::string>> note(std::string_view) override { return std::nullopt; }
  Size size() override { return {}; }

 private:
  std::uint64_t last_ = 0;
};

void receive(benchmark::State& state, Shape shape) {
  SystemClock clock;
  NoStore store;
  accounts::Accounts accounts("/nonexistent", clock, 1);
  observe::Log log(observe::LogFormat::Text, observe::Level::Error);
  observe::Metrics metrics;
  inbound::Gate gate;
  auto rules = std::make_shared<inbound::Rules>();
  rules->hostname = "mx.example.org";
  rules->limits.connection_rate = rules->limits.recipient_rate = 1'000'000'000;
  const auto directory = std::make_shared<addressing::Directory>(
      std::vector<addressing::LocalDomain>{{.name = *Domain::parse("example.org"), .users = {"alice"}}},
      std::vector<addressing::Alias>{});
  const auto certificate = tests::issue({.common_name = "mx.example.org", .dns_names = {"mx.example.org"}});
  const auto tls = std::make_shared<tls::ServerContext>(
      *tls::ServerContext::create(tls::ServerSettings::for_mail({certificate.pem, certificate.key_pem})));
  std::int64_t letters = 0;

  boost::asio::io_context io;
  inbound::Inbound inbound({.rules = [&] { return rules; },
                            .directory = [&] { return directory; },
                            .tls = [&] { return tls; },
                            .store = store,
                            .accounts = accounts,
                            .log = log,
                            .metrics = metrics,
                            .clock = clock,
                            .gate = gate,
                            .accepted = [&](const spool::QueuedLetter&) { ++letters; }});
  std::unique_ptr<net::Listener> listener;
  boost::asio::co_spawn(io, net::listen_tcp(*IpAddress::parse("127.0.0.1"), 0),
                        [&](std::exception_ptr, auto made) { listener = std::move(*made); });
  io.run();
  io.restart();
  const std::uint16_t port = listener->port();
  const pid_t client = ::fork();
  if (client == 0) send_for_ever(port, shape);
  boost::asio::co_spawn(io, inbound.serve(std::move(listener), settings::ListenerRole::Relay), boost::asio::detached);

  const double cpu = cpu_seconds();
  const std::int64_t first = letters;
  for (auto _ : state) {
    const std::int64_t before = letters;
    while (letters == before) io.run_one();
  }
  const auto count = static_cast<double>(letters - first);
  state.counters["cpu_us_per_letter"] = (cpu_seconds() - cpu) * 1e6 / count;
  ::kill(client, SIGKILL);
  ::waitpid(client, nullptr, 0);
}

void many_letters_in_one_session(benchmark::State& state) { receive(state, {.letters_per_session = 900}); }
void one_letter_in_each_session(benchmark::State& state) { receive(state, {}); }
void many_letters_in_one_session_in_tls(benchmark::State& state) {
  receive(state, {.letters_per_session = 900, .tls = true});
}
void one_letter_in_each_session_in_tls(benchmark::State& state) { receive(state, {.tls = true}); }

BENCHMARK(many_letters_in_one_session)->Iterations(20'000);
BENCHMARK(one_letter_in_each_session)->Iterations(5'000);
BENCHMARK(many_letters_in_one_session_in_tls)->Iterations(20'000);
BENCHMARK(one_letter_in_each_session_in_tls)->Iterations(1'000);

}  // namespace
