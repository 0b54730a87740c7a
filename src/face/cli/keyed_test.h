#pragma once
// SPDX-License-Identifier: Apache-2.0
// For tests of commands that sign and verify: a folder for their files, a key in it, and a resolver that nobody
// answers.
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "face/cli/ran_test.h"
#include "protocol/dkim/key.h"

namespace postseal::cli {

class Keyed : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    key_ = file("key.pem", dkim::SigningKey::load("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")->pem());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, std::string_view text) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  /// Nobody answers there: what needs no question gets none.
  std::vector<std::string> with_resolver(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--resolver", "forward:127.0.0.1:9", "--trust-anchor", "none", "--cache-dir",
                                       (folder_ / "cache").string()});
    return arguments;
  }

  std::filesystem::path folder_;
  std::string key_;
};

}  // namespace postseal::cli
