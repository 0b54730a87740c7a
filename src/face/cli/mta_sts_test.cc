// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fstream>

#include "face/cli/cli.h"
#include "face/cli/mta_sts_verdict.h"

namespace postseal::cli {
namespace {

namespace json = boost::json;
using mtasts::RecordVerdict;
using tlsrpt::ResultType;

const std::string kBody = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n";

std::string result(const StsVerdict& verdict) { return std::string(verdict.json.at("result").as_string()); }

StsVerdict record(std::vector<std::string> arguments) {
  return judge_sts_record(read_txt_arguments(arguments).value());
}

TEST(MtaStsRecord, each_argument_is_one_record_and_quotes_are_its_strings) {
  struct {
    std::vector<std::string> arguments;
    const char* result;
    int exit_code;
  } cases[] = {{{"v=STSv1; id=1;"}, "valid", kOk},
               {{"\"v=STSv1; id=1;\""}, "valid", kOk},
               {{"\"v=ST\" \"Sv1; \"\t\"id=1;\""}, "valid", kOk},
               {{"\"v=STSv1\\; id=\\049;\""}, "valid", kOk},
               {{"v=spf1 -all", "v=STSv1; id=1;"}, "valid", kOk},
               {{"v=STSv1; id=1;", "v=STSv1; id=2;"}, "invalid", kNo},
               {{"v=STSv1; id=;"}, "invalid", kNo},
               {{"v=spf1 -all"}, "none", kNo},
               {{""}, "none", kNo}};
  for (const auto& [arguments, word, exit_code] : cases) {
    const StsVerdict verdict = record(arguments);
    EXPECT_EQ(result(verdict), word) << arguments[0];
    EXPECT_EQ(verdict.exit_code, exit_code) << arguments[0];
    EXPECT_FALSE(verdict.json.at("reason").as_string().empty());
    EXPECT_EQ(verdict.json.at("id").is_string(), exit_code == kOk);
  }
}

TEST(MtaStsRecord, broken_quoting_is_wrong_usage_not_a_verdict) {
  for (const char* text : {"\"v=STSv1", "\"", "\"a\"b", "\"a\" b \"c\"", "\"\\256\"", "\"\\"}) {
    EXPECT_FALSE(read_txt_arguments({text})) << text;
  }
}

TEST(MtaStsParse, a_policy_is_printed_with_what_it_says) {
  const StsVerdict verdict = judge_sts_policy(kBody);
  EXPECT_EQ(verdict.exit_code, kOk);
  EXPECT_EQ(json::serialize(verdict.json),
            R"({"result":"valid","mode":"enforce","max_age":604800,"mx":["mail.example.com","*.example.net"],)"
            R"("reason":"the policy keeps to RFC 8461 section 3.2"})");
  const StsVerdict broken = judge_sts_policy("version: STSv1\nmode: x\n");
  EXPECT_EQ(broken.exit_code, kNo);
  EXPECT_EQ(result(broken), "invalid");
  EXPECT_EQ(broken.json.at("line").as_int64(), 2);
  EXPECT_TRUE(judge_sts_policy("version: STSv1\n").json.at("line").is_null());
}

TEST(MtaStsMatch, the_pattern_that_matched_is_named) {
  const StsVerdict verdict = judge_sts_match(kBody, "A.example.net.");
  EXPECT_EQ(verdict.exit_code, kOk);
  EXPECT_EQ(result(verdict), "match");
  EXPECT_EQ(verdict.json.at("matched").as_string(), "*.example.net");
  for (const char* host : {"example.net", "a.b.example.net", "192.0.2.1", "", "a..example.net", "\xff"}) {
    const StsVerdict none = judge_sts_match(kBody, host);
    EXPECT_EQ(none.exit_code, kNo) << host;
    EXPECT_EQ(result(none), "no-match") << host;
    EXPECT_TRUE(none.json.at("matched").is_null());
  }
  EXPECT_EQ(result(judge_sts_match("mode: enforce\n", "mail.example.com")), "invalid");
}

TEST(MtaStsLookup, the_result_names_what_is_in_force_or_why_nothing_is) {
  const Domain domain = Domain::parse("example.org").value();
  mtasts::StsFacts none;
  EXPECT_EQ(result(judge_sts_lookup(domain, none)), "none");

  mtasts::StsFacts unknown;
  unknown.record_unknown = true;
  unknown.findings = {{ResultType::DnssecInvalid, "bogus"}};
  EXPECT_EQ(result(judge_sts_lookup(domain, unknown)), "temporary-error");
  EXPECT_EQ(judge_sts_lookup(domain, unknown).json.at("record").as_string(), "unknown");

  mtasts::StsFacts invalid;
  invalid.record = RecordVerdict::Several;
  invalid.findings = {{std::nullopt, "two"}};
  EXPECT_EQ(result(judge_sts_lookup(domain, invalid)), "invalid");

  mtasts::StsFacts failed;
  failed.record = RecordVerdict::Valid;
  failed.temporary_error = true;
  failed.findings = {{ResultType::StsPolicyFetchError, "404"}};
  EXPECT_EQ(result(judge_sts_lookup(domain, failed)), "temporary-error");
  failed.findings = {{ResultType::StsPolicyInvalid, "line 1"}};
  EXPECT_EQ(result(judge_sts_lookup(domain, failed)), "invalid");
  EXPECT_EQ(judge_sts_lookup(domain, failed).exit_code, kNo);

  failed.source = mtasts::Source::Cached;
  failed.policy = mtasts::parse_policy(kBody).value();
  failed.id = "1";
  failed.expires = WallTime(Seconds(1'800'000'000));
  const StsVerdict verdict = judge_sts_lookup(domain, failed);
  EXPECT_EQ(verdict.exit_code, kOk);
  EXPECT_EQ(result(verdict), "valid");
  EXPECT_EQ(verdict.json.at("source").as_string(), "cache");
  EXPECT_EQ(verdict.json.at("expires").as_string(), "2027-01-15T08:00:00Z");
  EXPECT_EQ(verdict.json.at("findings").as_array().at(0).at("result").as_string(), "sts-policy-invalid");
  EXPECT_TRUE(verdict.json.at("temporary_error").as_bool());
}

TEST(MtaStsText, people_see_the_result_its_reason_and_what_is_known) {
  EXPECT_EQ(verdict_text(judge_sts_match(kBody, "mail.example.com")),
            "match: the mx pattern mail.example.com covers mail.example.com\n"
            "  host            mail.example.com\n"
            "  matched         mail.example.com\n"
            "  mode            enforce\n"
            "  max_age         604800\n"
            "  mx              mail.example.com, *.example.net\n");
}

class MtaStsCommand : public testing::Test {
 protected:
  /// What a command line prints; exit_code is what it stores, or kUsage.
  std::string run(std::vector<std::string> words) {
    CLI::App app;
    exit_code = -1;
    add_mta_sts(app, exit_code);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    try {
      app.parse(reversed);
    } catch (const CLI::ParseError&) {
      exit_code = kUsage;
    }
    testing::internal::GetCapturedStderr();
    return testing::internal::GetCapturedStdout();
  }
  int exit_code = -1;
};

TEST_F(MtaStsCommand, exit_codes_tell_the_kinds_apart) {
  const std::string file = testing::TempDir() + "postseal_mta_sts_policy.txt";
  std::ofstream(file) << kBody;
  struct {
    std::vector<std::string> words;
    int exit_code;
    const char* printed;
  } cases[] = {
      {{"mta-sts", "record", "v=STSv1; id=1;"}, kOk, "valid: "},
      {{"mta-sts", "record", "--json", "v=STSv1; id=1;"}, kOk, "{\"result\":\"valid\",\"id\":\"1\","},
      {{"mta-sts", "record", "v=spf1 -all", "v=STSv1; id=1;", "--json"}, kOk, "{\"result\":\"valid\""},
      {{"mta-sts", "record", "x"}, kNo, "none: "},
      {{"mta-sts", "record", "\"x"}, kUsage, ""},
      {{"mta-sts", "record"}, kNo, "none: "},
      {{"mta-sts"}, kUsage, ""},
      {{"mta-sts", "parse", file}, kOk, "valid: "},
      {{"mta-sts", "parse", "/nonexistent"}, kNoInput, ""},
      {{"mta-sts", "parse", testing::TempDir()}, kNoInput, ""},
      {{"mta-sts", "parse", "--json", "/dev/null"}, kNo, "{\"result\":\"invalid\""},
      {{"mta-sts", "match", file, "mail.example.com"}, kOk, "match: "},
      {{"mta-sts", "match", file, "example.com"}, kNo, "no-match: "},
      {{"mta-sts", "match", file}, kUsage, ""},
      {{"mta-sts", "lookup", "a..b"}, kUsage, ""},
      {{"mta-sts", "unknown"}, kUsage, ""},
  };
  for (const auto& [words, code, printed] : cases) {
    const std::string out = run(words);
    EXPECT_EQ(exit_code, code) << words.back();
    EXPECT_TRUE(out.starts_with(printed)) << out;
    EXPECT_EQ(out.empty(), *printed == '\0') << out;
  }
}

}  // namespace
}  // namespace postseal::cli
