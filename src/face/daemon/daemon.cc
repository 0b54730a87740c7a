// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <deque>
#include <filesystem>
#include <thread>

#include "edge/http/server.h"
#include "edge/journal/spool.h"
#include "edge/privileges/file_modes.h"
#include "edge/privileges/privileges.h"
#include "edge/settings/values.h"
#include "edge/store/atomic_file.h"
#include "face/admin/admin.h"
#include "face/daemon/in_force.h"
#include "face/daemon/open_files.h"
#include "face/daemon/sockets.h"
#include "flow/dispatch/courier.h"
#include "flow/dispatch/trace_line.h"
#include "flow/inbound/inbound.h"
#include "flow/outbound/adapters.h"
#include "flow/queue/log_witness.h"
#include "flow/queue/queue.h"
#include "vocab/await_all.h"

namespace postseal::daemon {

namespace {

namespace asio = boost::asio;
using observe::Level;

Level level_of(std::string_view word) {
  if (word == "debug") return Level::Debug;
  if (word == "warning") return Level::Warning;
  if (word == "error") return Level::Error;
  return Level::Info;
}

/// A thread for sessions, with everything that belongs to it.
struct SessionThread {
  asio::io_context context{1};
  std::vector<MailDoor> doors;
  std::unique_ptr<inbound::Inbound> inbound;
  std::thread thread;
};

class Daemon {
 public:
  explicit Daemon(Start start)
      : start_(std::move(start)),
        log_(start_.settings.log.format == "json" ? observe::LogFormat::Json : observe::LogFormat::Text,
             level_of(start_.settings.log.level)) {}

  ~Daemon() { end_threads(); }

  std::expected<void, Failure> run() {
    for (const auto step : {&Daemon::complete_settings, &Daemon::open_sockets, &Daemon::drop_privileges,
                            &Daemon::allow_many_files, &Daemon::open_store, &Daemon::load_values,
                            &Daemon::build_way_out, &Daemon::build_sessions, &Daemon::open_admin}) {
      if (auto done = (this->*step)(); !done) return done;
    }
    start_threads();
    // Before anybody is told that we are ready: SIGHUP would end us.
    signals_.emplace(main_, SIGTERM, SIGINT, SIGHUP);
    asio::co_spawn(main_, watch_signals(), asio::detached);
    asio::co_spawn(main_, keep_house(), asio::detached);
    queue_->start();
    privileges::notify("READY=1");
    log_.write(Level::Info, "ready",
               {{"hostname", std::string_view(settings().delivery.hostname)},
                {"queued", static_cast<std::int64_t>(store_->size().letters)}});
    main_.run();
    end_threads();
    return {};
  }

 private:
  settings::Settings& settings() { return start_.settings; }

  static std::unexpected<Failure> fail(Failure::Kind kind, std::string what) {
    return std::unexpected(Failure{kind, std::move(what)});
  }

  // --- the start, step by step ---

  std::expected<void, Failure> complete_settings() {
    auto& store = settings().store;
    if (settings().cache_dir.empty()) settings().cache_dir = store.directory + "/cache";
    if (settings().delivery.hostname.empty()) {
      return fail(Failure::Kind::Config, "delivery.hostname is not set: the name that others know this server by");
    }
    settings().listeners = settings::listeners_of(settings());
    return {};
  }

  std::expected<void, Failure> open_sockets() {
    handed_ = privileges::take_handed_sockets();
    std::size_t count = settings().server.io_threads;
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) {
      auto& thread = threads_.emplace_back();
      auto doors = open_doors(thread.context, settings().listeners, handed_);
      if (!doors) return fail(Failure::Kind::Unavailable, doors.error());
      thread.doors = std::move(*doors);
    }
    return open_metrics_socket();
  }

  std::expected<void, Failure> open_metrics_socket() {
    if (const auto* socket = handed("metrics")) {
      metrics_socket_ = http::ListeningSocket::adopt(socket->descriptor);
    } else if (const auto& address = settings().admin.metrics_address; !address.empty()) {
      const auto at = settings::parse_host_port(address);
      if (!at) return fail(Failure::Kind::Config, "admin.metrics_address: " + at.error());
      auto opened = http::ListeningSocket::on_tcp(at->address, at->port);
      if (!opened) return fail(Failure::Kind::Unavailable, "admin.metrics_address: " + opened.error());
      metrics_socket_ = std::move(*opened);
    }
    return {};
  }

  const privileges::HandedSocket* handed(std::string_view name) const {
    const auto found = std::ranges::find(handed_, name, &privileges::HandedSocket::name);
    return found == handed_.end() ? nullptr : &*found;
  }

  /// Where the server's own user will write and root alone can make a place.
  std::expected<void, Failure> make_places(const privileges::User& user) {
    const auto folder = std::filesystem::path(settings().admin.socket).parent_path().string();
    for (const auto& [path, mode] :
         {std::pair<std::string, unsigned>{folder, 0750U}, {settings().store.directory, 0700U}}) {
      if (path.empty()) continue;
      auto made = privileges::make_directory_for(path, mode, user.uid, user.gid);
      if (!made) return fail(Failure::Kind::Permission, made.error());
    }
    return {};
  }

  /// As the user that the server is by now, so that its file is that user's.
  std::expected<void, Failure> open_admin_socket() {
    const auto& path = settings().admin.socket;
    if (const auto* socket = handed("admin")) {
      admin_socket_ = http::ListeningSocket::adopt(socket->descriptor);
    } else if (!path.empty()) {
      const auto folder = std::filesystem::path(path).parent_path().string();
      if (!folder.empty()) (void)store::make_directory(folder);
      auto opened = http::ListeningSocket::on_unix(path, 0660);
      if (!opened) return fail(Failure::Kind::Unavailable, "admin.socket: " + opened.error());
      admin_socket_ = std::move(*opened);
    }
    return {};
  }

  std::expected<void, Failure> drop_privileges() {
    if (privileges::is_root()) {
      const auto user = privileges::find_user(settings().server.user);
      if (!user) return fail(Failure::Kind::Config, user.error());
      if (auto made = make_places(*user); !made) return made;
      if (user->uid != 0) {
        if (auto done = privileges::become(*user); !done) return fail(Failure::Kind::Permission, done.error());
        return {};
      }
    }
    if (auto done = privileges::give_up(); !done) return fail(Failure::Kind::Permission, done.error());
    return {};
  }

  /// A line of the log starts its thread, so not before drop_privileges().
  std::expected<void, Failure> allow_many_files() {
    if (const auto files = raise_open_files(); files < settings().limits.connections + kFilesOfOurOwn) {
      warn("limits", fmt::format("limits.connections is {}, and only {} files may be open (LimitNOFILE= of systemd)",
                                 settings().limits.connections, files));
    }
    return {};
  }

  std::expected<void, Failure> open_store() {
    const auto& directory = settings().store.directory;
    if (auto safe = privileges::check_private_directory(directory); !safe) {
      return fail(Failure::Kind::Permission, safe.error());
    }
    journal::SpoolSettings spool;
    spool.directory = directory + "/spool";
    spool.segment_size = settings().store.segment_size;
    spool.warn = [this](const std::string& line) { warn("store", line); };
    spool.on_sync = [this] { metrics_.add(observe::Counter::StoreSyncs); };
    auto opened = journal::open_spool(std::move(spool));
    if (!opened) return fail(Failure::Kind::Unavailable, "the store: " + opened.error().what);
    store_ = std::move(*opened);
    accounts_ = std::make_unique<accounts::Accounts>(settings::accounts_directory(settings()), clock_, 2);
    return {};
  }

  std::expected<void, Failure> load_values() {
    rules_.set(std::make_shared<const inbound::Rules>(rules_of(settings())));
    if (auto done = load_directory(); !done) return fail(Failure::Kind::Unavailable, done.error());
    auto certificate = load_certificate(settings().server, tickets_);
    if (!certificate) return fail(Failure::Kind::Config, certificate.error());
    if (!*certificate) warn("tls", "server.certificate is not set: nobody can use TLS, and nobody can log in");
    certificate_.set(*certificate);
    return {};
  }

  std::expected<void, Failure> build_way_out() {
    slow_.emplace(1);
    auto adapters = outbound::Adapters::create(settings(), main_.get_executor(),
                                               [this](const std::string& line) { warn("delivery", line); });
    if (!adapters) return fail(Failure::Kind::Config, adapters.error());
    adapters_ = std::move(*adapters);
    outbound_ = std::make_unique<outbound::Outbound>(adapters_->services(), adapters_->settings());
    local_ =
        std::make_unique<local::Delivery>(local::DeliverySettings{.hostname = settings().delivery.hostname}, clock_);
    courier_ = std::make_unique<dispatch::MailCourier>(
        *outbound_, *local_, [this] { return directory_.get(); }, metrics_, clock_);
    queue_ = std::make_unique<queue::Queue>(
        queue::Services{*store_, *courier_, witness_, clock_, main_.get_executor(), slow_->get_executor()},
        settings().queue, settings().delivery.hostname);
    if (auto loaded = queue_->load(); !loaded) {
      return fail(Failure::Kind::Unavailable, "the queue cannot be read: " + loaded.error().what);
    }
    return {};
  }

  std::expected<void, Failure> build_sessions() {
    around_ = std::make_unique<inbound::Surroundings>(inbound::Surroundings{
        .rules = [this] { return rules_.get(); },
        .directory = [this] { return directory_.get(); },
        .tls = [this] { return certificate_.get(); },
        .store = *store_,
        .accounts = *accounts_,
        .log = log_,
        .metrics = metrics_,
        .clock = clock_,
        .gate = gate_,
        .accepted =
            [this](const spool::QueuedLetter& letter) {
              store_->add_trace(letter.id, letter.envelope.received, dispatch::acceptance_line(letter));
              queue_->accepted(letter);
            },
    });
    for (auto& thread : threads_) thread.inbound = std::make_unique<inbound::Inbound>(*around_);
    return {};
  }

  std::expected<void, Failure> open_admin() {
    if (auto opened = open_admin_socket(); !opened) return opened;
    door_ = admin::door_to(*queue_, *store_);
    const admin::Services services{metrics_, log_, *door_, [this] { return readiness(); }};
    if (admin_socket_) {
      admin_ = std::make_unique<http::Server>(main_.get_executor(), std::move(*admin_socket_),
                                              admin::handler_for(admin::Audience::Operators, services));
    }
    if (metrics_socket_) {
      watchers_ = std::make_unique<http::Server>(main_.get_executor(), std::move(*metrics_socket_),
                                                 admin::handler_for(admin::Audience::Watchers, services));
    }
    return {};
  }

  void start_threads() {
    for (auto& thread : threads_) {
      for (auto& door : thread.doors) {
        asio::co_spawn(thread.context, thread.inbound->serve(std::move(door.listener), door.role), asio::detached);
      }
      thread.thread = std::thread([&context = thread.context] {
        const auto work = asio::make_work_guard(context);
        context.run();
      });
    }
  }

  // --- while it runs ---

  void warn(std::string_view about, std::string_view line) { log_.write(Level::Warning, about, {{"what", line}}); }

  admin::Readiness readiness() const {
    admin::Readiness state;
    if (stopping_) state.missing.emplace_back("the server is ending");
    return state;
  }

  std::expected<void, std::string> load_directory() {
    const auto as_of = accounts_time();
    auto accounts = accounts_->list();
    if (!accounts) return std::unexpected("the accounts: " + accounts.error());
    accounts_changed_ = as_of;
    std::vector<std::string> complaints;
    directory_.set(std::make_shared<const addressing::Directory>(build_directory(settings(), *accounts, complaints)));
    for (const auto& complaint : complaints) warn("addresses", complaint);
    return {};
  }

  /// When an account was last made, changed or removed: each is a file of its own, replaced whole.
  std::filesystem::file_time_type accounts_time() const {
    std::error_code none;
    return std::filesystem::last_write_time(settings::accounts_directory(start_.settings), none);
  }

  Awaitable<void> watch_signals() {
    while (true) {
      const auto [error, signal] = co_await signals_->async_wait(asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      if (signal == SIGHUP) {
        reload();
        continue;
      }
      break;
    }
    asio::co_spawn(main_, insist(), asio::detached);
    co_await end();
  }

  /// A second signal does not wait for anybody.
  Awaitable<void> insist() {
    asio::signal_set signals(main_, SIGTERM, SIGINT);
    const auto [error, signal] = co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!error) main_.stop();
  }

  /// SIGHUP: new sessions and attempts see the new values, nobody is disconnected. What cannot be read leaves
  /// everything as it was.
  void reload() {
    privileges::notify_reloading();
    auto loaded = start_.load_again();
    if (!loaded) {
      log_.write(Level::Error, "reload",
                 {{"what", std::string_view(loaded.error().to_string())},
                  {"result", std::string_view("kept the old settings")}});
    } else {
      take_over(std::move(*loaded));
    }
    privileges::notify("READY=1");
  }

  void take_over(settings::Settings fresh) {
    auto certificate = load_certificate(fresh.server, tickets_);
    if (!certificate) {
      log_.write(
          Level::Error, "reload",
          {{"what", std::string_view(certificate.error())}, {"result", std::string_view("kept the old certificate")}});
    } else {
      certificate_.set(*certificate);
    }
    // What is bound, opened or built once stays until the next start.
    fresh.listeners = settings().listeners;
    if (fresh.delivery.hostname.empty()) fresh.delivery.hostname = settings().delivery.hostname;
    fresh.store = settings().store;
    fresh.admin = settings().admin;
    fresh.cache_dir = settings().cache_dir;
    settings() = std::move(fresh);
    log_.set_level(level_of(settings().log.level));
    rules_.set(std::make_shared<const inbound::Rules>(rules_of(settings())));
    if (auto done = load_directory(); !done) warn("reload", done.error());
    adapters_->reload(settings());
    outbound_->forget_plans();
    queue_->apply(settings().queue);
    log_.write(Level::Info, "reload", {{"result", std::string_view("new settings are in force")}});
  }

  /// What has to be done now and then.
  Awaitable<void> keep_house() {
    while (!stopping_) {
      co_await sleep(std::chrono::seconds(2));
      if (stopping_) break;
      co_await outbound_->end_idle_sessions(kIdleSession);
      const auto size = store_->size();
      metrics_.set(observe::Gauge::StoreBytesLive, static_cast<double>(size.bytes_live));
      metrics_.set(observe::Gauge::StoreBytesOnDisk, static_cast<double>(size.bytes_on_disk));
      if (accounts_time() != accounts_changed_) {
        if (auto done = load_directory(); !done) warn("addresses", done.error());
      }
    }
  }

  Awaitable<void> sleep(std::chrono::steady_clock::duration time) {
    house_timer_.expires_after(time);
    co_await house_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  // --- the end ---

  Awaitable<void> end() {
    privileges::notify("STOPPING=1");
    log_.write(Level::Info, "ending", {{"sessions", static_cast<std::int64_t>(gate_.inside())}});
    stopping_ = true;
    house_timer_.cancel();
    const Deadline until = Deadline::in(settings().server.graceful_stop);
    // At once: else attempts would begin while clients take their time, only to be cut when the grace is over, and
    // their letters would go twice. What is accepted meanwhile is on stable storage and goes after the next start.
    std::vector<Awaitable<bool>> farewells;
    farewells.push_back(stop_queue(until));
    for (auto& thread : threads_) farewells.push_back(stop_sessions(thread, until));
    co_await await_all(std::move(farewells));
    co_await outbound_->close();
    co_await local_->close();
    if (watchers_) co_await watchers_->finish();
    if (admin_) co_await admin_->finish();
    main_.stop();
  }

  Awaitable<bool> stop_queue(Deadline until) {
    co_await queue_->stop(until);
    co_return true;
  }

  Awaitable<bool> stop_sessions(SessionThread& thread, Deadline until) {
    co_await asio::co_spawn(thread.context, thread.inbound->stop(until), asio::use_awaitable);
    co_return true;
  }

  void end_threads() {
    for (auto& thread : threads_) thread.context.stop();
    for (auto& thread : threads_) {
      if (thread.thread.joinable()) thread.thread.join();
    }
    if (slow_) slow_->join();
  }

  /// The store's, the log's, those of letters on their way out.
  static constexpr std::uint64_t kFilesOfOurOwn = 1000;
  /// A connection that waits for its next letter costs the other side a place.
  static constexpr Seconds kIdleSession{10};

  Start start_;
  SystemClock clock_;
  observe::Log log_;
  observe::Metrics metrics_;
  inbound::Gate gate_;
  std::shared_ptr<tls::TicketKeys> tickets_ = tls::make_ticket_keys();
  Current<inbound::Rules> rules_;
  Current<addressing::Directory> directory_;
  Current<tls::ServerContext> certificate_;
  std::filesystem::file_time_type accounts_changed_{};
  std::vector<privileges::HandedSocket> handed_;
  std::optional<http::ListeningSocket> admin_socket_, metrics_socket_;
  bool stopping_ = false;

  // In the order of building; what is below uses what is above and goes first.
  asio::io_context main_{1};
  std::optional<asio::thread_pool> slow_;  ///< not before root has become somebody else: that needs a single thread
  asio::steady_timer house_timer_{main_};
  std::optional<asio::signal_set> signals_;
  std::deque<SessionThread> threads_;
  std::unique_ptr<journal::Spool> store_;
  std::unique_ptr<accounts::Accounts> accounts_;
  std::unique_ptr<outbound::Adapters> adapters_;
  std::unique_ptr<outbound::Outbound> outbound_;
  std::unique_ptr<local::Delivery> local_;
  std::unique_ptr<dispatch::MailCourier> courier_;
  queue::LogWitness witness_{log_, metrics_};
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<inbound::Surroundings> around_;
  std::unique_ptr<admin::QueueDoor> door_;
  std::unique_ptr<http::Server> admin_, watchers_;
};

}  // namespace

std::expected<void, Failure> run_daemon(Start start) {
  Daemon daemon(std::move(start));
  return daemon.run();
}

}  // namespace postseal::daemon
