// SPDX-License-Identifier: Apache-2.0
#include "vocab/moment_text.h"

#include <gtest/gtest.h>

namespace postseal {
namespace {

TEST(MomentText, is_rfc_3339_in_utc) {
  const std::pair<std::int64_t, const char*> rows[] = {
      {0, "1970-01-01T00:00:00Z"},
      {-1, "1969-12-31T23:59:59Z"},
      {951'782'400, "2000-02-29T00:00:00Z"},
      {1'795'305'600, "2026-11-22T00:00:00Z"},
      {1'795'391'999, "2026-11-22T23:59:59Z"},
  };
  for (const auto& [seconds, text] : rows) EXPECT_EQ(moment_text(WallTime{Seconds{seconds}}), text);
}

}  // namespace
}  // namespace postseal
