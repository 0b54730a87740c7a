// SPDX-License-Identifier: Apache-2.0
// postseal account: files in the store that the server reads at each login, so that it need not run and need not be
// told.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>

#include "edge/accounts/accounts.h"
#include "edge/privileges/privileges.h"
#include "face/cli/ask_server.h"
#include "face/cli/cli.h"
#include "face/cli/human_text.h"
#include "face/cli/password.h"
#include "face/cli/run.h"
#include "vocab/moment_text.h"

namespace postseal::cli {

namespace json = boost::json;
using accounts::AccountInfo;

namespace {

struct AccountOptions {
  CommonOptions common;
  std::string address, password_file, name;
  std::vector<std::string> addresses;
  bool remove = false, unlock = false, no_copy = false;
};

/// What stops a command, printed already.
template <class T>
using OrCode = std::expected<T, int>;

const SystemClock kClock;

OrCode<Mailbox> login_of(const AccountOptions& options) {
  auto login = accounts::Accounts::canonical(options.address);
  if (login) return *login;
  return std::unexpected(fail(kUsage, fmt::format("\"{}\" is no login; it is an address such as alice@example.org",
                                                  fit(options.address, 200))));
}

OrCode<std::vector<Mailbox>> mailboxes(const std::vector<std::string>& texts) {
  std::vector<Mailbox> result;
  for (const std::string& text : texts) {
    auto mailbox = Mailbox::parse(text);
    if (!mailbox) return std::unexpected(fail(kUsage, fmt::format("{}: {}", fit(text, 200), mailbox.error().context)));
    result.push_back(std::move(*mailbox));
  }
  return result;
}

/// The accounts of the settings. Root becomes the server's user first, to whom the files have to belong.
OrCode<std::unique_ptr<accounts::Accounts>> open_accounts(const AccountOptions& options) {
  const auto settings = settings_from(options.common);
  if (!settings) return std::unexpected(fail(kConfig, settings.error().to_string()));
  if (privileges::is_root()) {
    const auto user = privileges::find_user(settings->server.user);
    if (!user) return std::unexpected(fail(kConfig, "server.user: " + user.error()));
    if (auto done = user->uid == 0 ? privileges::give_up() : privileges::become(*user); !done)
      return std::unexpected(fail(kNoPermission, done.error()));
  }
  return std::make_unique<accounts::Accounts>(settings::accounts_directory(*settings), kClock, 1);
}

int report(const std::expected<void, std::string>& done, const std::string& what) {
  if (!done) return fail(kCannotCreate, done.error());
  fmt::print("{}\n", what);
  return kOk;
}

/// To standard output, so that a script can take it; shown here and nowhere else.
void show_password(const std::string& password) { fmt::print("password: {}\n", password); }

int add_or_change(const AccountOptions& options, bool add) {
  const auto login = login_of(options);
  if (!login) return login.error();
  // Before root is given up: the file may be root's.
  const auto password = new_password(options.password_file, login->to_string());
  if (!password) return fail(kDataError, password.error());
  const auto kept = open_accounts(options);
  if (!kept) return kept.error();
  const auto done = add ? (*kept)->create(*login, password->text) : (*kept)->set_password(*login, password->text);
  const int code = report(done, fmt::format("{}: {}", login->to_string(), add ? "account made" : "password changed"));
  if (code == kOk && password->generated) show_password(password->text);
  return code;
}

json::object to_json(const AccountInfo& info) {
  json::array app_passwords, may_send_as, forward_to;
  for (const auto& app : info.app_passwords)
    app_passwords.push_back(json::object{{"name", app.name}, {"created", moment_text(app.created)}});
  for (const Mailbox& mailbox : info.may_send_as) may_send_as.emplace_back(mailbox.to_string());
  for (const Mailbox& mailbox : info.forward_to) forward_to.emplace_back(mailbox.to_string());
  json::object object{{"address", info.address.to_string()}, {"locked", info.locked}, {"keep_copy", info.keep_copy}};
  object["app_passwords"] = std::move(app_passwords);
  object["may_send_as"] = std::move(may_send_as);
  object["forward_to"] = std::move(forward_to);
  return object;
}

std::string list_of(const std::vector<Mailbox>& mailboxes) {
  std::vector<std::string> texts;
  for (const Mailbox& mailbox : mailboxes) texts.push_back(mailbox.to_string());
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string to_text(const AccountInfo& info) {
  std::string text = fit(info.address.to_string(), 200) + (info.locked ? " (locked)" : "") + "\n";
  for (const auto& app : info.app_passwords)
    text += wrap(fmt::format("app password {}, made {}", app.name, moment_text(app.created)), 2, terminal_width());
  if (!info.may_send_as.empty()) text += wrap("may send as " + list_of(info.may_send_as), 2, terminal_width());
  if (!info.forward_to.empty())
    text += wrap(fmt::format("forwards to {}{}", list_of(info.forward_to), info.keep_copy ? " and keeps a copy" : ""),
                 2, terminal_width());
  return text;
}

int list(const AccountOptions& options) {
  const auto kept = open_accounts(options);
  if (!kept) return kept.error();
  const auto all = (*kept)->list();
  if (!all) return fail(kIoError, all.error());
  for (const AccountInfo& info : *all)
    fmt::print("{}", options.common.json ? json::serialize(to_json(info)) + "\n" : to_text(info));
  if (all->empty() && !options.common.json) fmt::print("no accounts; postseal account add ADDRESS makes one\n");
  return kOk;
}

int remove(const AccountOptions& options) {
  const auto login = login_of(options);
  if (!login) return login.error();
  const auto kept = open_accounts(options);
  if (!kept) return kept.error();
  return report((*kept)->remove(*login), login->to_string() + ": account removed; its mail is still where it was");
}

int app_password(const AccountOptions& options) {
  const auto login = login_of(options);
  if (!login) return login.error();
  const auto kept = open_accounts(options);
  if (!kept) return kept.error();
  if (options.remove) {
    return report((*kept)->remove_app_password(*login, options.name),
                  fmt::format("{}: app password {} removed", login->to_string(), options.name));
  }
  const auto password = (*kept)->add_app_password(*login, options.name);
  if (!password) return fail(kCannotCreate, password.error());
  fmt::print("{}: app password {} made\n", login->to_string(), options.name);
  show_password(*password);
  return kOk;
}

int change(const AccountOptions& options, const std::function<std::string(AccountInfo&)>& how) {
  const auto login = login_of(options);
  if (!login) return login.error();
  const auto kept = open_accounts(options);
  if (!kept) return kept.error();
  auto info = (*kept)->load(*login);
  if (!info) return fail(kCannotCreate, info.error());
  const std::string what = how(*info);
  return report((*kept)->save(*info), login->to_string() + ": " + what);
}

int forward(const AccountOptions& options) {
  const auto to = mailboxes(options.addresses);
  if (!to) return to.error();
  return change(options, [&](AccountInfo& info) {
    info.forward_to = *to;
    info.keep_copy = !options.no_copy || to->empty();
    return to->empty() ? std::string("forwards nothing") : "forwards to " + list_of(*to);
  });
}

int send_as(const AccountOptions& options) {
  const auto as = mailboxes(options.addresses);
  if (!as) return as.error();
  return change(options, [&](AccountInfo& info) {
    info.may_send_as = *as;
    return as->empty() ? std::string("sends as itself only") : "may also send as " + list_of(*as);
  });
}

int lock(const AccountOptions& options) {
  return change(options, [&](AccountInfo& info) {
    info.locked = !options.unlock;
    return std::string(info.locked ? "locked: no login, mail still comes" : "unlocked");
  });
}

using Options = std::shared_ptr<AccountOptions>;

CLI::App* add_command(CLI::App& account, const Options& options, const char* name, const char* help,
                      std::function<int(const AccountOptions&)> run, int& exit_code, bool with_address = true) {
  CLI::App* command = account.add_subcommand(name, help);
  if (with_address)
    command->add_option("ADDRESS", options->address, "The login, alice@example.org")->required()->type_name("");
  add_config_option(*command, options->common);
  command->callback([options, run = std::move(run), &exit_code] { exit_code = run(*options); });
  return command;
}

}  // namespace

void add_account(CLI::App& app, int& exit_code) {
  CLI::App* account = app.add_subcommand("account", "Who may submit mail and has a mailbox");
  account->require_subcommand(1);
  account->footer(
      "The server need not be told and need not run. As root the files are written as server.user.\n"
      "Exit codes: 0 done, 64 wrong usage, 65 no good password, 73 no (or such an) account, 74 unreadable, 78 "
      "settings.");
  const auto options = std::make_shared<AccountOptions>();
  constexpr const char* kPasswordHelp =
      "The password is its first line; - for standard input. Without: asked, or made and shown";
  add_command(
      *account, options, "add", "Make an account", [](const auto& given) { return add_or_change(given, true); },
      exit_code)
      ->add_option("--password-file", options->password_file, kPasswordHelp)
      ->type_name("FILE");
  add_command(
      *account, options, "passwd", "Change the password", [](const auto& given) { return add_or_change(given, false); },
      exit_code)
      ->add_option("--password-file", options->password_file, kPasswordHelp)
      ->type_name("FILE");
  add_command(*account, options, "list", "All accounts", list, exit_code, false)
      ->add_flag("--json", options->common.json, "One JSON object for each");
  add_command(*account, options, "remove", "Remove an account; its mail stays", remove, exit_code);
  CLI::App* apps = add_command(*account, options, "app-password", "Make a password for one device, shown once",
                               app_password, exit_code);
  apps->add_option("NAME", options->name, "What it is for, \"phone\"")->required()->type_name("");
  apps->add_flag("--remove", options->remove, "Remove it instead");
  add_command(*account, options, "lock", "No login any more; mail still comes", lock, exit_code)
      ->add_flag("--unlock", options->unlock, "Login is possible again");
  CLI::App* forwarding =
      add_command(*account, options, "forward", "Send what comes for it to others, too", forward, exit_code);
  forwarding->add_option("TO", options->addresses, "Addresses; none: forward nothing any more")->type_name("");
  forwarding->add_flag("--no-copy", options->no_copy, "Keep nothing in the own mailbox");
  add_command(*account, options, "send-as", "Let it send by further addresses", send_as, exit_code)
      ->add_option("AS", options->addresses, "Addresses; none: only its own")
      ->type_name("");
}

}  // namespace postseal::cli
