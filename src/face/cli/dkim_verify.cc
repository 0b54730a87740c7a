// SPDX-License-Identifier: Apache-2.0
// postseal dkim verify: every signature of a message, judged as for incoming mail, with keys from DNS.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <vector>

#include "face/cli/cli.h"
#include "face/cli/dkim.h"
#include "face/cli/message_file.h"
#include "face/cli/run.h"
#include "face/cli/time_text.h"
#include "protocol/dkim/verify.h"
#include "protocol/smtp/printable.h"

namespace postseal::cli {

namespace {

using dkim::Result;
using dkim::SignatureVerdict;
using Verdicts = std::vector<SignatureVerdict>;

struct VerifyOptions {
  CommonOptions common;
  std::string file, at;
};

/// A message is as good as its best signature (RFC 6376 §6.1); where none passed, what may still pass comes first.
Result overall(const Verdicts& verdicts) {
  if (verdicts.empty()) return Result::None;
  for (const Result result : {Result::Pass, Result::TempError}) {
    if (std::ranges::any_of(verdicts, [&](const auto& verdict) { return verdict.result == result; })) return result;
  }
  return verdicts.front().result;
}

boost::json::object json_of(const SignatureVerdict& verdict) {
  boost::json::object object;
  // What strangers wrote: JSON has no room for octets that are not UTF-8.
  object["domain"] = smtp::printable(verdict.domain);
  object["selector"] = smtp::printable(verdict.selector);
  object["algorithm"] = smtp::printable(verdict.algorithm);
  object["result"] = to_string(verdict.result);
  object["reason"] = smtp::printable(verdict.reason);
  object["identity"] = smtp::printable(verdict.identity);
  object["key_bits"] = verdict.key_bits;
  object["dnssec"] = verdict.key_secure;
  object["testing"] = verdict.testing;
  object["unsigned_octets"] = verdict.unsigned_octets.value_or(0);
  object["b"] = smtp::printable(verdict.b_prefix);
  return object;
}

void print_json(const Verdicts& verdicts) {
  boost::json::array signatures;
  for (const SignatureVerdict& verdict : verdicts) signatures.push_back(json_of(verdict));
  boost::json::object object;
  object["result"] = to_string(overall(verdicts));
  object["signatures"] = std::move(signatures);
  fmt::print("{}\n", boost::json::serialize(object));
}

void print_text(const Verdicts& verdicts) {
  if (verdicts.empty()) fmt::print("none: the message has no DKIM-Signature\n");
  for (const SignatureVerdict& verdict : verdicts) {
    fmt::print("{}: {}\n", to_string(verdict.result),
               verdict.reason.empty() ? "the signature holds" : smtp::printable(verdict.reason));
    if (!verdict.domain.empty()) {
      fmt::print("  signed by  {}, selector {}, {}\n", smtp::printable(verdict.identity),
                 smtp::printable(verdict.selector), smtp::printable(verdict.algorithm));
    }
    if (verdict.key_bits > 0) {
      fmt::print("  key        {} bits, {}{}\n", verdict.key_bits,
                 verdict.key_secure ? "secured by DNSSEC" : "not secured by DNSSEC",
                 verdict.testing ? "; its owner is testing (t=y)" : "");
    }
  }
}

Awaitable<void> run_here(std::function<void()> work) {
  work();
  co_return;
}

Awaitable<int> verify(Workplace place, std::shared_ptr<const dkim::MessagePass> pass, WallTime at) {
  const Deadline deadline = Deadline::in(place.adapters.settings().delivery.timeout);
  const Verdicts verdicts = co_await dkim::verify(pass, place.adapters.resolver(), run_here, at, deadline);
  if (place.options.json) {
    print_json(verdicts);
  } else {
    print_text(verdicts);
  }
  co_return overall(verdicts) == Result::Pass ? kOk : kNo;
}

int run_verify(const VerifyOptions& options) {
  WallTime at = SystemClock().now();
  if (!options.at.empty()) {
    const auto given = parse_time_text(options.at);
    if (!given) {
      return fail(kUsage,
                  fmt::format("--at \"{}\": must be like 2026-01-31T12:00:00Z or seconds since 1970", options.at));
    }
    at = *given;
  }
  const auto file = MessageFile::open(options.file);
  if (!file) return fail(file.error().exit_code, file.error().what);
  auto pass = std::make_shared<dkim::MessagePass>();
  const auto read = file->read([&](std::string_view piece) { pass->feed(piece); });
  if (!read) return fail(read.error().exit_code, read.error().what);
  pass->finish();
  return run_with_adapters(options.common, [&](Workplace place) { return verify(place, pass, at); });
}

}  // namespace

void add_dkim_verify(CLI::App& dkim, int& exit_code) {
  CLI::App* command = dkim.add_subcommand("verify", "Check every DKIM signature of a message, with keys from DNS");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("FILE", options->file, "The message; - for standard input")->required();
  command->add_option("--at", options->at, "Check as of this time: 2026-01-31T12:00:00Z or seconds since 1970")
      ->type_name("TIME");
  add_common_options(*command, options->common);
  command->footer(
      "Example: postseal dkim verify letter.eml\n"
      "Results: pass, fail (the message is not what was signed), policy (it holds, but a field was added), permerror "
      "(the "
      "signature or its key is wrong, absent or expired), temperror (DNS gave no answer: try again), neutral (unknown "
      "algorithm), none (no signature).\n"
      "Exit codes: 0 at least one signature passes, 1 none does, 64 wrong usage, 66 unreadable file.");
  command->callback([options, &exit_code] { exit_code = run_verify(*options); });
}

}  // namespace postseal::cli
