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

#include "face/cli/cli.h"
#include "protocol/message/normalise.h"

namespace postseal::cli {

namespace {

class FileSource final : public message::Source {
 public:
  explicit FileSource(int descriptor) : descriptor_(descriptor) {}
  ~FileSource() override { ::close(descriptor_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  bool rewind() override { return ::lseek(descriptor_, 0, SEEK_SET) == 0; }
  std::ptrdiff_t read(std::span<char> buffer) override {
    ssize_t count = 0;
    do count = ::read(descriptor_, buffer.data(), buffer.size());
    while (count < 0 && errno == EINTR);
    return count;
  }

 private:
  int descriptor_;
};

/// The file as it is, or with CRLF for each LF; owns the file below.
class NormalisedSource final : public message::Source {
 public:
  explicit NormalisedSource(std::unique_ptr<FileSource> file) : file_(std::move(file)), crlf_(*file_) {}
  bool rewind() override { return crlf_.rewind(); }
  std::ptrdiff_t read(std::span<char> buffer) override { return crlf_.read(buffer); }

 private:
  std::unique_ptr<FileSource> file_;
  message::CrlfSource crlf_;
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
  FileSource input(::dup(STDIN_FILENO));
  std::array<char, 65536> buffer;
  while (true) {
    const auto count = input.read(buffer);
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
  auto file = std::make_unique<FileSource>(descriptor);

  message::Scanner scanner;
  std::array<char, 65536> buffer;
  if (!file->rewind()) return std::unexpected(LetterError{kNoInput, path + ": not a file; use - for a pipe"});
  while (true) {
    const auto count = file->read(buffer);
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
  if (facts->line_ends == message::LineEnds::Lf) {
    letter.source = std::make_unique<NormalisedSource>(std::move(file));
  } else {
    letter.source = std::move(file);
  }
  return letter;
}

}  // namespace postseal::cli
