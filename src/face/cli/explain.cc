// SPDX-License-Identifier: Apache-2.0
// `postseal explain`: what would happen to mail for a recipient or domain, and why. The same engine that delivers.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "face/cli/cli.h"
#include "face/cli/explain_text.h"
#include "face/cli/run.h"

namespace postseal::cli {

namespace {

struct ExplainOptions {
  CommonOptions common;
  std::string who;
  bool connect = false;
  bool self_test = false;
  bool requiretls = false;
  bool tls_required_no = false;
};

/// "user@domain", "domain", "[192.0.2.1]".
std::expected<MailDestination, std::string> destination_of(const std::string& who) {
  if (who.find('@') != std::string::npos || who.starts_with('[')) {
    auto mailbox = Mailbox::parse(who.starts_with('[') ? "postmaster@" + who : who);
    if (!mailbox) return std::unexpected(mailbox.error().context);
    return mailbox->destination();
  }
  auto domain = Domain::parse(who);
  if (!domain) return std::unexpected(domain.error().context);
  return MailDestination(std::move(*domain));
}

int exit_code_for(const outbound::DeliveryRecord& record, bool connected) {
  switch (record.decision.course) {
    case policy::Course::Bounce:
      return kUnavailable;
    case policy::Course::Defer:
      return kTemporary;
    case policy::Course::Dial:
      break;
  }
  if (!connected) return kOk;
  for (const auto& attempt : record.attempts) {
    if (attempt.problem.empty()) return kOk;
  }
  return kTemporary;
}

Awaitable<int> explain(Workplace place, const ExplainOptions& options) {
  auto destination = destination_of(options.who);
  if (!destination) co_return fail(kUsage, fmt::format("{}: {}", options.who, destination.error()));
  outbound::Outbound out(place.adapters.services(), place.adapters.settings(), observer_for(place.options, false));
  const auto record =
      co_await out.explain(std::move(*destination), {options.requiretls, options.tls_required_no}, options.connect);
  if (place.options.json) {
    fmt::print("{}\n", outbound::to_json(record));
  } else {
    fmt::print("{}", explain_text(record));
  }
  co_return exit_code_for(record, options.connect);
}

Awaitable<int> self_check(Workplace place) {
  const auto& settings = place.adapters.settings().resolver;
  const bool anchors = settings.trust_anchor != "none";
  const auto lines =
      co_await resolver::self_check(place.adapters.resolver(), anchors, Deadline::in(4 * settings.timeout));
  bool good = true;
  if (place.options.json) fmt::print("{}", self_check_json(lines));
  for (const auto& line : lines) {
    good = good && line.good;
    if (!place.options.json) fmt::print("{}  {}: {}\n", line.good ? "ok  " : "FAIL", line.check, line.result);
  }
  co_return good ? kOk : kTemporary;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand("explain", "Say what would happen to mail for a recipient, and why");
  auto* who = command->add_option("RECIPIENT|DOMAIN", options->who, "An address, a domain, or [192.0.2.1]");
  command->add_flag("--connect", options->connect, "Also open the sessions, up to EHLO after STARTTLS");
  command->add_flag("--self-test", options->self_test, "Check this machine's DNS and DNSSEC instead");
  command->add_flag("--requiretls", options->requiretls, "As for a message sent with REQUIRETLS (RFC 8689)");
  command->add_flag("--tls-required-no", options->tls_required_no, "As for a message with TLS-Required: No (RFC 8689)");
  add_common_options(*command, options->common);
  command->footer("Exit codes: 0 it would be sent, 75 it would be kept for later, 69 it would be returned, 64 usage.");
  command->callback([options, who, &exit_code] {
    if (options->self_test) {
      exit_code = run_with_adapters(options->common, [](Workplace place) { return self_check(place); });
      return;
    }
    if (who->count() == 0) throw CLI::RequiredError("RECIPIENT|DOMAIN");
    exit_code = run_with_adapters(options->common, [&](Workplace place) { return explain(place, *options); });
  });
}

}  // namespace postseal::cli
