// SPDX-License-Identifier: Apache-2.0
#include "face/cli/config_check.h"

#include <fmt/format.h>

#include "edge/accounts/accounts.h"
#include "edge/privileges/file_modes.h"
#include "edge/privileges/privileges.h"
#include "edge/store/atomic_file.h"
#include "edge/tls/own_certificate.h"
#include "face/cli/human_text.h"
#include "face/daemon/in_force.h"
#include "vocab/moment_text.h"

namespace postseal::cli {

namespace {

constexpr std::size_t kMostPem = std::size_t{1} << 20;
constexpr std::chrono::days kSoon{14};

class Check {
 public:
  Check(const settings::Settings& settings, WallTime now) : settings_(settings), now_(now) {}

  ConfigFindings run() {
    check_certificate();
    check_user();
    check_store();
    check_domains();
    check_files();
    return std::move(findings_);
  }

 private:
  template <class... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) {
    findings_.errors.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> text, Args&&... args) {
    findings_.warnings.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  /// Empty after an error that was told.
  std::string read(std::string_view key, const std::string& path) {
    const auto text = store::read_file(path, kMostPem);
    if (!text) {
      error("{}: {}", key, text.error());
    } else if (!*text) {
      error("{}: {} does not exist", key, path);
    } else if ((*text)->size() > kMostPem) {
      error("{}: {} is larger than 1 MiB", key, path);
    } else {
      return **text;
    }
    return "";
  }

  void check_certificate() {
    const settings::ServerSettings& server = settings_.server;
    if (server.certificate.empty()) {
      warn("server.certificate is not set: nobody can use TLS, so nobody can log in");
      return;
    }
    // As the server does it.
    if (auto context = daemon::load_certificate(server, tls::make_ticket_keys()); !context) {
      error("server.certificate: {}", context.error());
      return;
    }
    if (auto facts = tls::read_certificate(read("server.certificate", server.certificate))) check_facts(*facts);
  }

  void check_facts(const tls::CertificateFacts& facts) {
    const std::string& host = settings_.delivery.hostname;
    if (!host.empty() && !tls::covers(facts, host))
      warn("server.certificate is for {}, not for delivery.hostname {}", fmt::join(facts.names, ", "), host);
    if (facts.until <= now_) {
      warn("server.certificate has expired at {}; DANE with 3 1 1 does not look, everybody else does",
           moment_text(facts.until));
    } else if (facts.until <= now_ + kSoon) {
      warn("server.certificate expires at {}", moment_text(facts.until));
    }
    if (facts.from > now_) warn("server.certificate is not valid before {}", moment_text(facts.from));
  }

  void check_user() {
    if (!privileges::is_root()) return;
    if (auto user = privileges::find_user(settings_.server.user); !user) {
      error("server.user: {}", user.error());
    } else if (user->uid == 0) {
      warn("server.user is root: whoever finds a hole in the server has the whole machine");
    }
  }

  void check_store() {
    // Root looks at a directory that belongs to somebody else.
    if (privileges::is_root()) return;
    if (auto directory = privileges::check_private_directory(settings_.store.directory); !directory)
      error("store.directory: {}", directory.error());
  }

  void check_domains() {
    if (settings_.delivery.hostname.empty()) warn("delivery.hostname is not set: the machine's own name is used");
    if (settings_.domains.empty()) warn("there is no [[domain]]: no mail is accepted from other servers");
    const SystemClock clock;
    const accounts::Accounts accounts(settings::accounts_directory(settings_), clock, 1);
    const auto list = accounts.list();
    if (!list) warn("accounts: {}", list.error());
    daemon::build_directory(settings_, list.value_or(std::vector<accounts::AccountInfo>{}), findings_.warnings);
  }

  void check_files() {
    if (!settings_.ca_file.empty()) read("ca_file", settings_.ca_file);
    if (settings_.resolver.trust_anchor != "none" && settings_.resolver.mode != settings::ResolverMode::TrustAd)
      read("resolver.trust_anchor", settings_.resolver.trust_anchor);
  }

  const settings::Settings& settings_;
  WallTime now_;
  ConfigFindings findings_;
};

}  // namespace

ConfigFindings check_config(const settings::Settings& settings, WallTime now) { return Check(settings, now).run(); }

}  // namespace postseal::cli
