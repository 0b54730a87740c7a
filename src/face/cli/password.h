#pragma once
// SPDX-License-Identifier: Apache-2.0
// A new password, from wherever the operator has it. Never from the command line, which others can read.
#include <expected>
#include <string>

namespace postseal::cli {

struct NewPassword {
  std::string text;
  bool generated = false;  ///< has to be shown, once
};

/// From the file's first line ("-": standard input) if one is given; else asked twice on the terminal, where an empty
/// answer asks for a generated one; without a terminal generated. The error is a sentence.
std::expected<NewPassword, std::string> new_password(const std::string& file, const std::string& user);

/// 20 characters that nobody misreads, 100 random bits.
std::string generate_password();

}  // namespace postseal::cli
