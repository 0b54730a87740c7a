// SPDX-License-Identifier: Apache-2.0
// postseal spf check: may this host send as that domain? The same check as for incoming mail, against real DNS.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "face/cli/cli.h"
#include "face/cli/run.h"
#include "protocol/spf/check.h"

namespace postseal::cli {

namespace {

struct SpfOptions {
  CommonOptions common;
  std::string ip, mail_from, helo, receiver;
  std::string default_explanation = "The domain's SPF record does not let this host send its mail.";
};

void print_json(const spf::Verdict& verdict) {
  boost::json::object object;
  object["result"] = spf::to_string(verdict.result);
  object["explanation"] = verdict.explanation;
  object["mechanism"] = verdict.mechanism;
  object["lookups"] = verdict.lookups;
  object["void_lookups"] = verdict.void_lookups;
  object["identity"] = verdict.from_helo ? "helo" : "mailfrom";
  object["domain"] = verdict.domain;
  object["dnssec"] = verdict.secure;
  object["reason"] = verdict.reason;
  fmt::print("{}\n", boost::json::serialize(object));
}

void print_text(const spf::Verdict& verdict) {
  fmt::print("{}: {}\n", spf::to_string(verdict.result), verdict.reason);
  fmt::print("  checked      {} ({})\n", verdict.domain, verdict.from_helo ? "the HELO name" : "from MAIL FROM");
  if (!verdict.mechanism.empty()) fmt::print("  decided by   {}\n", verdict.mechanism);
  if (!verdict.explanation.empty()) fmt::print("  they say     {}\n", verdict.explanation);
  fmt::print("  DNS lookups  {} of {}, {} of them found nothing; {}\n", verdict.lookups, spf::kMaxLookups,
             verdict.void_lookups, verdict.secure ? "all answers secured by DNSSEC" : "not all secured by DNSSEC");
}

Awaitable<int> check(Workplace place, spf::Question question, std::string default_explanation) {
  const settings::Settings& settings = place.adapters.settings();
  spf::Verdict verdict =
      co_await spf::check(place.adapters.resolver(), std::move(question), Deadline::in(settings.delivery.timeout));
  // RFC 7208 §6.2: without a usable "exp" the receiver's own words.
  if (verdict.result == spf::Result::Fail && verdict.explanation.empty()) verdict.explanation = default_explanation;
  if (place.options.json) {
    print_json(verdict);
  } else {
    print_text(verdict);
  }
  co_return verdict.result == spf::Result::Pass ? kOk : kNo;
}

/// What stands in MAIL FROM, with or without its brackets.
std::string without_brackets(std::string text) {
  return text.starts_with('<') && text.ends_with('>') ? text.substr(1, text.size() - 2) : text;
}

int run_check(const SpfOptions& options) {
  const auto ip = IpAddress::parse(options.ip);
  if (!ip)
    return fail(kUsage, fmt::format("--ip \"{}\" is no IP address, such as 192.0.2.1 or 2001:db8::1", options.ip));
  spf::Question question{*ip, without_brackets(options.mail_from), options.helo, options.receiver};
  if (question.mail_from.empty() && question.helo.empty()) {
    return fail(kUsage, "there is nothing to check: give --mail-from ADDRESS, or --helo NAME for mail from <>");
  }
  return run_with_adapters(options.common,
                           [&](Workplace place) { return check(place, question, options.default_explanation); });
}

}  // namespace

void add_spf(CLI::App& app, int& exit_code) {
  CLI::App* spf = app.add_subcommand("spf", "SPF by itself (RFC 7208)");
  spf->require_subcommand(1);
  CLI::App* command = spf->add_subcommand(
      "check", "Say whether a host may send mail as a domain, by the domain's SPF record, as a receiver would");
  auto options = std::make_shared<SpfOptions>();
  command->add_option("--ip", options->ip, "Address of the host that sends")->required()->type_name("IP");
  command
      ->add_option("--mail-from", options->mail_from,
                   "The sender that it gives (MAIL FROM); empty or <>: its HELO name is checked")
      ->type_name("ADDRESS");
  command->add_option("--helo", options->helo, "The name that it gives itself (EHLO)")->type_name("NAME");
  command->add_option("--receiver", options->receiver, "Our name, for explanations that mention it")->type_name("NAME");
  command
      ->add_option("--default-explanation", options->default_explanation,
                   "What is said on fail where the domain explains nothing")
      ->type_name("TEXT");
  add_common_options(*command, options->common);
  command->footer(
      "Example: postseal spf check --ip 192.0.2.1 --mail-from user@example.org --helo mx.example.org\n"
      "Results: pass, fail, softfail, neutral, none (no record), temperror (DNS gave no answer: try again), "
      "permerror (the record is broken).\n"
      "Exit codes: 0 pass, 1 any other result, 64 wrong usage.");
  command->callback([options, &exit_code] { exit_code = run_check(*options); });
}

}  // namespace postseal::cli
