// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postseal::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Pattern, names) {
  struct Case {
    const char *pattern, *name;
    bool matches;
  };
  const Case cases[] = {
      {"example.org", "example.org", true},
      {"Example.ORG", "example.org", true},
      {"example.org", "a.example.org", false},
      {".example.org", "a.example.org", true},
      {".example.org", "example.org", false},
      {".example.org", "badexample.org", false},
      {"*", "anything", true},
      {"", "example.org", false},
  };
  for (const auto& [pattern, name, matches] : cases) EXPECT_EQ(name_matches(pattern, name), matches) << pattern;
}

TEST(Pattern, hosts_of_a_site) {
  EXPECT_THAT(hosts_of("mx1.test mx2.test:25"), ElementsAre("mx1.test", "mx2.test"));
  EXPECT_THAT(hosts_of("2001:db8::1:2525"), ElementsAre("2001:db8::1"));
  EXPECT_THAT(hosts_of("local"), ElementsAre("local"));
  EXPECT_THAT(hosts_of(""), IsEmpty());
}

TEST(Pattern, one_host_of_a_site_is_enough) {
  EXPECT_TRUE(site_matches("mx2.test", "mx1.test mx2.test:25"));
  EXPECT_TRUE(site_matches(".test", "mx1.test mx2.test:25"));
  EXPECT_TRUE(site_matches("mx1.test mx2.test:25", "mx1.test mx2.test:25"));
  EXPECT_FALSE(site_matches("mx3.test", "mx1.test mx2.test:25"));
}

}  // namespace
}  // namespace postseal::queue
