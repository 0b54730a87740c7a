#pragma once
// SPDX-License-Identifier: Apache-2.0
// A message in a file or on standard input, for commands that check or sign it: read as often as needed, never held
// whole, and not judged (open_letter() of letter_file.h refuses what must not be sent; here it is to be looked at).
#include <cstdint>
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
  /// path "-" is standard input, which is kept in an unlinked temporary file, as are pipes by any name.
  static std::expected<MessageFile, MessageFileError> open(const std::string& path);

  /// From the beginning, in pieces, as on the wire: every LF without CR becomes CRLF.
  std::expected<void, MessageFileError> read(const std::function<void(std::string_view)>& take) const;
  /// From the beginning, in pieces, for who prints it with a field in front: as it is where all lines end in the same
  /// way, else as read().
  std::expected<void, MessageFileError> read_printed(const std::function<void(std::string_view)>& take) const;
  /// "\r\n" or "\n": how lines end that are printed with it.
  std::string_view line_end() const { return line_ends_ == Ends::Unix ? "\n" : "\r\n"; }

 private:
  enum class Ends : std::uint8_t { Wire, Unix, Mixed };
  std::expected<void, MessageFileError> read_raw(const std::function<void(std::string_view)>& take) const;
  MessageFile(std::shared_ptr<std::FILE> file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  std::shared_ptr<std::FILE> file_;
  std::string path_;
  Ends line_ends_ = Ends::Wire;
};

}  // namespace postseal::cli
