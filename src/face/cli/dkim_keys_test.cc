// SPDX-License-Identifier: Apache-2.0
// The server's own keys on the command line: made, rotated, published.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>

#include "edge/dkim_keys/key_directory.h"
#include "face/cli/ran_test.h"

namespace postseal::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DkimKeys : public testing::Test {
 protected:
  DkimKeys() {
    std::string name = (fs::temp_directory_path() / "dkim-keys-cli-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    std::ofstream(home_ / "p.toml") << "[server]\nuser = \"root\"\n[signing]\ndirectory = \""
                                    << (home_ / "keys").string()
                                    << "\"\n[resolver]\nmode = \"forward:127.0.0.1:9\"\ntrust_anchor = \"none\"\n"
                                    << "[delivery]\ntimeout = \"1s\"\n";
  }
  ~DkimKeys() override { fs::remove_all(home_); }

  Ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "dkim");
    arguments.insert(arguments.end(), {"--config", (home_ / "p.toml").string()});
    // Root gives its capabilities up here, and other tests may need them.
    const pid_t child = ::fork();
    if (child == 0) {
      const auto ran = run_command(std::move(arguments), add_dkim);
      std::ofstream(home_ / "out") << ran.out;
      std::ofstream(home_ / "err") << ran.err;
      ::_exit(ran.exit_code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("out"), read("err")};
  }
  std::string read(const char* name) const {
    std::ifstream file(home_ / name);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  boost::json::array keys() {
    const auto ran = run({"dns", "example.org", "--json"});
    EXPECT_EQ(ran.exit_code, kOk) << ran.err;
    return boost::json::parse(ran.out).at("keys").as_array();
  }
  std::vector<std::string> stages() {
    std::vector<std::string> result;
    for (const auto& key : keys()) result.emplace_back(key.at("stage").as_string());
    return result;
  }
  fs::path home_;
};

TEST_F(DkimKeys, a_domain_gets_one_of_each_type_and_their_records) {
  const auto made = run({"keygen", "example.org"});
  ASSERT_EQ(made.exit_code, kOk) << made.err;
  EXPECT_THAT(made.out, HasSubstr("._domainkey.example.org. IN TXT ( \"v=DKIM1; k=ed25519; p="));
  EXPECT_THAT(made.out, HasSubstr("\"v=DKIM1; k=rsa; p="));
  EXPECT_EQ(made.out.find("PRIVATE"), std::string::npos) << "no secret is shown";
  const auto list = keys();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].at("algorithm").as_string(), "ed25519-sha256");
  EXPECT_EQ(list[1].at("algorithm").as_string(), "rsa-sha256");
  EXPECT_THAT(stages(), testing::ElementsAre("published", "published"));
}

TEST_F(DkimKeys, keys_are_not_made_twice_by_mistake) {
  ASSERT_EQ(run({"keygen", "example.org", "--algorithm", "rsa-sha256", "--selector", "mine"}).exit_code, kOk);
  const auto again = run({"keygen", "example.org"});
  EXPECT_EQ(again.exit_code, kCannotCreate);
  EXPECT_THAT(again.err, HasSubstr("postseal dkim rotate example.org"));
  EXPECT_EQ(run({"keygen", "example.org", "--algorithm", "ed25519-sha256"}).exit_code, kOk) << "of another type";
  EXPECT_EQ(keys().size(), 2u);
}

TEST_F(DkimKeys, rotation_publishes_first_and_signs_later) {
  ASSERT_EQ(run({"keygen", "example.org"}).exit_code, kOk);
  ASSERT_EQ(run({"rotate", "example.org", "--now"}).exit_code, kOk);
  EXPECT_THAT(stages(), testing::ElementsAre("active", "active"));
  ASSERT_EQ(run({"rotate", "example.org"}).exit_code, kOk);
  EXPECT_THAT(stages(), testing::ElementsAre("active", "active", "published", "published"));
  ASSERT_EQ(run({"rotate", "example.org"}).exit_code, kOk);
  EXPECT_THAT(stages(), testing::ElementsAre("active", "active", "published", "published"))
      << "DNS says nothing: no further keys, and nothing changes";
  ASSERT_EQ(run({"rotate", "example.org", "--now"}).exit_code, kOk);
  EXPECT_THAT(stages(), testing::ElementsAre("retired", "retired", "active", "active"));
}

// After a theft: the stolen key must not go on signing until somebody calls again.
TEST_F(DkimKeys, rotation_now_is_one_call) {
  ASSERT_EQ(run({"keygen", "example.org", "--algorithm", "ed25519-sha256"}).exit_code, kOk);
  ASSERT_EQ(run({"rotate", "example.org", "--now"}).exit_code, kOk);
  EXPECT_THAT(stages(), testing::ElementsAre("active")) << "the first key, which waited";
  const auto rotated = run({"rotate", "example.org", "--now"});
  ASSERT_EQ(rotated.exit_code, kOk) << rotated.err;
  EXPECT_THAT(stages(), testing::ElementsAre("retired", "active"));
  EXPECT_THAT(rotated.out, HasSubstr("publish their records at once"));
}

TEST_F(DkimKeys, check_says_no_where_dns_does_not_show_them) {
  ASSERT_EQ(run({"keygen", "example.org"}).exit_code, kOk);
  const auto checked = run({"dns", "example.org", "--check"});
  EXPECT_EQ(checked.exit_code, kNo) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("in DNS: unknown"));
}

TEST_F(DkimKeys, wrong_usage_is_told) {
  EXPECT_EQ(run({"keygen"}).exit_code, kUsage);
  EXPECT_EQ(run({"keygen", "a b"}).exit_code, kUsage);
  EXPECT_EQ(run({"keygen", "example.org", "--algorithm", "dsa"}).exit_code, kUsage);
  EXPECT_EQ(run({"keygen", "example.org", "--selector", "s1"}).exit_code, kUsage) << "for both?";
  EXPECT_EQ(run({"dns", "example.org"}).exit_code, kNoInput);
  EXPECT_EQ(run({"rotate", "example.org"}).exit_code, kNoInput);
}

TEST_F(DkimKeys, a_key_in_a_file_is_none_of_the_servers) {
  const std::string file = (home_ / "k.pem").string();
  const auto made = run({"keygen", "example.org", "--selector", "s1", "--key", file});
  EXPECT_EQ(made.exit_code, kOk) << made.err;
  EXPECT_TRUE(fs::exists(file));
  EXPECT_EQ(run({"dns", "example.org"}).exit_code, kNoInput);
  EXPECT_EQ(run({"keygen", "example.org", "--selector", "s1", "--key", file}).exit_code, kCannotCreate);
}

}  // namespace
}  // namespace postseal::cli
