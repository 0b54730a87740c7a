#pragma once
// SPDX-License-Identifier: Apache-2.0
// A message in a file, or on standard input (kept in an unlinked temporary file, since it may be sent more than once).
#include <expected>
#include <string>

#include "protocol/message/scan.h"
#include "protocol/message/source.h"

namespace postseal::cli {

struct LetterFile {
  message::MessageFacts facts;
  message::OpenSource open;  ///< CRLF line ends; the file stays open as long as this lives
};

struct LetterError {
  int exit_code;
  std::string what;  ///< one line: place, cause, remedy
};

/// path "-" is standard input.
std::expected<LetterFile, LetterError> open_letter(const std::string& path);

}  // namespace postseal::cli
