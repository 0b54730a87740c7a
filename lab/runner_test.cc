// SPDX-License-Identifier: Apache-2.0
#include "lab/runner.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>

#include "lab/engine.h"
#include "lab/letter.h"
#include "lab/settings_file.h"

namespace postseal::lab {
namespace {

namespace fs = std::filesystem;

/// A folder that goes with the test.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "postseal-runner-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

constexpr std::string_view kWorld = R"(
[[case]]
name = "good"
domain = "good.test"
tlsa = "3 1 1"
expect = { outcome = "delivered", proof = "dane-ee 3 1 1", host = "mx" }

[[case]]
name = "liar"
about = "The world expects what does not happen"
domain = "liar.test"
tlsa = "3 1 1 wrong"
expect = { outcome = "delivered" }

[[case]]
name = "one-session"
about = "D47: two domains, one host, both demand the same proof"
recipients = ["a@first.test", "b@second.test"]
expect = { outcome = "delivered", proof = "dane-ee 3 1 1", host = "mx.shared.test" }

[[case]]
name = "cached"
domain = "cached.test"
sts = { record = "", behaviour = "refused", cached = { mx = ["other.cached.test"] } }
expect = { outcome = "deferred", reasons = ["sts-mx-mismatch"] }

[[case]]
name = "ruled"
domain = "ruled.test"
server = { starttls = "absent" }
local_rule = "encrypt"
expect = { outcome = "deferred", reasons = ["local-encrypt"] }

[[case]]
name = "no-file"
domain = "nofile.test"
message = "not-there.eml"

[[host]]
name = "mx.shared.test"
tlsa = "3 1 1"

[[zone]]
name = "first.test"
records = ["@ MX 10 mx.shared.test."]
[[zone]]
name = "second.test"
records = ["@ MX 10 mx.shared.test."]
)";

class RunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto world = parse_world(kWorld, "runner_test.toml");
    ASSERT_TRUE(world) << to_string(world.error());
    const auto ports = free_high_ports();
    ASSERT_TRUE(ports) << ports.error();
    auto up = StandingWorld::bring_up(std::move(*world), {scratch.path(), "runner_test.toml", *ports});
    ASSERT_TRUE(up) << up.error();
    standing = std::move(*up);
  }

  Scratch scratch;
  std::unique_ptr<StandingWorld> standing;
};

TEST_F(RunnerTest, runs_every_case_and_tells_the_expected_from_the_rest) {
  const RunResult result = run_cases(*standing, {standing->world().cases, 4});
  ASSERT_EQ(result.cases.size(), 6u);
  for (const char* name : {"good", "one-session", "cached", "ruled"}) {
    const auto found = std::ranges::find(result.cases, name, &CaseResult::name);
    ASSERT_NE(found, result.cases.end());
    EXPECT_TRUE(found->as_expected()) << name << found->trouble;
  }
  const CaseResult& liar = result.cases[1];
  ASSERT_FALSE(liar.as_expected());
  EXPECT_EQ(liar.rows.at(0).mismatches.at(0), (Mismatch{"outcome", "delivered", "deferred"}));
  EXPECT_NE(result.cases[5].trouble.find("not-there.eml"), std::string::npos);

  EXPECT_EQ(standing->log().sessions(*Domain::parse("mx.shared.test")).size(), 1u);
  EXPECT_NE(result.traces[0].find("> MAIL FROM:<lab@sender.lab.test>"), std::string::npos) << result.traces[0];
}

TEST_F(RunnerTest, a_running_world_is_described_by_a_settings_file) {
  settings::Settings settings;
  standing->apply(settings);
  const auto again = settings::parse_settings(format_settings_file(settings), "postseal.toml");
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(*again, settings);
}

TEST(SelectCases, a_name_means_its_variants_too) {
  World world;
  for (const char* name : {"S3", "S31", "S31-expired"}) world.cases.emplace_back().name = name;
  EXPECT_EQ(select_cases(world, {})->size(), 3u);
  const auto some = select_cases(world, {"S31"});
  ASSERT_TRUE(some);
  ASSERT_EQ(some->size(), 2u);
  EXPECT_EQ((*some)[1].name, "S31-expired");
  EXPECT_FALSE(select_cases(world, {"S31", "S9"}));
}

TEST(StandingWorld, a_taken_port_is_said_with_the_host_that_wanted_it) {
  const Scratch one, two;
  const auto ports = free_high_ports();
  ASSERT_TRUE(ports);
  const auto world = parse_world("[[case]]\nname = \"x\"\ndomain = \"x.test\"\n", "x.toml");
  ASSERT_TRUE(world);
  const auto first = StandingWorld::bring_up(*world, {one.path(), "x.toml", *ports});
  ASSERT_TRUE(first) << first.error();
  auto other = *free_high_ports();
  other.smtp = ports->smtp;
  const auto second = StandingWorld::bring_up(*world, {two.path(), "x.toml", other});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find("mx.x.test: cannot listen on 127.20.0.1"), std::string::npos) << second.error();
}

TEST(StandingWorld, a_real_server_that_does_not_start_is_said_with_its_last_words) {
  const Scratch scratch;
  const auto world = parse_world(
      "[[case]]\nname = \"x\"\ndomain = \"x.test\"\n"
      "server = { command = [\"sh\", \"-c\", \"echo no $LAB_NAME today; exit 1\"] }\n",
      "x.toml");
  ASSERT_TRUE(world) << to_string(world.error());
  const auto up = StandingWorld::bring_up(*world, {scratch.path(), "x.toml", *free_high_ports()});
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error(), "mx.x.test: sh: ended at once: no mx.x.test today");
}

TEST(Letter, its_first_line_stands_in_no_other_letter) {
  CaseSpec one, two;
  one.name = "D01";
  two.name = "D02";
  EXPECT_NE(marker_of(built_in_letter(one, "run")), marker_of(built_in_letter(two, "run")));
  EXPECT_NE(marker_of(built_in_letter(one, "run")), marker_of(built_in_letter(one, "other")));
  EXPECT_EQ(built_in_letter(one, "run").find("TLS-Required"), std::string::npos);
  one.tls_required_no = true;
  EXPECT_NE(built_in_letter(one, "run").find("\r\nTLS-Required: No\r\n"), std::string::npos);
}

}  // namespace
}  // namespace postseal::lab
