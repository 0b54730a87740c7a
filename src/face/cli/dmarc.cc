// SPDX-License-Identifier: Apache-2.0
// postseal dmarc check: what DMARC makes of results of SPF and DKIM. The same check as for incoming mail, against real
// DNS.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "face/cli/cli.h"
#include "face/cli/run.h"
#include "protocol/dmarc/check.h"
#include "protocol/message/author.h"

namespace postseal::cli {

namespace {

struct DmarcOptions {
  CommonOptions common;
  std::string from, spf;
  std::vector<std::string> dkim;
};

boost::json::value name_or_null(const std::optional<Domain>& domain) {
  return domain ? boost::json::value(domain->ascii()) : boost::json::value(nullptr);
}

void print_json(const dmarc::Verdict& verdict) {
  boost::json::object object;
  object["result"] = dmarc::to_string(verdict.result);
  object["policy"] = nullptr;
  if (verdict.policy) object["policy"] = dmarc::to_string(*verdict.policy);
  object["disposition"] = dmarc::to_string(verdict.disposition);
  object["record_domain"] = name_or_null(verdict.record_domain);
  object["organizational_domain"] = name_or_null(verdict.organizational_domain);
  object["spf_aligned"] = verdict.spf_aligned;
  object["dkim_aligned"] = verdict.dkim_aligned;
  object["queries"] = boost::json::array(verdict.queries.begin(), verdict.queries.end());
  object["dnssec"] = verdict.secure;
  object["reason"] = verdict.reason;
  fmt::print("{}\n", boost::json::serialize(object));
}

void print_text(const dmarc::Verdict& verdict) {
  const auto shown = [](const std::optional<Domain>& domain) { return domain ? domain->unicode() : "unknown"; };
  fmt::print("{}: {}\n", dmarc::to_string(verdict.result), verdict.reason);
  if (verdict.record_domain) fmt::print("  record of              {}\n", shown(verdict.record_domain));
  if (verdict.policy) fmt::print("  policy                 {}\n", dmarc::to_string(*verdict.policy));
  fmt::print("  what to do             {}\n", dmarc::to_string(verdict.disposition));
  fmt::print("  organizational domain  {}\n", shown(verdict.organizational_domain));
  fmt::print("  aligned                SPF {}, DKIM {}\n", verdict.spf_aligned ? "yes" : "no",
             verdict.dkim_aligned ? "yes" : "no");
  for (const std::string& name : verdict.queries) fmt::print("  asked                  {}\n", name);
}

Awaitable<int> check(Workplace place, dmarc::Question question) {
  const settings::Settings& settings = place.adapters.settings();
  const dmarc::Verdict verdict =
      co_await dmarc::check(place.adapters.resolver(), std::move(question), Deadline::in(settings.delivery.timeout));
  if (place.options.json) {
    print_json(verdict);
  } else {
    print_text(verdict);
  }
  co_return verdict.result == dmarc::Result::Pass ? kOk : kNo;
}

std::optional<dkim::Result> parse_dkim_result(std::string_view word) {
  using enum dkim::Result;
  for (const auto result : {None, Pass, Fail, Policy, Neutral, TempError, PermError}) {
    if (to_string(result) == word) return result;
  }
  return std::nullopt;
}

template <class Identity, class Parse>
std::expected<Identity, std::string> parse_identity(const std::string& option, const std::string& text, Parse parse) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) {
    return std::unexpected(fmt::format("{} \"{}\" is no DOMAIN:RESULT, such as example.org:pass", option, text));
  }
  // Names that mail has been seen from, not only those of hosts: _domain.example.org is one.
  auto domain = Domain::parse(text.substr(0, colon));
  if (!domain) domain = Domain::parse_dns(text.substr(0, colon));
  if (!domain) return std::unexpected(fmt::format("{}: {}", option, domain.error().context));
  const auto result = parse(text.substr(colon + 1));
  if (!result) {
    return std::unexpected(fmt::format("{}: \"{}\" is no result of it, such as pass, fail, none or temperror", option,
                                       text.substr(colon + 1)));
  }
  return Identity{*domain, *result};
}

std::expected<dmarc::Question, std::string> question_from(const DmarcOptions& options) {
  dmarc::Question question;
  const auto author = message::parse_author_domain(options.from);
  if (!author) return std::unexpected("--from: " + author.error().context);
  question.author = *author;
  if (!options.spf.empty()) {
    auto spf = parse_identity<dmarc::SpfIdentity>("--spf", options.spf, spf::parse_result);
    if (!spf) return std::unexpected(spf.error());
    question.spf = *spf;
  }
  for (const std::string& text : options.dkim) {
    auto dkim = parse_identity<dmarc::DkimIdentity>("--dkim", text, parse_dkim_result);
    if (!dkim) return std::unexpected(dkim.error());
    question.dkim.push_back(*dkim);
  }
  return question;
}

int run_check(const DmarcOptions& options) {
  const auto question = question_from(options);
  if (!question) return fail(kUsage, question.error());
  return run_with_adapters(options.common, [&](Workplace place) { return check(place, *question); });
}

}  // namespace

void add_dmarc(CLI::App& app, int& exit_code) {
  CLI::App* dmarc = app.add_subcommand("dmarc", "DMARC by itself (RFC 9989)");
  dmarc->require_subcommand(1);
  CLI::App* command = dmarc->add_subcommand(
      "check", "Say what DMARC makes of a letter, given its author's domain and the results of SPF and DKIM");
  auto options = std::make_shared<DmarcOptions>();
  command->add_option("--from", options->from, "Domain of the address in the From field")
      ->required()
      ->type_name("DOMAIN");
  command->add_option("--spf", options->spf, "Domain of MAIL FROM, and what SPF said about it")
      ->type_name("DOMAIN:RESULT");
  command->add_option("--dkim", options->dkim, "d= of a signature, and what came of it; once for each signature")
      ->type_name("DOMAIN:RESULT");
  add_common_options(*command, options->common);
  command->footer(
      "Example: postseal dmarc check --from example.org --spf bounces.example.org:pass --dkim example.net:fail\n"
      "Results: pass, fail, none (the domain publishes no policy), temperror (DNS gave no answer: try again), "
      "permerror.\n"
      "Exit codes: 0 pass, 1 any other result, 64 wrong usage.");
  command->callback([options, &exit_code] { exit_code = run_check(*options); });
}

}  // namespace postseal::cli
