// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/assemble.h"

#include <fmt/format.h>

#include <algorithm>

#include "edge/privileges/file_modes.h"
#include "edge/privileges/privileges.h"
#include "edge/settings/values.h"
#include "edge/store/atomic_file.h"
#include "face/daemon/arithmetic.h"
#include "face/daemon/open_files.h"
#include "flow/dispatch/trace_line.h"
#include "flow/sign/outgoing.h"

namespace postseal::daemon {

namespace {

using Done = std::expected<void, Failure>;

/// The store's, the log's, the resolver's, mailboxes, those who ask for numbers.
constexpr std::uint64_t kFilesOfOurOwn = 500;
/// Only while sessions keep all their threads at work; and far below what a network takes.
constexpr std::chrono::milliseconds kGatherFor{2};

std::unexpected<Failure> fail(Failure::Kind kind, std::string what) {
  return std::unexpected(Failure{kind, std::move(what)});
}

Done complete_settings(Parts& parts) {
  auto& store = parts.settings().store;
  if (parts.settings().cache_dir.empty()) parts.settings().cache_dir = store.directory + "/cache";
  if (parts.settings().delivery.hostname.empty()) {
    return fail(Failure::Kind::Config, "delivery.hostname is not set: the name that others know this server by");
  }
  parts.settings().listeners = settings::listeners_of(parts.settings());
  return {};
}

const privileges::HandedSocket* handed(const Parts& parts, std::string_view name) {
  const auto found = std::ranges::find(parts.handed, name, &privileges::HandedSocket::name);
  return found == parts.handed.end() ? nullptr : &*found;
}

Done open_metrics_socket(Parts& parts) {
  if (const auto* socket = handed(parts, "metrics")) {
    parts.metrics_socket = http::ListeningSocket::adopt(socket->descriptor);
  } else if (const auto& address = parts.settings().admin.metrics_address; !address.empty()) {
    const auto at = settings::parse_host_port(address);
    if (!at) return fail(Failure::Kind::Config, "admin.metrics_address: " + at.error());
    auto opened = http::ListeningSocket::on_tcp(at->address, at->port);
    if (!opened) return fail(Failure::Kind::Unavailable, "admin.metrics_address: " + opened.error());
    parts.metrics_socket = std::move(*opened);
  }
  return {};
}

/// The other half of the cores is for what sessions wait for: syncs, signatures, DNS; and for delivery. With a thread
/// on every core these would take turns with sessions, and each turn costs more than it does.
std::size_t usual_io_threads() { return std::max(1U, (std::thread::hardware_concurrency() + 1) / 2); }

Done open_sockets(Parts& parts) {
  parts.handed = privileges::take_handed_sockets();
  const std::size_t asked = parts.settings().server.io_threads;
  for (std::size_t i = 0; i < (asked == 0 ? usual_io_threads() : asked); ++i) {
    auto& thread = parts.threads.emplace_back();
    auto doors = open_doors(thread.context, parts.settings().listeners, parts.handed);
    if (!doors) return fail(Failure::Kind::Unavailable, doors.error());
    thread.doors = std::move(*doors);
  }
  return open_metrics_socket(parts);
}

/// Where the server's own user will write and root alone can make a place.
Done make_places(Parts& parts, const privileges::User& user) {
  const auto folder = std::filesystem::path(parts.settings().admin.socket).parent_path().string();
  for (const auto& [path, mode] :
       {std::pair<std::string, unsigned>{folder, 0750U}, {parts.settings().store.directory, 0700U}}) {
    if (path.empty()) continue;
    auto made = privileges::make_directory_for(path, mode, user.uid, user.gid);
    if (!made) return fail(Failure::Kind::Permission, made.error());
  }
  return {};
}

/// As the user that the server is by now, so that its file is that user's.
Done open_admin_socket(Parts& parts) {
  const auto& path = parts.settings().admin.socket;
  if (const auto* socket = handed(parts, "admin")) {
    parts.admin_socket = http::ListeningSocket::adopt(socket->descriptor);
  } else if (!path.empty()) {
    const auto folder = std::filesystem::path(path).parent_path().string();
    if (!folder.empty()) (void)store::make_directory(folder);
    auto opened = http::ListeningSocket::on_unix(path, 0660);
    if (!opened) return fail(Failure::Kind::Unavailable, "admin.socket: " + opened.error());
    parts.admin_socket = std::move(*opened);
  }
  return {};
}

Done drop_privileges(Parts& parts) {
  if (privileges::is_root()) {
    const auto user = privileges::find_user(parts.settings().server.user);
    if (!user) return fail(Failure::Kind::Config, user.error());
    if (auto made = make_places(parts, *user); !made) return made;
    if (user->uid != 0) {
      if (auto done = privileges::become(*user); !done) return fail(Failure::Kind::Permission, done.error());
      return {};
    }
  }
  if (auto done = privileges::give_up(); !done) return fail(Failure::Kind::Permission, done.error());
  return {};
}

/// A line of the log starts its thread, so not before drop_privileges().
Done allow_many_files(Parts& parts) {
  const std::uint64_t in = parts.settings().limits.connections, out = parts.settings().queue.connections;
  if (const auto files = raise_open_files(); files < in + out + kFilesOfOurOwn) {
    parts.warn("limits",
               fmt::format("limits.connections is {}, queue.connections {}; with {} of our own that makes {}, "
                           "and only {} files may be open (LimitNOFILE= of systemd)",
                           in, out, kFilesOfOurOwn, in + out + kFilesOfOurOwn, files));
  }
  return {};
}

Done open_store(Parts& parts) {
  const auto& directory = parts.settings().store.directory;
  if (auto safe = privileges::check_private_directory(directory); !safe) {
    return fail(Failure::Kind::Permission, safe.error());
  }
  journal::SpoolSettings spool;
  spool.directory = directory + "/spool";
  spool.gather_for = kGatherFor;
  spool.segment_size = parts.settings().store.segment_size;
  spool.warn = [&parts](const std::string& line) { parts.warn("store", line); };
  spool.on_sync = [&parts] { parts.metrics.add(observe::Counter::StoreSyncs); };
  auto opened = journal::open_spool(std::move(spool));
  if (!opened) return fail(Failure::Kind::Unavailable, "the store: " + opened.error().what);
  parts.store = std::move(*opened);
  parts.accounts = std::make_unique<accounts::Accounts>(settings::accounts_directory(parts.settings()), parts.clock, 2);
  return {};
}

Done load_values(Parts& parts) {
  parts.rules.set(std::make_shared<const inbound::Rules>(rules_of(parts.settings())));
  if (auto done = parts.load_directory(); !done) return fail(Failure::Kind::Unavailable, done.error());
  auto certificate = load_certificate(parts.settings().server, parts.tickets);
  if (!certificate) return fail(Failure::Kind::Config, certificate.error());
  if (!*certificate) parts.warn("tls", "server.certificate is not set: nobody can use TLS, and nobody can log in");
  parts.certificate.set(*certificate);
  return {};
}

Done load_keys(Parts& parts) {
  const std::string directory = settings::keys_directory(parts.settings());
  if (auto safe = privileges::check_private_directory(directory); !safe)
    return fail(Failure::Kind::Permission, safe.error());
  parts.key_directory.emplace(directory);
  parts.load_keys();
  return {};
}

/// Notifications are ours as much as users' letters are.
Awaitable<std::string> sign_notification(Parts* parts, std::string text) {
  if (!parts->settings().signing.enabled) co_return std::string();
  auto done =
      co_await sign::sign_text(std::move(text), parts->keys.get(), parts->authentication->offload, parts->clock.now());
  if (!done.problem.empty()) parts->warn("notification not signed", done.problem);
  if (!done.fields.empty()) parts->metrics.add(observe::Counter::Signatures, "dkim");
  co_return std::move(done.fields);
}

Done build_way_out(Parts& parts) {
  parts.slow.emplace(1);
  parts.arithmetic.emplace(std::max(1U, std::thread::hardware_concurrency()));
  auto adapters = outbound::Adapters::create(parts.settings(), parts.main.get_executor(),
                                             [&parts](const std::string& line) { parts.warn("delivery", line); });
  if (!adapters) return fail(Failure::Kind::Config, adapters.error());
  parts.adapters = std::move(*adapters);
  const auto executor = parts.lookups.context.get_executor();
  auto resolver = outbound::make_resolver(parts.adapters->settings(), executor, "senders");
  if (!resolver) return fail(Failure::Kind::Config, resolver.error());
  parts.lookups.unbound = std::move(*resolver);
  parts.lookups.shared = std::make_unique<resolver::SharedResolver>(*parts.lookups.unbound, executor);
  parts.authentication.emplace(
      authenticate::Services{*parts.lookups.shared, offload_to(*parts.arithmetic, parts.loops), parts.clock});
  parts.outbound = std::make_unique<outbound::Outbound>(parts.adapters->services(), parts.adapters->settings());
  parts.local = std::make_unique<local::Delivery>(
      local::DeliverySettings{.hostname = parts.settings().delivery.hostname}, parts.clock);
  parts.courier = std::make_unique<dispatch::MailCourier>(
      *parts.outbound, *parts.local, [&parts] { return parts.directory.get(); }, parts.metrics, parts.clock);
  parts.queue = std::make_unique<queue::Queue>(
      queue::Services{*parts.store, *parts.courier, parts.witness, parts.clock, parts.main.get_executor(),
                      parts.slow->get_executor(),
                      [&parts](std::string text) { return sign_notification(&parts, std::move(text)); }},
      parts.settings().queue, parts.settings().delivery.hostname);
  if (auto loaded = parts.queue->load(); !loaded) {
    return fail(Failure::Kind::Unavailable, "the queue cannot be read: " + loaded.error().what);
  }
  return {};
}

Done build_sessions(Parts& parts) {
  parts.around = std::make_unique<inbound::Surroundings>(inbound::Surroundings{
      .rules = [&parts] { return parts.rules.get(); },
      .directory = [&parts] { return parts.directory.get(); },
      .tls = [&parts] { return parts.certificate.get(); },
      .store = *parts.store,
      .accounts = *parts.accounts,
      .log = parts.log,
      .metrics = parts.metrics,
      .clock = parts.clock,
      .gate = parts.gate,
      .accepted =
          [&parts](const spool::QueuedLetter& letter) {
            parts.store->add_trace(letter.id, letter.envelope.received, dispatch::acceptance_line(letter));
            parts.queue->accepted(letter);
          },
      .authentication = &*parts.authentication,
      .keys = [&parts] { return parts.keys.get(); },
      .judged =
          [&parts](const spool::QueuedLetter& letter, const authenticate::Outcome& outcome) {
            parts.store->add_trace(letter.id, letter.envelope.received,
                                   dispatch::judgement_line(outcome, letter.envelope.received));
          },
  });
  for (auto& thread : parts.threads) thread.inbound = std::make_unique<inbound::Inbound>(*parts.around);
  return {};
}

admin::Readiness readiness(const Parts& parts) {
  admin::Readiness state;
  if (parts.stopping) state.missing.emplace_back("the server is ending");
  return state;
}

Done open_admin(Parts& parts) {
  if (auto opened = open_admin_socket(parts); !opened) return opened;
  parts.door = admin::door_to(*parts.queue, *parts.store);
  const admin::Services services{parts.metrics, parts.log, *parts.door, [&parts] { return readiness(parts); }};
  if (parts.admin_socket) {
    parts.admin = std::make_unique<http::Server>(parts.main.get_executor(), std::move(*parts.admin_socket),
                                                 admin::handler_for(admin::Audience::Operators, services));
  }
  if (parts.metrics_socket) {
    parts.watchers = std::make_unique<http::Server>(parts.main.get_executor(), std::move(*parts.metrics_socket),
                                                    admin::handler_for(admin::Audience::Watchers, services));
  }
  return {};
}

}  // namespace

std::expected<void, Failure> assemble(Parts& parts) {
  for (const auto step : {complete_settings, open_sockets, drop_privileges, allow_many_files, open_store, load_values,
                          load_keys, build_way_out, build_sessions, open_admin}) {
    if (auto done = step(parts); !done) return done;
  }
  return {};
}

}  // namespace postseal::daemon
