// SPDX-License-Identifier: Apache-2.0
#include "face/cli/message_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

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

struct LineEndCount {
  bool bare = false, complete = false;  ///< there is a LF without CR before it, one with
  void feed(std::string_view piece) {
    for (std::size_t lf = piece.find('\n'); lf != std::string_view::npos; lf = piece.find('\n', lf + 1)) {
      const bool after_cr = lf == 0 ? after_cr_ : piece[lf - 1] == '\r';
      (after_cr ? complete : bare) = true;
      // Nothing more can be learnt.
      if (bare && complete) return;
    }
    after_cr_ = piece.ends_with('\r');
  }

 private:
  bool after_cr_ = false;
};

/// By whatever name: /dev/stdin, <(command), a named pipe.
bool is_pipe(std::FILE* file) {
  struct stat facts{};
  return ::fstat(::fileno(file), &facts) == 0 && !S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode);
}

}  // namespace

std::expected<MessageFile, MessageFileError> MessageFile::open(const std::string& path) {
  const auto cannot = [&](const char* what) {
    return std::unexpected(MessageFileError{kNoInput, fmt::format("{}: {}: {}", path, what, std::strerror(errno))});
  };
  errno = 0;
  std::FILE* opened = path == "-" ? stdin : std::fopen(path.c_str(), "rbe");
  if (opened == nullptr) return cannot("cannot read the message");
  std::shared_ptr<std::FILE> source(opened, [](std::FILE* file) {
    if (file != stdin) std::fclose(file);
  });
  Buffer buffer;
  if (path == "-" || is_pipe(opened)) {
    // What comes once is kept, since it is read more than once.
    std::FILE* kept = std::tmpfile();
    if (kept == nullptr) return cannot("cannot keep the message");
    const std::shared_ptr<std::FILE> owner(kept, std::fclose);
    for (std::size_t count; (count = std::fread(buffer.data(), 1, buffer.size(), opened)) > 0;) {
      if (std::fwrite(buffer.data(), 1, count, kept) != count) return cannot("cannot keep the message");
    }
    if (std::ferror(opened) != 0 || std::fflush(kept) != 0) return cannot("cannot read the message");
    std::rewind(kept);
    source = owner;
  }
  MessageFile file(std::move(source), path);
  LineEndCount count;
  for (std::size_t size; (size = std::fread(buffer.data(), 1, buffer.size(), file.file_.get())) > 0;) {
    count.feed({buffer.data(), size});
  }
  // A folder opens, and fails only when it is read.
  if (std::ferror(file.file_.get()) != 0) return cannot("cannot read the message");
  file.line_ends_ = !count.bare ? Ends::Wire : count.complete ? Ends::Mixed : Ends::Unix;
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

std::expected<void, MessageFileError> MessageFile::read_printed(
    const std::function<void(std::string_view)>& take) const {
  return line_ends_ == Ends::Mixed ? read(take) : read_raw(take);
}

std::expected<void, MessageFileError> MessageFile::read(const std::function<void(std::string_view)>& take) const {
  if (line_ends_ == Ends::Wire) return read_raw(take);
  LineEnds ends(take);
  return read_raw([&](std::string_view piece) { ends.feed(piece); });
}

}  // namespace postseal::cli
