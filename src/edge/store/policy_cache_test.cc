// SPDX-License-Identifier: Apache-2.0
#include "edge/store/policy_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "edge/store/policy_cache_format.h"

namespace postseal::store {
namespace {

namespace fs = std::filesystem;

const Domain kDomain = Domain::parse("example.org").value();
constexpr WallTime kThen{Seconds(1'800'000'000)};

mtasts::CacheEntry full_entry() {
  mtasts::CachedPolicy policy;
  policy.id = "20160831085700Z";
  policy.fetched = kThen;
  policy.policy.mode = mtasts::Mode::Enforce;
  policy.policy.max_age = mtasts::kMaxAge;
  policy.policy.mx = {mtasts::MxPattern::parse("mx.example.org").value(),
                      mtasts::MxPattern::parse("*.example.net").value()};
  mtasts::FetchFailureMemo failure;
  failure.id = "2";
  failure.at = kThen + Seconds(60);
  failure.reason = "a \"quoted\" reason";
  failure.result = tlsrpt::ResultType::StsWebpkiInvalid;
  return {policy, failure};
}

class PolicyCacheTest : public testing::Test {
 protected:
  PolicyCacheTest() {
    std::string pattern = testing::TempDir() + "postseal_cache_XXXXXX";
    root = ::mkdtemp(pattern.data());
    directory = root + "/deep/mta-sts";
  }
  ~PolicyCacheTest() override { fs::remove_all(root); }
  DiskPolicyCache cache() {
    return DiskPolicyCache(directory, [this](const std::string& line) { warnings.push_back(line); });
  }
  std::string path() const { return directory + "/example.org.json"; }
  void put(const std::string& text) {
    fs::create_directories(directory);
    std::ofstream(path(), std::ios::binary) << text;
  }
  static unsigned mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }

  std::string root;
  std::string directory;
  std::vector<std::string> warnings;
};

void expect_equal(const mtasts::CacheEntry& a, const mtasts::CacheEntry& b) {
  EXPECT_EQ(a.policy, b.policy);
  EXPECT_EQ(a.failure, b.failure);
}

TEST_F(PolicyCacheTest, S41_what_was_saved_survives_a_restart) {
  cache().save(kDomain, full_entry());
  expect_equal(cache().load(kDomain), full_entry());
  EXPECT_TRUE(warnings.empty());
}

TEST_F(PolicyCacheTest, a_reason_from_the_network_cannot_spoil_the_policy_beside_it) {
  mtasts::CacheEntry entry = full_entry();
  entry.failure->reason = "\xff\x00\n\x1b[31m" + std::string(1'000'000, '\xc3');
  cache().save(kDomain, entry);
  EXPECT_EQ(cache().load(kDomain).policy, entry.policy);
  EXPECT_TRUE(warnings.empty());
}

TEST_F(PolicyCacheTest, an_entry_replaces_the_one_before_whole) {
  DiskPolicyCache disk = cache();
  disk.save(kDomain, full_entry());
  disk.save(kDomain, {std::nullopt, full_entry().failure});
  EXPECT_FALSE(disk.load(kDomain).policy);
  disk.save(kDomain, {});
  expect_equal(disk.load(kDomain), {});
}

TEST_F(PolicyCacheTest, domains_do_not_share_entries) {
  DiskPolicyCache disk = cache();
  disk.save(kDomain, full_entry());
  EXPECT_FALSE(disk.load(Domain::parse("sub.example.org").value()).policy);
  fs::copy_file(path(), directory + "/evil.example.json");
  EXPECT_FALSE(disk.load(Domain::parse("evil.example").value()).policy) << "a file speaks for its own domain only";
  EXPECT_EQ(warnings.size(), 1U);
}

TEST_F(PolicyCacheTest, nothing_there_is_no_reason_to_warn) {
  expect_equal(cache().load(kDomain), {});
  EXPECT_TRUE(warnings.empty());
}

TEST_F(PolicyCacheTest, only_the_owner_can_read_it_and_no_temporary_files_stay) {
  cache().save(kDomain, full_entry());
  EXPECT_EQ(mode_of(directory), 0700U);
  EXPECT_EQ(mode_of(path()), 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory), fs::directory_iterator()), 1);
}

TEST_F(PolicyCacheTest, a_broken_file_is_as_good_as_none_and_is_said) {
  const std::string good = format_entry(kDomain, full_entry());
  auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const std::string broken[] = {
      "",
      "\n",
      "null",
      "[]",
      "{}",
      "garbage \x01\xff",
      good.substr(0, good.size() / 2),
      good + good,
      std::string(good.size(), '\0'),
      std::string(300 * 1024, ' '),
      std::string(100000, '['),
      with("\"version\":1", "\"version\":2"),
      with("\"version\":1", "\"version\":\"1\""),
      with("postseal-policy-cache", "something"),
      with("\"domain\":\"example.org\"", "\"domain\":\"example.com\""),
      with("\"enforce\"", "\"Enforce\""),
      with("*.example.net", "*.*.example.net"),
      with("[\"mx.example.org\",\"*.example.net\"]", "[]"),
      with("[\"mx.example.org\",\"*.example.net\"]", "[1]"),
      with("\"max_age\":31557600", "\"max_age\":31557601"),
      with("\"max_age\":31557600", "\"max_age\":-1"),
      with("\"max_age\":31557600", "\"max_age\":1e3"),
      with("\"fetched\":1800000000", "\"fetched\":9223372036854775807"),
      with("\"fetched\":1800000000", "\"fetched\":18446744073709551615"),
      with("\"fetched\"", "\"fetch\""),
      with("20160831085700Z", "../../etc"),
      with("sts-webpki-invalid", "starttls-not-supported"),
      with("\"failure\":{", "\"failure\":[{},{"),
  };
  std::size_t said = 0;
  for (const std::string& text : broken) {
    put(text);
    expect_equal(cache().load(kDomain), {});
    EXPECT_EQ(warnings.size(), ++said) << text.substr(0, 200);
    EXPECT_NE(warnings.back().find(path()), std::string::npos);
    EXPECT_EQ(warnings.back().find('\n'), std::string::npos);
  }
  cache().save(kDomain, full_entry());
  expect_equal(cache().load(kDomain), full_entry());
}

TEST_F(PolicyCacheTest, a_directory_or_a_pipe_in_its_place_is_as_good_as_none) {
  fs::create_directories(path());
  expect_equal(cache().load(kDomain), {});
  fs::remove(path());
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  expect_equal(cache().load(kDomain), {});
  EXPECT_EQ(warnings.size(), 2U);
}

TEST_F(PolicyCacheTest, a_directory_that_cannot_be_made_costs_one_warning_and_the_memory) {
  std::ofstream(root + "/deep") << "a file where the directory would be";
  DiskPolicyCache disk = cache();
  for (int i = 0; i < 3; ++i) disk.save(kDomain, full_entry());
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find(root + "/deep"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[0].find("not be remembered"), std::string::npos) << warnings[0];
}

TEST_F(PolicyCacheTest, names_stay_inside_the_directory) {
  DiskPolicyCache disk = cache();
  const std::string label(63, 'a');
  const Domain longest = Domain::parse(label + "." + label + "." + label + "." + std::string(61, 'a')).value();
  for (const Domain& domain : {Domain(), longest}) {
    disk.save(domain, full_entry());
    expect_equal(disk.load(domain), {});
  }
  if (const auto odd = Domain::parse_dns("a/b.example.org")) {
    disk.save(*odd, full_entry());
    expect_equal(disk.load(*odd), {});
  }
  EXPECT_TRUE(warnings.empty());
  EXPECT_FALSE(fs::exists(root + "/deep"));
}

}  // namespace
}  // namespace postseal::store
