// SPDX-License-Identifier: Apache-2.0
// postseal init: from nothing to a server that can be started. Overwrites nothing; what it made is removed again if it
// cannot finish.
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "edge/accounts/accounts.h"
#include "edge/privileges/file_modes.h"
#include "edge/privileges/privileges.h"
#include "edge/store/atomic_file.h"
#include "edge/tls/own_certificate.h"
#include "edge/tls/server.h"
#include "face/cli/cli.h"
#include "face/cli/dkim_keys.h"
#include "face/cli/init_plan.h"
#include "face/cli/password.h"
#include "face/cli/run.h"

namespace postseal::cli {

namespace {

namespace fs = std::filesystem;

// A certificate that nobody renews should not fail on a quiet Sunday; senders that look at DANE do not look at dates.
constexpr std::chrono::days kCertificateLife{3650};
constexpr std::chrono::hours kClockSlack{24};
constexpr std::size_t kMostPem = std::size_t{1} << 20;

struct InitOptions {
  InitWish wish;
  std::string password_file;
};

/// Who will own what is made; root's are handed over.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Removes what it made unless everything came about.
class Made {
 public:
  ~Made() {
    std::error_code ignored;
    if (!kept_)
      for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) fs::remove(*path, ignored);
  }
  void add(fs::path path) { paths_.push_back(std::move(path)); }
  /// The directories that are missing on the way to this one are ours.
  void add_missing(const fs::path& directory) {
    std::vector<fs::path> missing;
    std::error_code ignored;
    for (fs::path at = directory; at.has_relative_path() && !fs::exists(at, ignored); at = at.parent_path())
      missing.push_back(at);
    paths_.insert(paths_.end(), missing.rbegin(), missing.rend());
  }
  void keep() { kept_ = true; }

 private:
  std::vector<fs::path> paths_;
  bool kept_ = false;
};

std::string own_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "postseal" : entry->pw_name;
}

std::vector<IpAddress> public_addresses() {
  std::vector<IpAddress> result;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return result;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    std::optional<IpAddress> address;
    if (each->ifa_addr->sa_family == AF_INET) {
      std::array<std::uint8_t, 4> octets;
      std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr, octets.size());
      address = IpAddress::v4(octets);
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      std::array<std::uint8_t, 16> octets;
      std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6*>(each->ifa_addr)->sin6_addr, octets.size());
      address = IpAddress::v6(octets);
    }
    if (address && !address->is_special_purpose()) result.push_back(*address);
  }
  ::freeifaddrs(all);
  return result;
}

/// What is there already and would be overwritten.
std::vector<std::string> in_the_way(const InitPlan& plan) {
  std::vector<std::string> paths{plan.config};
  if (plan.makes_certificate) paths.insert(paths.end(), {plan.settings.server.certificate, plan.settings.server.key});
  std::vector<std::string> there;
  std::error_code ignored;
  for (const std::string& path : paths)
    if (fs::exists(fs::symlink_status(path, ignored))) there.push_back(path);
  // A store with letters or accounts belongs to a server that exists.
  if (fs::exists(plan.settings.store.directory, ignored) && !fs::is_empty(plan.settings.store.directory, ignored))
    there.push_back(plan.settings.store.directory);
  return there;
}

using Done = std::expected<void, std::string>;

Done make_directory(Made& made, const std::string& path, mode_t mode, Owner owner) {
  made.add_missing(path);
  return privileges::make_directory_for(path, mode, owner.uid, owner.gid);
}

Done write_file(Made& made, const std::string& path, const std::string& text, mode_t mode, Owner owner) {
  const fs::path at(path);
  made.add_missing(at.parent_path());
  std::error_code error;
  fs::create_directories(at.parent_path(), error);
  if (error) return std::unexpected(fmt::format("{}: {}", at.parent_path().string(), error.message()));
  made.add(at);
  if (auto done = store::replace_file(at.parent_path().string(), at.filename().string(), text); !done) return done;
  // Root's files stay root's: the server may read its settings and key, not change them.
  if (::chown(path.c_str(), ::geteuid(), owner.gid) != 0 || ::chmod(path.c_str(), mode) != 0)
    return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  return {};
}

/// The digest of the key, for TLSA.
std::expected<std::string, std::string> provide_certificate(Made& made, const InitPlan& plan, Owner owner) {
  const auto& [certificate, key] = std::tie(plan.settings.server.certificate, plan.settings.server.key);
  std::string chain_pem;
  if (plan.makes_certificate) {
    const WallTime now = SystemClock().now();
    const auto self_signed =
        tls::make_self_signed({plan.settings.delivery.hostname}, now - kClockSlack, now + kCertificateLife);
    if (!self_signed) return std::unexpected(self_signed.error());
    if (auto done = write_file(made, key, self_signed->key_pem, 0640, owner); !done)
      return std::unexpected(done.error());
    if (auto done = write_file(made, certificate, self_signed->chain_pem, 0644, owner); !done)
      return std::unexpected(done.error());
    chain_pem = self_signed->chain_pem;
  } else {
    const auto chain = store::read_file(certificate, kMostPem), secret = store::read_file(key, kMostPem);
    for (const auto& [path, text] : {std::tie(certificate, chain), std::tie(key, secret)}) {
      if (!text) return std::unexpected(text.error());
      if (!*text) return std::unexpected(path + ": No such file or directory");
    }
    if (auto context = tls::ServerContext::create(tls::ServerSettings::for_mail({**chain, **secret})); !context)
      return std::unexpected(fmt::format("{} and {}: {}", certificate, key, context.error()));
    chain_pem = **chain;
  }
  const auto facts = tls::read_certificate(chain_pem);
  if (!facts) return std::unexpected(facts.error());
  return facts->key_digest;
}

std::expected<Owner, std::string> owner_of(const InitPlan& plan) {
  if (!privileges::is_root()) return Owner{::geteuid(), ::getegid()};
  const auto user = privileges::find_user(plan.settings.server.user);
  if (!user) return std::unexpected(user.error() + "; or name another with --run-as");
  if (user->uid == 0) return std::unexpected("--run-as: the server does not run as root");
  return Owner{user->uid, user->gid};
}

int create_account(const InitPlan& plan, const NewPassword& password) {
  if (privileges::is_root()) {
    const auto user = privileges::find_user(plan.settings.server.user);
    if (!user) return fail(kConfig, user.error());
    if (auto done = user->uid == 0 ? privileges::give_up() : privileges::become(*user); !done)
      return fail(kNoPermission, done.error());
  }
  const SystemClock clock;
  accounts::Accounts accounts(settings::accounts_directory(plan.settings), clock, 1);
  const Mailbox& login = plan.users.front();
  if (auto done = accounts.create(login, password.text); !done)
    return fail(kCannotCreate, done.error() + "; make it with: postseal account add " + login.to_string());
  fmt::print("  account        {}\n", login.to_string());
  if (password.generated) fmt::print("  its password   {}    (shown this once)\n", password.text);
  return kOk;
}

int init(const InitOptions& options) {
  const auto plan = plan_init(options.wish);
  if (!plan) return fail(kUsage, plan.error());
  const auto owner = owner_of(*plan);
  if (!owner) return fail(kConfig, owner.error());
  if (const auto there = in_the_way(*plan); !there.empty()) {
    return fail(kCannotCreate,
                fmt::format("{} {} already, and nothing is overwritten; remove what is not needed, or choose "
                            "another --directory or --config",
                            fmt::join(there, ", "), there.size() == 1 ? "exists" : "exist"));
  }
  const auto password = new_password(options.password_file, plan->users.front().to_string());
  if (!password) return fail(kDataError, password.error());

  Made made;
  const settings::Settings& settings = plan->settings;
  const auto digest = provide_certificate(made, *plan, *owner);
  if (!digest) return fail(kCannotCreate, digest.error());
  for (const auto& [path, mode] :
       {std::pair<std::string, mode_t>{settings.store.directory, 0700}, {plan->socket_directory, 0750}}) {
    if (path.empty()) continue;
    if (auto done = make_directory(made, path, mode, *owner); !done) return fail(kCannotCreate, done.error());
  }
  if (auto done = write_file(made, plan->config, config_text(*plan), 0640, *owner); !done)
    return fail(kCannotCreate, done.error());
  made.keep();
  fmt::print("Made for {}:\n  settings       {}\n  store          {}\n  certificate    {}{}\n",
             settings.delivery.hostname, plan->config, settings.store.directory, settings.server.certificate,
             plan->makes_certificate ? " (self-signed)" : "");
  std::fflush(stdout);
  if (const int code = create_account(*plan, *password); code != kOk) return code;
  std::vector<std::string> records;
  for (const auto& domain : settings.domains) {
    auto made_keys = make_first_keys(settings, domain.name);
    // Everything else is there, and a later `postseal dkim keygen` makes them.
    if (!made_keys) fmt::print(stderr, "postseal: no keys for {}: {}\n", domain.name.ascii(), made_keys.error());
    if (made_keys) std::ranges::move(*made_keys, std::back_inserter(records));
  }
  if (!records.empty()) fmt::print("  signing keys   {}\n", settings::keys_directory(settings));
  fmt::print("{}", next_steps(*plan, *digest, public_addresses(), records));
  return kOk;
}

}  // namespace

void add_init(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("init", "Set up a mail server: settings, store, certificate, first account");
  const auto options = std::make_shared<InitOptions>();
  InitWish& wish = options->wish;
  command->add_option("--hostname", wish.hostname, "This server's name: mail.example.org")
      ->required()
      ->type_name("NAME");
  command->add_option("--domain", wish.domains, "A domain whose mail ends here; once for each")
      ->required()
      ->type_name("DOMAIN");
  command->add_option("--user", wish.user, "The first account: alice, or alice@example.org")
      ->required()
      ->type_name("USER");
  command
      ->add_option("--directory", wish.directory,
                   "Everything goes there, nothing elsewhere; for those who are not root")
      ->type_name("DIRECTORY");
  command->add_option("--config", wish.config, "The settings file to write")
      ->option_text("FILE [/etc/postseal/postseal.toml, or DIRECTORY/postseal.toml]");
  command->add_option("--delivery", wish.delivery, "Where mail for the domains is put")
      ->option_text("maildir|maildir:DIRECTORY|lmtp:/PATH|lmtp:ADDRESS:PORT [maildir]");
  command->add_option("--certificate", wish.certificate, "PEM, leaf first; without one, one is made that signs itself")
      ->type_name("FILE");
  command->add_option("--key", wish.key, "Its private key")->type_name("FILE");
  command
      ->add_option("--password-file", options->password_file,
                   "The password is its first line; - for standard input. Without: asked, or made and shown")
      ->type_name("FILE");
  command->add_option("--port-base", wish.port_base, "Listen on N+25, N+587 and N+465")
      ->option_text("N [0 for root, 10000 with --directory]");
  command->add_option("--run-as", wish.run_as, "Who the server becomes after root has bound its ports")
      ->option_text("USER [postseal]");
  command->footer(
      "Overwrites nothing. Example, as anybody:\n"
      "  postseal init --hostname mail.example.org --domain example.org --user alice --directory ~/mail\n"
      "Exit codes: 0 done, 64 wrong usage, 65 no good password, 73 something is in the way, 78 no such user.");
  command->callback([options, &exit_code] {
    options->wish.root = privileges::is_root();
    options->wish.own_name = own_name();
    exit_code = init(*options);
  });
}

}  // namespace postseal::cli
