// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace postseal::daemon {
namespace {

TEST(OpenFiles, may_be_as_many_as_the_hard_limit_allows) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(raise_open_files(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace postseal::daemon
