#pragma once
// SPDX-License-Identifier: Apache-2.0
// A message in a file or on standard input, for commands that check or sign it: read as often as needed, never held
// whole, and not judged (open_letter() of letter_file.h refuses what must not be sent; here it is to be looked at).
#include <cstdio>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace postseal::cli {

struct MessageFileError {
  int exit_code;
  std::string what;  ///< one line
};

class MessageFile {
 public:
  /// path "-" is standard input, which is kept in an unlinked temporary file.
  static std::expected<MessageFile, MessageFileError> open(const std::string& path);

  /// From the beginning, in pieces, as on the wire: in a file whose first line ends with LF alone, every LF without CR
  /// becomes CRLF.
  std::expected<void, MessageFileError> read(const std::function<void(std::string_view)>& take) const;
  /// From the beginning, in pieces, as it is.
  std::expected<void, MessageFileError> read_raw(const std::function<void(std::string_view)>& take) const;
  /// "\r\n" or "\n": how its first line ends.
  std::string_view line_end() const { return unix_ ? "\n" : "\r\n"; }

 private:
  MessageFile(std::shared_ptr<std::FILE> file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  std::shared_ptr<std::FILE> file_;
  std::string path_;
  bool unix_ = false;
};

}  // namespace postseal::cli
