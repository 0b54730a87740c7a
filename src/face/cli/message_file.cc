// SPDX-License-Identifier: Apache-2.0
#include "face/cli/message_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "face/cli/cli.h"

namespace postseal::cli {

namespace {

using Buffer = std::array<char, 65536>;

/// Writes CRLF where a LF has no CR before it.
class LineEnds {
 public:
  explicit LineEnds(const std::function<void(std::string_view)>& take) : take_(take) {}

  void feed(std::string_view piece) {
    for (std::size_t lf = piece.find('\n'); lf != std::string_view::npos; lf = piece.find('\n')) {
      const bool complete = lf == 0 ? after_cr_ : piece[lf - 1] == '\r';
      if (complete) {
        take_(piece.substr(0, lf + 1));
      } else {
        if (lf > 0) take_(piece.substr(0, lf));
        take_("\r\n");
      }
      piece.remove_prefix(lf + 1);
      after_cr_ = false;
    }
    if (piece.empty()) return;
    after_cr_ = piece.ends_with('\r');
    take_(piece);
  }

 private:
  const std::function<void(std::string_view)>& take_;
  bool after_cr_ = false;
};

}  // namespace

std::expected<MessageFile, MessageFileError> MessageFile::open(const std::string& path) {
  const auto cannot = [&](const char* what) {
    return std::unexpected(MessageFileError{kNoInput, fmt::format("{}: {}: {}", path, what, std::strerror(errno))});
  };
  errno = 0;
  std::FILE* opened = path == "-" ? std::tmpfile() : std::fopen(path.c_str(), "rbe");
  if (opened == nullptr) return cannot("cannot read the message");
  MessageFile file(std::shared_ptr<std::FILE>(opened, std::fclose), path);

  Buffer buffer;
  if (path == "-") {
    for (std::size_t count; (count = std::fread(buffer.data(), 1, buffer.size(), stdin)) > 0;) {
      if (std::fwrite(buffer.data(), 1, count, opened) != count) return cannot("cannot keep the message");
    }
    if (std::ferror(stdin) != 0 || std::fflush(opened) != 0) return cannot("cannot read the message");
    std::rewind(opened);
  }
  bool after_cr = false, decided = false;
  while (!decided) {
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), opened);
    // A folder opens, and fails only when it is read.
    if (std::ferror(opened) != 0) return cannot("cannot read the message");
    if (count == 0) break;
    const std::string_view piece(buffer.data(), count);
    const std::size_t lf = piece.find('\n');
    if (lf != std::string_view::npos) {
      file.unix_ = !(lf == 0 ? after_cr : piece[lf - 1] == '\r');
      decided = true;
    }
    after_cr = piece.ends_with('\r');
  }
  return file;
}

std::expected<void, MessageFileError> MessageFile::read_raw(const std::function<void(std::string_view)>& take) const {
  if (std::fseek(file_.get(), 0, SEEK_SET) != 0) {
    return std::unexpected(MessageFileError{kNoInput, path_ + ": not a file; use - for a pipe"});
  }
  Buffer buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file_.get())) {
    take({buffer.data(), count});
  }
  if (std::ferror(file_.get()) != 0) {
    return std::unexpected(MessageFileError{kNoInput, fmt::format("{}: {}", path_, std::strerror(errno))});
  }
  return {};
}

std::expected<void, MessageFileError> MessageFile::read(const std::function<void(std::string_view)>& take) const {
  if (!unix_) return read_raw(take);
  LineEnds ends(take);
  return read_raw([&](std::string_view piece) { ends.feed(piece); });
}

}  // namespace postseal::cli
