// SPDX-License-Identifier: Apache-2.0
// postseal dane verify: judges a certificate chain against TLSA records as a sender on port 25 would, offline. The same
// select_usable() and verify_chain() as in a delivery.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "edge/tls/chain_text.h"
#include "edge/tls/verify.h"
#include "face/cli/cli.h"
#include "face/cli/time_text.h"
#include "protocol/dane/tlsa.h"

namespace postseal::cli {

namespace {

/// A TLS handshake carries at most a tenth of this.
constexpr std::size_t kMaxChainBytes = std::size_t{1} << 20;

struct VerifyOptions {
  std::vector<std::string> tlsa, next_hops;
  std::string chain, name, ca, at;
  bool json = false;
};

/// What stops the command before there is a verdict.
struct Stop {
  ExitCode code;
  std::string what;
};

/// All that the verdict depends on.
struct Question {
  dane::TlsaSet set;
  policy::Requirement requirement;
  std::vector<Bytes> chain;
  std::optional<tls::TrustStore> trust;
  WallTime at{};
};

std::expected<std::string, Stop> read_input(const std::string& path) {
  std::string text;
  const auto read_from = [&](std::istream& input) {
    char buffer[16384];
    while (text.size() <= kMaxChainBytes && (input.read(buffer, sizeof buffer) || input.gcount() > 0))
      text.append(buffer, static_cast<std::size_t>(input.gcount()));
    return !input.bad();
  };
  if (path == "-") {
    read_from(std::cin);
  } else {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    // A folder opens, and fails only when it is read.
    if (!file || !read_from(file))
      return std::unexpected(Stop{kNoInput, fmt::format("{}: cannot be read: {}; give the file that holds the server's "
                                                        "certificates in PEM, leaf first",
                                                        path, std::strerror(errno))});
  }
  if (text.size() > kMaxChainBytes)
    return std::unexpected(Stop{kDataError, path + ": is larger than 1 MiB; a chain that a server sends is not"});
  return text;
}

std::expected<Domain, Stop> parse_host(const std::string& option, const std::string& text) {
  auto domain = Domain::parse(text);
  if (!domain) return std::unexpected(Stop{kUsage, option + ": " + domain.error().context});
  return *domain;
}

std::expected<policy::Requirement, Stop> requirement_from(const VerifyOptions& options) {
  policy::Requirement requirement;
  requirement.tls = policy::TlsUse::Required;
  requirement.floor = policy::TlsFloor::Tls12;
  requirement.proof = policy::Proof::Dane;
  auto name = parse_host("--name", options.name);
  if (!name) return std::unexpected(name.error());
  requirement.sni = *name;
  // RFC 7672 §3.2.2: the TLSA base domain, the next-hop domain and its CNAME expansion are names a DANE-TA server may
  // show.
  requirement.names.push_back({*name, false});
  for (const std::string& text : options.next_hops) {
    auto next_hop = parse_host("--next-hop", text);
    if (!next_hop) return std::unexpected(next_hop.error());
    requirement.names.push_back({*next_hop, false});
  }
  return requirement;
}

std::expected<Question, Stop> question_from(const VerifyOptions& options) {
  Question question;
  std::vector<dane::TlsaRecord> records;
  for (const std::string& text : options.tlsa) {
    auto record = dane::parse_tlsa_text(text);
    if (!record) return std::unexpected(Stop{kUsage, fmt::format("--tlsa \"{}\": {}", text, record.error())});
    records.push_back(std::move(*record));
  }
  question.set = dane::select_usable(records, tls::full_data_parses);
  auto requirement = requirement_from(options);
  if (!requirement) return std::unexpected(requirement.error());
  question.requirement = std::move(*requirement);
  question.requirement.tlsa = question.set.usable;
  question.at = SystemClock().now();
  if (!options.at.empty()) {
    const auto at = parse_time_text(options.at);
    if (!at)
      return std::unexpected(Stop{
          kUsage, fmt::format("--at \"{}\": must be like 2026-01-31T12:00:00Z or seconds since 1970", options.at)});
    question.at = *at;
  }
  auto text = read_input(options.chain);
  if (!text) return std::unexpected(text.error());
  auto chain = tls::parse_chain_pem(*text);
  if (!chain)
    return std::unexpected(Stop{kDataError, fmt::format("{}: {}; it must hold the server's certificates in PEM, leaf "
                                                        "first",
                                                        options.chain, chain.error())});
  question.chain = std::move(*chain);
  if (!options.ca.empty()) {
    auto trust = tls::TrustStore::from_file(options.ca);
    if (!trust)
      return std::unexpected(Stop{std::ifstream(options.ca) ? kDataError : kNoInput,
                                  trust.error() + "; --ca takes a file of CA certificates in PEM"});
    question.trust = std::move(*trust);
  }
  return question;
}

/// "0 0 1: usage 0 and 1 (PKIX) are not used on port 25 (RFC 7672 §3.1.3)"
std::string describe(const dane::UnusableRecord& unusable) {
  const auto& record = unusable.record;
  return fmt::format("{} {} {}: {}", record.usage, record.selector, record.matching_type, to_string(unusable.why));
}

struct Answer {
  ExitCode code;
  std::string result;
  policy::ProofVerdict verdict;
};

Answer answer(const Question& question) {
  // RFC 7672 §2.2 (D09): nothing to compare with; TLS is still mandatory, and no certificate is judged.
  if (question.set.usable.empty()) {
    policy::ProofVerdict verdict;
    verdict.reason = "no TLSA record is usable";
    for (std::size_t at = 0; at < question.set.unusable.size(); ++at)
      verdict.reason += (at == 0 ? ": " : "; ") + describe(question.set.unusable[at]);
    return {kUnusable, "unusable", std::move(verdict)};
  }
  auto verdict = tls::verify_chain(question.requirement, question.chain, tls::TrustStore::empty(), question.at);
  if (verdict.result == policy::ProofResult::Verified) return {kOk, "verified", std::move(verdict)};
  return {kNo, "rejected", std::move(verdict)};
}

/// What MTA-STS would say of the same chain. Never part of the answer: DANE on port 25 knows no CA.
std::optional<policy::ProofVerdict> judge_by_ca(const Question& question) {
  if (!question.trust) return std::nullopt;
  policy::Requirement requirement = question.requirement;
  requirement.proof = policy::Proof::Pkix;
  requirement.tlsa.clear();
  requirement.names.resize(1);
  return tls::verify_chain(requirement, question.chain, *question.trust, question.at);
}

std::string_view word(const policy::ProofVerdict& verdict) {
  return verdict.result == policy::ProofResult::Verified ? "verified" : "rejected";
}

void print_json(const Answer& answer, const std::optional<policy::ProofVerdict>& by_ca) {
  boost::json::object object;
  object["result"] = answer.result;
  object["matched"] = nullptr;
  if (answer.verdict.matched) object["matched"] = dane::format_tlsa(*answer.verdict.matched);
  object["depth"] = nullptr;
  if (answer.verdict.depth) object["depth"] = *answer.verdict.depth;
  object["reason"] = answer.verdict.reason;
  if (by_ca) object["pkix"] = {{"result", word(*by_ca)}, {"reason", by_ca->reason}};
  fmt::print("{}\n", boost::json::serialize(object));
}

void print_text(const Answer& answer, const Question& question, const std::optional<policy::ProofVerdict>& by_ca) {
  fmt::print("{}: {}\n", answer.result, answer.verdict.reason);
  if (answer.verdict.matched) fmt::print("  matched  {}\n", dane::format_tlsa(*answer.verdict.matched));
  if (answer.verdict.depth) fmt::print("  depth    {}\n", *answer.verdict.depth);
  if (answer.code != kUnusable)
    for (const auto& unusable : question.set.unusable) fmt::print("  ignored  {}\n", describe(unusable));
  if (question.set.dropped > 0)
    fmt::print("  ignored  {} more: an RRset counts up to {} records\n", question.set.dropped, dane::kMaxRecords);
  if (by_ca) fmt::print("  by CA    {}: {} (DANE on port 25 does not ask this)\n", word(*by_ca), by_ca->reason);
}

int verify(const VerifyOptions& options) {
  const auto question = question_from(options);
  if (!question) {
    fmt::print(stderr, "postseal: {}\n", question.error().what);
    return question.error().code;
  }
  const Answer given = answer(*question);
  const auto by_ca = judge_by_ca(*question);
  if (options.json)
    print_json(given, by_ca);
  else
    print_text(given, *question, by_ca);
  return given.code;
}

}  // namespace

void add_dane(CLI::App& app, int& exit_code) {
  CLI::App* dane = app.add_subcommand("dane", "DANE for SMTP by itself (RFC 7672)");
  dane->require_subcommand(1);
  CLI::App* command = dane->add_subcommand("verify", "Judge a certificate chain as a sender on port 25 would, offline");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("--tlsa", options->tlsa, "A TLSA record, \"3 1 1 HEX\"; once for each record")
      ->required()
      ->type_name("RECORD");
  command->add_option("--chain", options->chain, "What the server sent, PEM, leaf first; - for standard input")
      ->required()
      ->type_name("FILE");
  command->add_option("--name", options->name, "The TLSA base domain, most often the MX host")
      ->required()
      ->type_name("HOST");
  command->add_option("--next-hop", options->next_hops, "A further name that a DANE-TA server may show")
      ->type_name("DOMAIN");
  command->add_option("--ca", options->ca, "Also say what these CAs make of the chain; never changes the result")
      ->type_name("FILE");
  command->add_option("--at", options->at, "Judge at this time: 2026-01-31T12:00:00Z or seconds since 1970")
      ->type_name("TIME");
  command->add_flag("--json", options->json, "One line of JSON: result, matched, depth, reason");
  command->footer(
      "Exit code: 0 verified, 1 rejected, 3 no usable record, 64 wrong usage, 65 broken input, 66 no input.");
  command->callback([options, &exit_code] { exit_code = verify(*options); });
}

}  // namespace postseal::cli
