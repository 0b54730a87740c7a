// SPDX-License-Identifier: Apache-2.0
// postseal authenticate: a letter judged as the server would judge it, with the header field that it would add.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>

#include "face/cli/cli.h"
#include "face/cli/human_text.h"
#include "face/cli/message_file.h"
#include "face/cli/run.h"
#include "face/cli/signing_input.h"
#include "flow/authenticate/authentication.h"
#include "flow/authenticate/outcome_json.h"

namespace postseal::cli {

using authenticate::Outcome;

namespace {

struct AuthenticateOptions {
  CommonOptions common;
  std::string ip, helo, mail_from, file, at;
};

/// Now, or what --at says.
class GivenClock final : public Clock {
 public:
  explicit GivenClock(std::optional<WallTime> time) : time_(time) {}
  WallTime now() const override { return time_ ? *time_ : SystemClock().now(); }

 private:
  std::optional<WallTime> time_;
};

Awaitable<void> work_here(std::function<void()> work) {
  work();
  co_return;
}

std::string with_reason(std::string_view result, std::string_view reason) {
  return reason.empty() ? std::string(result) : fmt::format("{} ({})", result, fit(reason, 300));
}

std::string course_line(const Outcome& outcome) {
  std::string line(authenticate::to_string(outcome.ruling.course));
  if (outcome.ruling.cause != authenticate::Cause::None)
    line += fmt::format(", because of {}", authenticate::to_string(outcome.ruling.cause));
  if (!outcome.ruling.local_policy.empty()) line += fmt::format("; local policy: {}", outcome.ruling.local_policy);
  return line;
}

void print_text(const Outcome& outcome) {
  const auto& findings = outcome.findings;
  const auto line = [](std::string_view name, const std::string& value) { fmt::print("  {:<13}{}\n", name, value); };
  fmt::print("{}\n", course_line(outcome));
  line("author", findings.author ? fit(findings.author->address, 200)
                                 : fmt::format("not clear: {}", to_string(findings.author.error())));
  line("spf", with_reason(to_string(findings.spf.result), findings.spf.reason));
  if (findings.helo) line("spf of helo", with_reason(to_string(findings.helo->result), findings.helo->reason));
  if (findings.dkim.empty()) line("dkim", "none");
  for (const auto& signature : findings.dkim) {
    line("dkim", fmt::format("{} {}, selector {}", with_reason(to_string(signature.result), signature.reason),
                             fit(signature.domain, 200), fit(signature.selector, 100)));
  }
  line("arc", with_reason(to_string(findings.arc.result), findings.arc.reason));
  if (findings.dmarc) line("dmarc", with_reason(to_string(findings.dmarc->result), findings.dmarc->reason));
  if (findings.voucher)
    line("trusted", fmt::format("{} sealed it when DMARC passed", findings.voucher->sealer.ascii()));
  line("iprev", with_reason(to_string(findings.iprev.result), findings.iprev.reason));
  if (outcome.ruling.reply) {
    fmt::print("\nThe client would be told:\n");
    for (const auto& words : outcome.ruling.reply->lines)
      fmt::print("  {} {} {}\n", outcome.ruling.reply->code, outcome.ruling.reply->status->to_string(), words);
  }
  fmt::print("\n{}", outcome.header);
}

Awaitable<int> judge(Workplace place, authenticate::Client client, MessageFile file, std::optional<WallTime> at) {
  const settings::Settings& settings = place.adapters.settings();
  const GivenClock clock(at);
  const authenticate::Services services{place.adapters.resolver(), work_here, clock};
  auto rules = std::make_shared<const authenticate::Rules>(
      authenticate::Rules{settings.authentication, settings.delivery.hostname});
  const auto executor = co_await boost::asio::this_coro::executor;
  authenticate::Authentication authentication(services, std::move(rules), std::move(client), executor);
  const auto read = file.read([&](std::string_view piece) { authentication.feed(piece); });
  const auto judged = co_await authentication.finish(authres::Charset::Ascii);
  const authenticate::Outcome& outcome = *judged;
  if (!read) co_return fail(read.error().exit_code, read.error().what);
  if (place.options.json) {
    fmt::print("{}\n", to_json(outcome));
  } else {
    print_text(outcome);
  }
  co_return outcome.findings.dmarc&& outcome.findings.dmarc->result == dmarc::Result::Pass ? kOk : kNo;
}

/// What stands in MAIL FROM, with or without its brackets.
std::string without_brackets(const std::string& text) {
  return text.starts_with('<') && text.ends_with('>') ? text.substr(1, text.size() - 2) : text;
}

int run_authenticate(const AuthenticateOptions& options) {
  const auto ip = IpAddress::parse(options.ip);
  if (!ip)
    return fail(kUsage, fmt::format("--ip \"{}\" is no IP address, such as 192.0.2.1 or 2001:db8::1", options.ip));
  const auto at = read_time_option("--at", options.at);
  if (!at) return fail(at.error().exit_code, at.error().what);
  const auto file = MessageFile::open(options.file);
  if (!file) return fail(file.error().exit_code, file.error().what);
  const authenticate::Client client{*ip, options.helo, without_brackets(options.mail_from), {}};
  return run_with_adapters(options.common, [&](Workplace place) { return judge(place, client, *file, *at); });
}

}  // namespace

void add_authenticate(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "authenticate", "Judge a letter as the server would: SPF, DKIM, ARC, DMARC, iprev, and what becomes of it");
  auto options = std::make_shared<AuthenticateOptions>();
  command->add_option("--ip", options->ip, "Address of the client that brings it")->required()->type_name("IP");
  command->add_option("--helo", options->helo, "The name that it gives itself (EHLO)")->required()->type_name("NAME");
  command->add_option("--mail-from", options->mail_from, "The sender that it gives (MAIL FROM); <> or empty for none")
      ->required()
      ->type_name("ADDRESS");
  command->add_option("FILE", options->file, "The message as it came; - for standard input")->required();
  command->add_option("--at", options->at, "As of this time: 2026-01-31T12:00:00Z or seconds since 1970")
      ->type_name("TIME");
  add_common_options(*command, options->common);
  command->footer(
      "Example: postseal authenticate --ip 192.0.2.1 --helo mx.example.org --mail-from alice@example.org letter.eml\n"
      "The settings of [authentication] count. At the end stands the Authentication-Results field that the server "
      "would put in front. \"result\" of --json is that of DMARC.\n"
      "Exit codes: 0 DMARC pass, 1 any other result, 64 wrong usage, 66 unreadable file.");
  command->callback([options, &exit_code] { exit_code = run_authenticate(*options); });
}

}  // namespace postseal::cli
