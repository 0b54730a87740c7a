// SPDX-License-Identifier: Apache-2.0
// postseal arc: the chain of a message, validated with keys from DNS, and a message with one more link in front.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>

#include "face/cli/cli.h"
#include "face/cli/message_file.h"
#include "face/cli/run.h"
#include "face/cli/signing_input.h"
#include "protocol/arc/seal.h"
#include "protocol/arc/verify.h"
#include "protocol/authres/header.h"
#include "protocol/smtp/printable.h"
#include "vocab/ascii.h"

namespace postseal::cli {

namespace {

struct ArcOptions {
  CommonOptions common;
  std::string file, at;                                           ///< of verify
  std::string domain, selector, key, headers, time, authserv_id;  ///< of seal
};

using Pass = std::shared_ptr<const dkim::MessagePass>;

/// What strangers wrote: JSON has no room for octets that are not UTF-8.
boost::json::object json_of(const arc::InstanceVerdict& instance) {
  boost::json::object object;
  object["instance"] = instance.instance;
  object["cv"] = to_string(instance.cv);
  object["domain"] = smtp::printable(instance.domain);
  object["selector"] = smtp::printable(instance.selector);
  object["algorithm"] = smtp::printable(instance.algorithm);
  object["seal"] = to_string(instance.seal);
  object["signature"] = to_string(instance.signature);
  object["signature_domain"] = smtp::printable(instance.signature_domain);
  object["signature_selector"] = smtp::printable(instance.signature_selector);
  object["dnssec"] = instance.key_secure;
  object["reason"] = smtp::printable(instance.reason);
  object["authentication_results"] = smtp::printable(instance.authentication_results);
  return object;
}

void print_json(const arc::ChainVerdict& verdict) {
  boost::json::array instances;
  for (const auto& instance : verdict.instances) instances.push_back(json_of(instance));
  boost::json::object object;
  object["result"] = to_string(verdict.result);
  object["instances"] = std::move(instances);
  object["reason"] = smtp::printable(verdict.reason);
  object["oldest_pass"] = verdict.oldest_pass;
  object["temporary"] = verdict.temporary;
  fmt::print("{}\n", boost::json::serialize(object));
}

void print_text(const arc::ChainVerdict& verdict) {
  if (verdict.result == arc::Result::None) {
    fmt::print("none: {}\n", verdict.reason.empty() ? "the message has no ARC fields" : verdict.reason);
    return;
  }
  fmt::print("{}: {}{}\n", to_string(verdict.result),
             verdict.result == arc::Result::Pass ? "every seal holds, and the newest message signature"
                                                 : smtp::printable(verdict.reason),
             verdict.temporary ? " (DNS gave no answer: try again)" : "");
  for (const auto& instance : verdict.instances) {
    fmt::print("  {:>2}  {}, selector {}, {}{}\n", instance.instance, smtp::printable(instance.domain),
               smtp::printable(instance.selector), instance.algorithm,
               instance.key_secure ? ", key secured by DNSSEC" : "");
    fmt::print("      seal {}, message signature {}{}\n", to_string(instance.seal), to_string(instance.signature),
               instance.reason.empty() ? "" : ": " + smtp::printable(instance.reason));
    fmt::print("      {}\n", smtp::printable(instance.authentication_results));
  }
  if (verdict.oldest_pass > 1) {
    fmt::print("  The message was changed before instance {}, and not since.\n", verdict.oldest_pass);
  }
}

Awaitable<void> run_here(std::function<void()> work) {
  work();
  co_return;
}

Awaitable<arc::ChainVerdict> judge(Workplace place, Pass pass, WallTime at) {
  const Deadline deadline = Deadline::in(place.adapters.settings().delivery.timeout);
  co_return co_await arc::verify(pass, place.adapters.resolver(), run_here, at, deadline);
}

Awaitable<int> verify(Workplace place, Pass pass, WallTime at) {
  const auto verdict = co_await judge(place, pass, at);
  if (place.options.json) {
    print_json(verdict);
  } else {
    print_text(verdict);
  }
  co_return verdict.result == arc::Result::Pass ? kOk : kNo;
}

std::expected<Pass, MessageFileError> read_message(const MessageFile& file) {
  auto pass = std::make_shared<dkim::MessagePass>();
  pass->want(dkim::Canonicalization::Relaxed);
  if (const auto read = file.read([&](std::string_view piece) { pass->feed(piece); }); !read) {
    return std::unexpected(read.error());
  }
  pass->finish();
  return pass;
}

int run_verify(const ArcOptions& options) {
  const auto at = read_time_option("--at", options.at);
  if (!at) return fail(at.error().exit_code, at.error().what);
  const auto file = MessageFile::open(options.file);
  if (!file) return fail(file.error().exit_code, file.error().what);
  const auto pass = read_message(*file);
  if (!pass) return fail(pass.error().exit_code, pass.error().what);
  return run_with_adapters(options.common,
                           [&](Workplace place) { return verify(place, *pass, at->value_or(SystemClock().now())); });
}

/// RFC 8617 §4.1.1: what this server found out, out of all its own Authentication-Results fields, in their order.
std::string results_of(const dkim::MessagePass& pass, const arc::ChainVerdict& chain, const std::string& authserv_id) {
  std::vector<std::string> statements;
  for (const auto& field : pass.fields()) {
    if (auto taken = authres::statements(field, authserv_id)) std::ranges::move(*taken, std::back_inserter(statements));
  }
  const auto is_arc = [](std::string_view statement) {
    return equals_ignoring_case(statement.substr(0, statement.find_first_of("=/( \t")), "arc");
  };
  if (chain.result != arc::Result::None && std::ranges::none_of(statements, is_arc)) {
    statements.insert(statements.begin(), "arc=" + std::string(to_string(chain.result)));
  }
  return authres::join_statements(authserv_id, statements);
}

int exit_code_of(arc::SealErrorCode code) {
  switch (code) {
    case arc::SealErrorCode::ChainEnded:
    case arc::SealErrorCode::TooManySets:
    case arc::SealErrorCode::Doubtful:
    case arc::SealErrorCode::BeginsFolded:
    case arc::SealErrorCode::HeaderTooLarge:
      return kDataError;
    case arc::SealErrorCode::Undecided:
      return kTemporary;
    case arc::SealErrorCode::BadSetting:
      return kUsage;
    case arc::SealErrorCode::KeyFailed:
      return kSoftware;
  }
  return kSoftware;
}

int print_message(std::string fields, const MessageFile& file) {
  // A file with Unix line ends stays one.
  if (file.line_end() == "\n") std::erase(fields, '\r');
  std::fwrite(fields.data(), 1, fields.size(), stdout);
  const auto written =
      file.read_printed([](std::string_view piece) { std::fwrite(piece.data(), 1, piece.size(), stdout); });
  if (!written) return fail(written.error().exit_code, written.error().what);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return fail(kIoError, "the message could not be written");
  return kOk;
}

Awaitable<int> seal(Workplace place, Pass pass, arc::SealSettings settings, std::string authserv_id, MessageFile file) {
  const auto chain = co_await judge(place, pass, settings.time);
  const auto set = arc::seal(*pass, chain, results_of(*pass, chain, authserv_id), settings);
  if (set) co_return print_message(set->text(), file);
  // RFC 8617 §5.1.2: nothing is added to a chain that has ended; the message goes on as it is.
  if (set.error().code == arc::SealErrorCode::ChainEnded) {
    fmt::print(stderr, "postseal: not sealed: {}\n", set.error().what);
    co_return print_message("", file);
  }
  co_return fail(exit_code_of(set.error().code), "not sealed: " + set.error().what);
}

std::expected<arc::SealSettings, InputError> seal_settings(const ArcOptions& options) {
  arc::SealSettings settings;
  const auto domain = Domain::parse(options.domain);
  if (!domain) return std::unexpected(InputError{kUsage, "--domain: " + domain.error().context});
  settings.domain = *domain;
  // A selector is a label or several, and goes into the seal as it is.
  const auto selector = Domain::parse_dns(options.selector);
  if (!selector || selector->is_root()) {
    return std::unexpected(InputError{kUsage, "--selector: is no name that DNS could have"});
  }
  settings.selector = selector->ascii();
  if (!options.headers.empty()) settings.headers = split_field_names(options.headers);
  const auto time = read_time_option("--time", options.time);
  if (!time) return std::unexpected(time.error());
  settings.time = time->value_or(SystemClock().now());
  auto key = load_signing_key(options.key);
  if (!key) return std::unexpected(key.error());
  settings.key = std::make_shared<const dkim::SigningKey>(std::move(*key));
  return settings;
}

int run_seal(const ArcOptions& options) {
  if (options.authserv_id.empty()) return fail(kUsage, "--srv-id: is empty");
  const auto settings = seal_settings(options);
  if (!settings) return fail(settings.error().exit_code, settings.error().what);
  const auto file = MessageFile::open(options.file);
  if (!file) return fail(file.error().exit_code, file.error().what);
  const auto pass = read_message(*file);
  if (!pass) return fail(pass.error().exit_code, pass.error().what);
  return run_with_adapters(options.common,
                           [&](Workplace place) { return seal(place, *pass, *settings, options.authserv_id, *file); });
}

void add_verify(CLI::App& arc, int& exit_code) {
  CLI::App* command = arc.add_subcommand("verify", "Validate the chain of a message, with keys from DNS");
  auto options = std::make_shared<ArcOptions>();
  command->add_option("FILE", options->file, "The message; - for standard input")->required();
  command->add_option("--at", options->at, "Check as of this time: 2026-01-31T12:00:00Z or seconds since 1970")
      ->type_name("TIME");
  add_common_options(*command, options->common);
  command->footer(
      "Example: postseal arc verify letter.eml\n"
      "Results: pass (every seal holds, and the newest message signature), fail (one does not, or the chain is not "
      "whole; RFC 8617 makes a DNS without an answer the same, and \"temporary\" says so), none (no ARC fields). "
      "A pass says who sealed, not that they are to be believed.\n"
      "Exit codes: 0 pass, 1 fail or none, 64 wrong usage, 66 unreadable file.");
  command->callback([options, &exit_code] { exit_code = run_verify(*options); });
}

void add_seal(CLI::App& arc, int& exit_code) {
  CLI::App* command = arc.add_subcommand("seal", "Print a message with one more ARC Set in front");
  auto options = std::make_shared<ArcOptions>();
  command->add_option("--domain", options->domain, "Who seals (d=)")->required()->type_name("DOMAIN");
  command->add_option("--selector", options->selector, "Which of its keys (s=)")->required()->type_name("SELECTOR");
  command->add_option("--key", options->key, "The private key, PEM; RSA or Ed25519")->required()->type_name("FILE");
  command
      ->add_option("--headers", options->headers,
                   "The fields to sign (h=), with colons between; without: what a DKIM signature covers, and all "
                   "DKIM-Signature fields")
      ->type_name("LIST");
  command->add_option("--time", options->time, "Sealed at (t=), like 2026-01-31T12:00:00Z or seconds since 1970; now")
      ->type_name("TIME");
  command
      ->add_option("--srv-id", options->authserv_id,
                   "This server's authserv-id: the results in the message's Authentication-Results fields that carry "
                   "it are sealed")
      ->required()
      ->type_name("ID");
  command->add_option("FILE", options->file, "The message; - for standard input")->required();
  add_common_options(*command, options->common);
  command->footer(
      "Example: postseal arc seal --domain example.org --selector s1 --key s1.pem --srv-id mx.example.org letter.eml\n"
      "The chain that is there is validated first, and the seal says how that came out (cv=). A chain whose newest "
      "seal says cv=fail gets no further one: the message is printed as it is.\n"
      "Exit codes: 0 printed, 64 wrong usage, 65 broken key or a message that cannot be sealed, 66 unreadable file, 75 "
      "DNS could not say whether the chain holds.");
  command->callback([options, &exit_code] { exit_code = run_seal(*options); });
}

}  // namespace

void add_arc(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("arc", "Validate and seal Authenticated Received Chains (RFC 8617)");
  command->require_subcommand(1);
  add_verify(*command, exit_code);
  add_seal(*command, exit_code);
}

}  // namespace postseal::cli
