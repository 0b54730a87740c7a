// SPDX-License-Identifier: Apache-2.0
// `postseal mta-sts`: the protocol by itself. record, parse and match need no network; lookup asks DNS and HTTPS with
// the cache, as a delivery would.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "face/cli/cli.h"
#include "face/cli/mta_sts_verdict.h"
#include "face/cli/run.h"

namespace postseal::cli {

namespace {

struct MtaStsOptions {
  CommonOptions common;  ///< of lookup
  bool json = false;     ///< of the others
  std::vector<std::string> txt;
  std::string file;
  std::string host;
  std::string domain;
};

int print(const StsVerdict& verdict, bool as_json) {
  fmt::print("{}", as_json ? boost::json::serialize(verdict.json) + "\n" : verdict_text(verdict));
  return verdict.exit_code;
}

/// One byte beyond the limit is enough to see that a policy is too large.
std::expected<std::string, std::string> read_policy_file(const std::string& path) {
  struct Closer {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  const std::unique_ptr<std::FILE, Closer> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!file) return std::unexpected(std::string(std::strerror(errno)));
  std::string body(mtasts::kMaxPolicySize + 1, '\0');
  body.resize(std::fread(body.data(), 1, body.size(), file.get()));
  if (std::ferror(file.get()) != 0) return std::unexpected(std::string(std::strerror(errno)));
  return body;
}

template <class Judge>
int judge_file(const MtaStsOptions& options, Judge judge) {
  const auto body = read_policy_file(options.file);
  if (!body) return fail(kNoInput, fmt::format("{}: cannot read the policy: {}", options.file, body.error()));
  return print(judge(*body), options.json);
}

Awaitable<int> lookup(Workplace place, Domain domain) {
  outbound::Adapters& adapters = place.adapters;
  const Deadline deadline = Deadline::in(adapters.settings().delivery.timeout);
  mtasts::FindSettings find;
  find.lookup_at_most = adapters.settings().resolver.timeout;
  const mtasts::StsFacts facts = co_await mtasts::find_policy(adapters.resolver(), adapters.fetcher(), adapters.cache(),
                                                              adapters.clock(), domain, find, deadline);
  co_return print(judge_sts_lookup(domain, facts), place.options.json);
}

}  // namespace

void add_mta_sts(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<MtaStsOptions>();
  CLI::App* command = app.add_subcommand("mta-sts", "Read, match and look up MTA-STS policies (RFC 8461)");
  command->require_subcommand(1);
  const std::string exits = "Exit codes: 0 valid or matching, 1 otherwise, 64 usage";

  CLI::App* record = command->add_subcommand("record", "Judge the TXT records found at _mta-sts.DOMAIN");
  record->add_option("TXT", options->txt,
                     "One record each, its strings put together, or in quotes as dig prints them: "
                     "'\"v=STSv1; \" \"id=1;\"'; none at all: no record was found");
  record->add_flag("--json", options->json, "Print JSON for programs");
  record->footer(exits + ".");
  record->callback([options, &exit_code] {
    const auto records = read_txt_arguments(options->txt);
    exit_code = records ? print(judge_sts_record(*records), options->json) : fail(kUsage, records.error());
  });

  CLI::App* parse = command->add_subcommand("parse", "Judge the body of a policy");
  parse->add_option("FILE", options->file, "The policy; - for standard input")->required();
  parse->add_flag("--json", options->json, "Print JSON for programs");
  parse->footer(exits + ", 66 unreadable file.");
  parse->callback([options, &exit_code] { exit_code = judge_file(*options, judge_sts_policy); });

  CLI::App* match = command->add_subcommand("match", "Say whether a policy covers an MX host");
  match->add_option("POLICY-FILE", options->file, "The policy; - for standard input")->required();
  match->add_option("HOST", options->host, "The name of the MX host")->required();
  match->add_flag("--json", options->json, "Print JSON for programs");
  match->footer(exits + ", 66 unreadable file.");
  match->callback([options, &exit_code] {
    exit_code = judge_file(*options, [&](std::string_view body) { return judge_sts_match(body, options->host); });
  });

  CLI::App* find = command->add_subcommand("lookup", "Find the policy in force for a domain, as a delivery would");
  find->add_option("DOMAIN", options->domain, "The policy domain: what follows the @ of the recipient")->required();
  add_common_options(*find, options->common);
  find->footer(exits + ".");
  find->callback([options, &exit_code] {
    const auto domain = Domain::parse(options->domain);
    if (!domain) {
      exit_code = fail(kUsage, fmt::format("{}: {}", options->domain, domain.error().context));
      return;
    }
    exit_code = run_with_adapters(options->common, [&](Workplace place) { return lookup(place, *domain); });
  });
}

}  // namespace postseal::cli
