// SPDX-License-Identifier: Apache-2.0
#include "face/cli/letter_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "face/cli/cli.h"
#include "protocol/message/normalise.h"

namespace postseal::cli {

namespace {

/// An open file, shared by the sources that read it.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  ssize_t read_at(off_t offset, std::span<char> buffer) const {
    ssize_t count = 0;
    do count = ::pread(descriptor_, buffer.data(), buffer.size(), offset);
    while (count < 0 && errno == EINTR);
    return count;
  }

 private:
  int descriptor_;
};

/// Reads from a place of its own: several transactions may read the letter at once.
class FileSource final : public message::Source {
 public:
  explicit FileSource(std::shared_ptr<const File> file) : file_(std::move(file)) {}

  std::ptrdiff_t read(std::span<char> buffer) override {
    const ssize_t count = file_->read_at(offset_, buffer);
    if (count > 0) offset_ += count;
    return count;
  }

 private:
  std::shared_ptr<const File> file_;
  off_t offset_ = 0;
};

LetterError cannot_read(const std::string& path) {
  return {kNoInput, fmt::format("{}: cannot read the message: {}", path, std::strerror(errno))};
}

/// Standard input can be read once only; a letter may be sent to several hosts.
std::expected<int, LetterError> keep_standard_input() {
  const char* folder = std::getenv("TMPDIR");
  std::string name = fmt::format("{}/postseal-XXXXXX", folder && *folder ? folder : "/tmp");
  const int kept = ::mkstemp(name.data());
  if (kept < 0) return std::unexpected(LetterError{kCannotCreate, fmt::format("{}: {}", name, std::strerror(errno))});
  ::unlink(name.c_str());
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) return kept;
    std::size_t done = 0;
    while (count > 0 && done < static_cast<std::size_t>(count)) {
      const ssize_t written = ::write(kept, buffer.data() + done, static_cast<std::size_t>(count) - done);
      if (written <= 0) break;
      done += static_cast<std::size_t>(written);
    }
    if (count < 0 || done < static_cast<std::size_t>(count)) {
      const LetterError error{kIoError,
                              fmt::format("standard input: cannot keep the message: {}", std::strerror(errno))};
      ::close(kept);
      return std::unexpected(error);
    }
  }
}

}  // namespace

std::expected<LetterFile, LetterError> open_letter(const std::string& path) {
  int descriptor = -1;
  if (path == "-") {
    auto kept = keep_standard_input();
    if (!kept) return std::unexpected(kept.error());
    descriptor = *kept;
  } else {
    descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status{};
    if (descriptor < 0) return std::unexpected(cannot_read(path));
    if (::fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode)) {
      ::close(descriptor);
      return std::unexpected(LetterError{kNoInput, path + ": not a message but a folder"});
    }
  }
  const auto file = std::make_shared<const File>(descriptor);

  message::Scanner scanner;
  std::array<char, 65536> buffer;
  FileSource source(file);
  while (true) {
    const auto count = source.read(buffer);
    if (count < 0 && errno == ESPIPE) {
      return std::unexpected(LetterError{kNoInput, path + ": not a file; use - for a pipe"});
    }
    if (count < 0) return std::unexpected(cannot_read(path));
    if (count == 0) break;
    scanner.feed(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  }
  auto facts = scanner.finish();
  if (!facts) {
    return std::unexpected(LetterError{kDataError, fmt::format("{}:{}: {}", path == "-" ? "standard input" : path,
                                                               facts.error().line, facts.error().what)});
  }
  LetterFile letter;
  letter.facts = *facts;
  letter.open = [file, line_ends = facts->line_ends]() -> std::unique_ptr<message::Source> {
    auto opened = std::make_unique<FileSource>(file);
    if (line_ends == message::LineEnds::Lf) return std::make_unique<message::CrlfSource>(std::move(opened));
    return opened;
  };
  return letter;
}

}  // namespace postseal::cli
