// SPDX-License-Identifier: Apache-2.0
// init, config and account as an operator uses them: one after the other, in a directory of their own. Each command
// runs in a process of its own, because as root it becomes the server's user for good.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "edge/accounts/accounts.h"
#include "edge/settings/settings.h"
#include "edge/tls/own_certificate.h"
#include "face/cli/cli.h"
#include "face/cli/init_plan.h"
#include "face/cli/password.h"

namespace postseal::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Ran {
  int exit_code = -1;
  std::string out, err;
};

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int parse_and_run(std::vector<std::string> arguments) {
  CLI::App app("test", "postseal");
  int exit_code = kSoftware;
  add_init(app, exit_code);
  add_config(app, exit_code);
  add_account(app, exit_code);
  std::ranges::reverse(arguments);  // as CLI11 wants a vector
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kUsage;
  }
  return exit_code;
}

class Operator : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "postseal-init-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    ::chmod(folder_.c_str(), 0755);  // root's commands become somebody else in it
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Without a terminal; input stands on standard input.
  Ran run(std::vector<std::string> arguments, const std::string& input = "") {
    const fs::path out = folder_ / "stdout", err = folder_ / "stderr", in = folder_ / "stdin";
    std::ofstream(in) << input;
    const pid_t child = ::fork();
    if (child == 0) {
      if (std::freopen(in.c_str(), "r", stdin) == nullptr || std::freopen(out.c_str(), "w", stdout) == nullptr ||
          std::freopen(err.c_str(), "w", stderr) == nullptr)
        ::_exit(99);
      const int code = parse_and_run(std::move(arguments));
      std::fflush(nullptr);
      ::_exit(code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    Ran ran{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(out), read_text(err)};
    for (const fs::path& path : {out, err, in}) fs::remove(path);
    return ran;
  }

  /// As root somebody must be named whom the server becomes.
  std::vector<std::string> init_arguments(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"init",   "--hostname", "mail.example.org", "--domain", "example.org",
                                       "--user", "alice",      "--directory",      home()};
    if (::geteuid() == 0) arguments.insert(arguments.end(), {"--run-as", "nobody"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string home() const { return (folder_ / "mail").string(); }
  std::string config() const { return home() + "/postseal.toml"; }
  unsigned mode_of(const std::string& path) const {
    struct stat there{};
    EXPECT_EQ(::stat(path.c_str(), &there), 0) << path;
    return there.st_mode & 07777U;
  }

  fs::path folder_;
};

TEST_F(Operator, init_makes_a_server_that_config_check_likes) {
  const Ran made = run(init_arguments());
  ASSERT_EQ(made.exit_code, kOk) << made.err;
  for (const char* part :
       {"example.org. MX 10 mail.example.org.", "v=spf1 mx -all", "_25._tcp.mail.example.org. TLSA 3 1 1 ",
        "postseal serve --config", "its password", "alice@example.org", "._domainkey.example.org. IN TXT",
        "\"v=DKIM1; k=rsa; p=", "\"v=DKIM1; k=ed25519; p=", "_dmarc.example.org. TXT \"v=DMARC1; p="})
    EXPECT_THAT(made.out, HasSubstr(part));

  const Ran checked = run({"config", "check", "--config", config()});
  EXPECT_EQ(checked.exit_code, kOk) << checked.err;
  EXPECT_EQ(checked.err, "") << "not even a warning";

  auto settings = settings::load_settings(config());
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->delivery.hostname, "mail.example.org");
  EXPECT_EQ(settings->store.directory, home() + "/store");
  EXPECT_EQ(settings->listeners.at(0).port, 10025);
  ASSERT_EQ(settings->domains.size(), 1u);
  EXPECT_EQ(std::get<addressing::ToMaildir>(settings->domains[0].transport).root, home() + "/store/mail");
  for (const settings::KeyInfo& info : settings::table())
    EXPECT_THAT(read_text(config()), HasSubstr(std::string(info.key.substr(info.key.find('.') + 1))))
        << "every key is there";

  EXPECT_EQ(mode_of(home() + "/tls/key.pem"), 0640U);
  EXPECT_EQ(mode_of(config()), 0640U);
  EXPECT_EQ(mode_of(home() + "/store"), 0700U);
  EXPECT_EQ(mode_of(home() + "/store/dkim"), 0700U);
  EXPECT_EQ(mode_of(home() + "/store/dkim/example.org/keys.json"), 0600U);
  auto facts = tls::read_certificate(read_text(home() + "/tls/cert.pem"));
  ASSERT_TRUE(facts);
  EXPECT_TRUE(tls::covers(*facts, "mail.example.org"));
  EXPECT_THAT(made.out, HasSubstr(facts->key_digest)) << "the TLSA record is that of the key";
}

TEST_F(Operator, init_overwrites_nothing_and_says_what_is_there) {
  ASSERT_EQ(run(init_arguments()).exit_code, kOk);
  const std::string before = read_text(config()), key = read_text(home() + "/tls/key.pem");
  const Ran again = run(init_arguments());
  EXPECT_EQ(again.exit_code, kCannotCreate);
  for (const char* name : {"/postseal.toml", "/tls/cert.pem", "/tls/key.pem", "/store"})
    EXPECT_THAT(again.err, HasSubstr(home() + name));
  EXPECT_EQ(read_text(config()), before);
  EXPECT_EQ(read_text(home() + "/tls/key.pem"), key);
}

TEST_F(Operator, an_init_that_fails_leaves_nothing_behind) {
  fs::create_directories(home());
  ::chmod(home().c_str(), 0755);
  const Ran failed = run(init_arguments({"--config", (folder_ / "stdin" / "postseal.toml").string()}));
  EXPECT_EQ(failed.exit_code, kCannotCreate) << failed.err;
  EXPECT_TRUE(fs::is_empty(home())) << "certificate, key and store are gone again";
}

TEST_F(Operator, init_says_which_option_is_wrong) {
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    std::string_view says;
  };
  const std::string in = home();
  const Case cases[] = {
      {{"init"}, kUsage, "--hostname"},
      {{"init", "--hostname", "a..b", "--domain", "example.org", "--user", "alice", "--directory", in},
       kUsage,
       "--hostname"},
      {{"init", "--hostname", "a.example", "--domain", "-", "--user", "alice", "--directory", in}, kUsage, "--domain"},
      {{"init", "--hostname", "a.example", "--domain", "b.example", "--user", "a b", "--directory", in},
       kUsage,
       "--user"},
      {{"init", "--hostname", "a.example", "--domain", "b.example", "--user", "alice@c.example", "--directory", in},
       kUsage,
       "in none of the domains"},
      {init_arguments({"--delivery", "uucp"}), kUsage, "--delivery"},
      {init_arguments({"--port-base", "65000"}), kUsage, "--port-base"},
      {init_arguments({"--certificate", "/etc/cert.pem"}), kUsage, "go together"},
      {init_arguments({"--certificate", "/absent.pem", "--key", "/absent.key"}), kCannotCreate, "/absent.pem"},
      {init_arguments({"--password-file", "/absent"}), kDataError, "/absent"},
      {init_arguments({"--password-file", "-"}), kDataError, "shorter than 8"},
  };
  for (const Case& c : cases) {
    const Ran ran = run(c.arguments);
    EXPECT_EQ(ran.exit_code, c.exit_code) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(std::string(c.says)));
    EXPECT_FALSE(fs::exists(config()));
  }
}

TEST_F(Operator, config_check_finds_what_the_server_would_stumble_over) {
  ASSERT_EQ(run(init_arguments()).exit_code, kOk);
  const std::string good = read_text(config());
  struct Case {
    std::string append;
    int exit_code;
    std::string_view says;
  };
  const Case cases[] = {
      {"\n[[domain]]\nname = \"x\"\nport = 5\n", kConfig, "domain.port"},
      {"\n[[alias]]\nmatch = \"sales\"\nto = [\"nobody-here@example.org\"]\n", kOk, "nobody-here"},
      {"\n[[domain]]\nname = \"example.net\"\nusers = [\"bob\"]\n", kOk, ""},
  };
  for (const Case& c : cases) {
    std::ofstream(config()) << good << c.append;
    const Ran ran = run({"config", "check", "--config", config()});
    EXPECT_EQ(ran.exit_code, c.exit_code) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(std::string(c.says))) << c.append;
  }
  std::ofstream(config()) << good;
  const std::string key = home() + "/tls/key.pem";
  ::chmod(key.c_str(), 0644);
  const Ran open = run({"config", "check", "--config", config()});
  EXPECT_EQ(open.exit_code, kConfig);
  EXPECT_THAT(open.err, HasSubstr("chmod 640 " + key));
  ::chmod(key.c_str(), 0640);
  std::ofstream(key) << tls::make_self_signed({"a.example"}, WallTime{}, WallTime{Seconds(1)})->key_pem;
  EXPECT_EQ(run({"config", "check", "--config", config()}).exit_code, kConfig) << "a key of another certificate";
  EXPECT_EQ(run({"config", "check", "--config", "/absent.toml"}).exit_code, kConfig);
}

TEST_F(Operator, config_show_prints_what_reads_back) {
  ASSERT_EQ(run(init_arguments()).exit_code, kOk);
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--all"}}) {
    std::vector<std::string> arguments{"config", "show", "--config", config()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ran shown = run(arguments);
    ASSERT_EQ(shown.exit_code, kOk);
    auto again = settings::parse_settings(shown.out, "shown");
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(*again, *settings::load_settings(config()));
  }
}

TEST_F(Operator, accounts_live_from_add_to_remove) {
  ASSERT_EQ(run(init_arguments()).exit_code, kOk);
  const auto account = [&](std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "account");
    arguments.insert(arguments.end(), {"--config", config()});
    return run(arguments, input);
  };
  EXPECT_EQ(account({"add", "bob@example.org", "--password-file", "-"}, "correct horse\n").exit_code, kOk);
  EXPECT_EQ(account({"add", "bob@example.org", "--password-file", "-"}, "correct horse\n").exit_code, kCannotCreate);
  EXPECT_EQ(account({"add", "no-address"}).exit_code, kUsage);
  EXPECT_EQ(account({"add", "eve@example.org", "--password-file", "-"}, "short\n").exit_code, kDataError);
  const Ran changed = account({"passwd", "bob@example.org"});
  EXPECT_EQ(changed.exit_code, kOk) << changed.err;
  EXPECT_THAT(changed.out, HasSubstr("password: ")) << "without a terminal one is made and shown";
  EXPECT_EQ(account({"passwd", "nobody@example.org"}).exit_code, kCannotCreate);
  const Ran app = account({"app-password", "bob@example.org", "phone"});
  EXPECT_EQ(app.exit_code, kOk) << app.err;
  EXPECT_THAT(app.out, HasSubstr("password: "));
  EXPECT_EQ(account({"lock", "bob@example.org"}).exit_code, kOk);
  EXPECT_EQ(account({"forward", "bob@example.org", "bob@far.example", "--no-copy"}).exit_code, kOk);
  EXPECT_EQ(account({"send-as", "bob@example.org", "sales@example.org"}).exit_code, kOk);
  EXPECT_EQ(account({"forward", "bob@example.org", "a@@b"}).exit_code, kUsage);

  const Ran listed = account({"list", "--json"});
  ASSERT_EQ(listed.exit_code, kOk) << listed.err;
  EXPECT_EQ(std::ranges::count(listed.out, '\n'), 2) << "alice and bob";
  auto bob = boost::json::parse(listed.out.substr(listed.out.find('\n') + 1)).as_object();
  EXPECT_EQ(bob["address"], "bob@example.org");
  EXPECT_EQ(bob["locked"], true);
  EXPECT_EQ(bob["keep_copy"], false);
  EXPECT_EQ(bob["forward_to"].as_array().at(0), "bob@far.example");
  EXPECT_EQ(bob["may_send_as"].as_array().at(0), "sales@example.org");
  EXPECT_EQ(bob["app_passwords"].as_array().at(0).as_object()["name"], "phone");
  EXPECT_EQ(listed.out.find("argon2"), std::string::npos) << "no secret is shown";

  EXPECT_EQ(account({"lock", "bob@example.org", "--unlock"}).exit_code, kOk);
  EXPECT_EQ(account({"forward", "bob@example.org"}).exit_code, kOk);
  EXPECT_EQ(account({"app-password", "bob@example.org", "phone", "--remove"}).exit_code, kOk);
  const Ran text = account({"list"});
  EXPECT_THAT(text.out, HasSubstr("bob@example.org\n  may send as sales@example.org\n"));
  EXPECT_EQ(account({"remove", "bob@example.org"}).exit_code, kOk);
  EXPECT_EQ(account({"remove", "bob@example.org"}).exit_code, kCannotCreate);
}

TEST(InitPlan, root_without_a_directory_gets_the_usual_places_and_ports) {
  InitWish wish;
  wish.hostname = "mail.example.org";
  wish.domains = {"example.org", "example.net"};
  wish.user = "Alice@example.net";
  wish.root = true;
  wish.delivery = "lmtp:/run/dovecot/lmtp";
  auto plan = plan_init(wish);
  ASSERT_TRUE(plan) << plan.error();
  EXPECT_EQ(plan->config, "/etc/postseal/postseal.toml");
  EXPECT_EQ(plan->settings.store.directory, "/var/lib/postseal");
  EXPECT_EQ(plan->settings.server.key, "/etc/postseal/tls/key.pem");
  EXPECT_EQ(plan->settings.listeners, settings::listeners_of({}));
  EXPECT_EQ(plan->users.front().to_string(), "alice@example.net");
  EXPECT_EQ(plan->settings.domains.size(), 2u);
  const std::string text =
      next_steps(*plan, "aabb", {*IpAddress::parse("198.51.100.7"), *IpAddress::parse("2001:db8::7")});
  for (const char* part :
       {"mail.example.org. A 198.51.100.7", "mail.example.org. AAAA 2001:db8::7", "example.net. MX 10",
        "TLSA 3 1 1 aabb", "systemctl enable --now postseal", "port 465 (TLS) or 587"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_EQ(text.find("forward 25"), std::string::npos);
  auto again = settings::parse_settings(config_text(*plan), "postseal.toml");
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(*again, plan->settings);

  wish.root = false;
  EXPECT_FALSE(plan_init(wish)) << "anybody else names a directory";
}

TEST(Password, generated_ones_differ_and_have_nothing_to_misread) {
  const std::string one = generate_password(), two = generate_password();
  EXPECT_EQ(one.size(), 20u);
  EXPECT_NE(one, two);
  EXPECT_EQ(one.find_first_of("l0o1 "), std::string::npos);
}

}  // namespace
}  // namespace postseal::cli
