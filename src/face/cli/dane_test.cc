// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>

#include "face/cli/ran_test.h"
#include "face/cli/time_text.h"
#include "protocol/dane/tlsa.h"
#include "tests/certificates.h"

namespace postseal::cli {
namespace {

using testing::HasSubstr;
using tests::Certificate;
using tests::issue;
using tests::kNoon;

Ran run_dane(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"dane", "verify"});
  return run_command(std::move(arguments), add_dane);
}

class DaneVerify : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / "postseal-dane-verify";
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& text) {
    const auto path = folder_ / (std::to_string(++files_) + ".pem");
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  static std::string tlsa(const Certificate& certificate, int usage, int selector, int matching_type) {
    return dane::format_tlsa(tests::tlsa_of(certificate, usage, selector, matching_type));
  }

  /// The command with the usual rest: the good name, noon, JSON.
  boost::json::object json(std::vector<std::string> arguments, int exit_code) {
    arguments.insert(arguments.end(),
                     {"--name", "mx.test", "--at", std::to_string(kNoon.time_since_epoch().count()), "--json"});
    const Ran ran = run_dane(arguments);
    EXPECT_EQ(ran.exit_code, exit_code) << ran.out << ran.err;
    boost::json::error_code error;
    auto value = boost::json::parse(ran.out, error);
    EXPECT_FALSE(error.failed()) << ran.out << ran.err;
    return value.is_object() ? value.as_object() : boost::json::object{};
  }

  Certificate root_ = issue({.common_name = "Root", .ca = true});
  Certificate leaf_ = issue({.common_name = "leaf", .dns_names = {"mx.test"}}, &root_);

 private:
  std::filesystem::path folder_;
  int files_ = 0;
};

TEST_F(DaneVerify, prints_what_matched_and_where) {
  const std::string chain = file(leaf_.pem + root_.pem);
  auto object = json({"--tlsa", tlsa(leaf_, 3, 1, 1), "--chain", chain}, kOk);
  EXPECT_EQ(object["result"], "verified");
  EXPECT_EQ(object["matched"], boost::json::value(tlsa(leaf_, 3, 1, 1)));
  EXPECT_EQ(object["depth"], 0);
  EXPECT_EQ(object.size(), 4U);

  object = json(
      {"--tlsa", tlsa(root_, 2, 0, 1), "--tlsa", dane::format_tlsa(tests::wrong_tlsa(3, 1, 1)), "--chain", chain}, kOk);
  EXPECT_EQ(object["matched"], boost::json::value(tlsa(root_, 2, 0, 1)));
  EXPECT_EQ(object["depth"], 1);
}

TEST_F(DaneVerify, rejects_with_a_reason) {
  const auto object = json({"--tlsa", dane::format_tlsa(tests::wrong_tlsa(3, 1, 1)), "--chain", file(leaf_.pem)}, kNo);
  EXPECT_EQ(object.at("result"), "rejected");
  EXPECT_TRUE(object.at("matched").is_null());
  EXPECT_TRUE(object.at("depth").is_null());
  EXPECT_FALSE(object.at("reason").as_string().empty());
}

TEST_F(DaneVerify, unusable_is_neither_wrong_usage_nor_a_rejection_D09_D11_D12) {
  const std::string chain = file(leaf_.pem);
  for (const char* record : {"0 0 1 00", "1 1 1 00", "3 1 9 00", "9 1 1 00", "3 7 1 00", "3 1 1 0011", "3 1 0 ",
                             "3 1 0", "3 0 0 3000", "3 1 1"}) {
    const auto object = json({"--tlsa", record, "--chain", chain}, kUnusable);
    EXPECT_EQ(object.at("result"), "unusable") << record;
    EXPECT_TRUE(object.at("matched").is_null()) << record;
  }
  json({"--tlsa", "1 1 1 00", "--tlsa", tlsa(leaf_, 3, 1, 1), "--chain", chain}, kOk);
}

TEST_F(DaneVerify, names_of_the_next_hop_count_for_dane_ta_D17) {
  const Certificate other = issue({.common_name = "other", .dns_names = {"example.test"}}, &root_);
  const std::string chain = file(other.pem + root_.pem);
  const std::vector<std::string> base = {"--tlsa", tlsa(root_, 2, 0, 1), "--chain", chain};
  json(base, kNo);
  auto with = base;
  with.insert(with.end(), {"--next-hop", "elsewhere.test", "--next-hop", "example.test"});
  json(with, kOk);
}

TEST_F(DaneVerify, a_ca_never_changes_the_result) {
  const std::string chain = file(leaf_.pem + root_.pem), ca = file(root_.pem);
  auto object = json({"--tlsa", dane::format_tlsa(tests::wrong_tlsa(2, 0, 1)), "--chain", chain, "--ca", ca}, kNo);
  EXPECT_EQ(object["pkix"].as_object()["result"], "verified");
  object = json({"--tlsa", tlsa(leaf_, 1, 1, 1), "--chain", chain, "--ca", ca}, kUnusable);
  // D19: nor does it complete a chain whose anchor the server did not send.
  json({"--tlsa", tlsa(root_, 2, 0, 1), "--chain", file(leaf_.pem), "--ca", ca}, kNo);
}

TEST_F(DaneVerify, reads_chains_as_tools_write_them) {
  std::string crlf;
  for (const char c : leaf_.pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& text :
       {"depth=0 CN = mx\n 0 s:/CN=mx\n" + leaf_.pem + "---\nServer certificate\n" + root_.pem + "no client names\n",
        leaf_.key_pem + leaf_.pem, crlf, leaf_.pem.substr(0, leaf_.pem.size() - 1)})
    json({"--tlsa", tlsa(leaf_, 3, 0, 2), "--chain", file(text)}, kOk);
}

TEST_F(DaneVerify, the_first_certificate_is_the_leaf_D15) {
  json({"--tlsa", tlsa(leaf_, 3, 1, 1), "--chain", file(root_.pem + leaf_.pem)}, kNo);
}

TEST_F(DaneVerify, time_is_what_at_says_D18) {
  const std::string chain = file(leaf_.pem + root_.pem);
  const auto exit_at = [&](const std::string& at) {
    return run_dane({"--tlsa", tlsa(root_, 2, 0, 1), "--chain", chain, "--name", "mx.test", "--at", at}).exit_code;
  };
  EXPECT_EQ(exit_at("2025-06-15T15:06:40Z"), kOk);
  EXPECT_EQ(exit_at("2026-06-15T15:06:40+02:00"), kNo);
  EXPECT_EQ(exit_at("1000000000"), kNo);
  EXPECT_EQ(exit_at("yesterday"), kUsage);
}

TEST_F(DaneVerify, bad_input_has_one_line_and_a_code_of_its_kind) {
  const std::string good = tlsa(leaf_, 3, 1, 1), chain = file(leaf_.pem);
  const std::string folder = std::filesystem::path(chain).parent_path().string();
  struct Row {
    std::vector<std::string> arguments;
    int exit_code;
    const char* words;
  };
  const Row rows[] = {
      {{"--chain", chain, "--name", "mx.test"}, kUsage, "--tlsa"},
      {{"--tlsa", good, "--name", "mx.test"}, kUsage, "--chain"},
      {{"--tlsa", good, "--chain", chain}, kUsage, "--name"},
      {{"--tlsa", "3 1 1 xyz", "--chain", chain, "--name", "mx.test"}, kUsage, "hexadecimal"},
      {{"--tlsa", "300 1 1 00", "--chain", chain, "--name", "mx.test"}, kUsage, "0 to 255"},
      {{"--tlsa", good, "--chain", chain, "--name", "m x"}, kUsage, "--name"},
      {{"--tlsa", good, "--chain", chain, "--name", "mx.test", "--next-hop", ".."}, kUsage, "--next-hop"},
      {{"--tlsa", good, "--chain", folder + "/nothing", "--name", "mx.test"}, kNoInput, "No such file"},
      {{"--tlsa", good, "--chain", folder, "--name", "mx.test"}, kNoInput, "Is a directory"},
      {{"--tlsa", good, "--chain", file("hello"), "--name", "mx.test"}, kDataError, "no PEM certificate"},
      {{"--tlsa", good, "--chain", file(leaf_.pem.substr(0, 200)), "--name", "mx.test"}, kDataError, "certificate 1"},
      {{"--tlsa", good, "--chain", file(std::string(2 << 20, 'x')), "--name", "mx.test"}, kDataError, "1 MiB"},
      {{"--tlsa", good, "--chain", chain, "--name", "mx.test", "--ca", folder + "/nothing"}, kNoInput, "--ca"},
      {{"--tlsa", good, "--chain", chain, "--name", "mx.test", "--ca", file("hello")}, kDataError, "--ca"},
  };
  for (const Row& row : rows) {
    const Ran ran = run_dane(row.arguments);
    EXPECT_EQ(ran.exit_code, row.exit_code) << row.words << ": " << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(row.words));
    EXPECT_EQ(ran.out, "") << row.words;
  }
}

TEST_F(DaneVerify, the_view_for_people_says_the_same) {
  const Ran ran = run_dane({"--tlsa", tlsa(leaf_, 3, 1, 1), "--tlsa", "1 1 1 00", "--chain", file(leaf_.pem), "--name",
                            "mx.test", "--at", "2025-06-15T15:06:40Z"});
  EXPECT_EQ(ran.exit_code, kOk);
  EXPECT_THAT(ran.out, HasSubstr("verified: "));
  EXPECT_THAT(ran.out, HasSubstr(tlsa(leaf_, 3, 1, 1)));
  EXPECT_THAT(ran.out, HasSubstr("ignored  1 1 1"));
}

TEST(TimeText, is_rfc_3339_or_seconds) {
  struct Row {
    const char* text;
    std::optional<std::int64_t> seconds;
  };
  const Row rows[] = {
      {"0", 0},
      {"1750000000", 1750000000},
      {"-1", {}},
      {"1970-01-01T00:00:00Z", 0},
      {"2025-06-15T15:06:40Z", 1750000000},
      {"2025-06-15 15:06:40.999z", 1750000000},
      {"2025-06-15t17:06:40+02:00", 1750000000},
      {"2025-06-15T09:36:40-05:30", 1750000000},
      {"2024-02-29T00:00:00Z", 1709164800},
      {"2023-02-29T00:00:00Z", {}},
      {"2025-13-01T00:00:00Z", {}},
      {"2025-06-15T24:00:00Z", {}},
      {"2025-06-15T15:06:40", {}},
      {"2025-06-15", {}},
      {"2025-06-15T15:06:40.Z", {}},
      {"2025-06-15T15:06:40Z ", {}},
      {"99999999999999999999", {}},
      {"", {}},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_time_text(row.text);
    EXPECT_EQ(parsed.has_value(), row.seconds.has_value()) << row.text;
    if (parsed && row.seconds) EXPECT_EQ(parsed->time_since_epoch().count(), *row.seconds) << row.text;
  }
}

}  // namespace
}  // namespace postseal::cli
