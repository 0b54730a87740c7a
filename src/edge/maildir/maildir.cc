// SPDX-License-Identifier: Apache-2.0
#include "edge/maildir/maildir.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace postseal::maildir {
namespace {

constexpr mode_t kFolderMode = 0700, kFileMode = 0600;
constexpr std::size_t kPiece = 64 * 1024;

Failure failure(std::string_view step, const std::string& path, int error) {
  return {code_of(error), fmt::format("cannot {} {}: {}", step, path, std::generic_category().message(error))};
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  /// Errors that were put off until now count too.
  bool close() { return ::close(std::exchange(descriptor_, -1)) == 0; }

 private:
  int descriptor_;
};

std::optional<Failure> sync_folder(const std::string& path) {
  const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return failure("open", path, errno);
  if (::fsync(folder.get()) != 0) return failure("sync", path, errno);
  return std::nullopt;
}

/// RFC 6154 §2 calls it \Junk.
constexpr std::string_view kJunk = "/.Junk";

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// With as many of its parents as that; each of them on stable storage before anything is put into it.
std::optional<Failure> make_folder(const std::string& path, int parents) {
  if (::mkdir(path.c_str(), kFolderMode) != 0) {
    if (errno == EEXIST) return std::nullopt;
    if (errno != ENOENT || parents == 0) return failure("make", path, errno);
    if (auto failed = make_folder(parent_of(path), parents - 1)) return failed;
    if (::mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) return failure("make", path, errno);
  }
  return sync_folder(parent_of(path));
}

std::optional<Failure> make_maildir(const std::string& folder) {
  constexpr int kUserDomainRoot = 3;
  for (const char* part : {"/tmp", "/cur", "/new"}) {
    if (auto failed = make_folder(folder + part, kUserDomainRoot)) return failed;
  }
  return std::nullopt;
}

/// A folder within a Maildir, as Dovecot and Courier have them (Maildir++): with an empty file that says so.
std::optional<Failure> make_subfolder(const std::string& folder) {
  if (auto failed = make_maildir(folder)) return failed;
  const std::string mark = folder + "/maildirfolder";
  const File file(::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return failure("make", mark, errno);
  return std::nullopt;
}

/// The Maildir page: a host name in a file name has no slash and no colon.
std::string host_part(std::string_view hostname) {
  std::string safe;
  for (const char c : hostname) {
    const bool plain = c > ' ' && c < 0x7f && c != '/' && c != ':' && c != ',';
    safe += plain ? std::string(1, c) : fmt::format("\\{:03o}", static_cast<unsigned char>(c));
  }
  return safe.substr(0, 100);
}

/// All of the name but its size. TIME.UNIQUE.HOST; the letter's id and the recipient make it unique, and the same
/// again.
std::string name_of(const Copy& copy) {
  return fmt::format("{}.L{}R{}.{}", copy.received.time_since_epoch().count(), copy.id.to_string(), copy.recipient,
                     host_part(copy.hostname));
}

/// The file of that name, whatever its size and, in cur, its flags.
std::expected<std::optional<std::string>, Failure> find(const std::string& folder, const std::string& name) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), ::closedir);
  if (!listing) return std::unexpected(failure("read", folder, errno));
  errno = 0;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view found = entry->d_name;
    if (found.starts_with(name) &&
        (found.size() == name.size() || found[name.size()] == ',' || found[name.size()] == ':')) {
      return folder + '/' + std::string(found);
    }
    errno = 0;
  }
  if (errno != 0) return std::unexpected(failure("read", folder, errno));
  return std::nullopt;
}

std::optional<Failure> write_all(const File& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return std::nullopt;
}

/// Appends with LF for each CRLF. after_cr: the piece before ended in a CR, which is still owed.
void append_lf(std::string_view piece, bool& after_cr, std::string& out) {
  for (const char c : piece) {
    if (after_cr && c != '\n') out += '\r';
    after_cr = c == '\r';
    if (!after_cr) out += c;
  }
}

std::expected<std::uint64_t, Failure> write_letter(const File& file, const Copy& copy, const std::string& path) {
  // RFC 5321 §4.4 MUST: who makes final delivery puts the reverse-path on top.
  std::string out =
      fmt::format("Return-Path: <{}>\nDelivered-To: {}\n", text_of(copy.from), copy.delivered_to.to_string());
  const auto source = copy.open();
  const Failure unreadable{FailureCode::LetterUnreadable, "the letter cannot be read from the store"};
  if (!source) return std::unexpected(unreadable);
  std::vector<char> piece(kPiece);
  std::uint64_t size = 0;
  bool after_cr = false;
  while (true) {
    const std::ptrdiff_t count = source->read(piece);
    if (count < 0) return std::unexpected(unreadable);
    append_lf(std::string_view(piece.data(), static_cast<std::size_t>(count)), after_cr, out);
    if (count == 0 && after_cr) out += '\r';
    if (auto failed = write_all(file, out, path)) return std::unexpected(*std::move(failed));
    size += out.size();
    out.clear();
    if (count == 0) return size;
  }
}

/// Written, synced and closed; its size.
std::expected<std::uint64_t, Failure> write_file(const Copy& copy, const std::string& path) {
  // What an earlier life left half-written under this name is written anew.
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (file.get() < 0) return std::unexpected(failure("open", path, errno));
  const auto size = write_letter(file, copy, path);
  if (!size) return size;
  if (::fsync(file.get()) != 0) return std::unexpected(failure("sync", path, errno));
  if (!file.close()) return std::unexpected(failure("close", path, errno));
  return size;
}

}  // namespace

std::string_view to_string(FailureCode code) {
  switch (code) {
    case FailureCode::NoSpace:
      return "no-space";
    case FailureCode::OverQuota:
      return "over-quota";
    case FailureCode::ReadOnly:
      return "read-only";
    case FailureCode::NotAllowed:
      return "not-allowed";
    case FailureCode::LetterUnreadable:
      return "letter-unreadable";
    case FailureCode::Io:
      return "io";
  }
  return "";
}

FailureCode code_of(int error) {
  if (error == ENOSPC) return FailureCode::NoSpace;
  if (error == EDQUOT) return FailureCode::OverQuota;
  if (error == EROFS) return FailureCode::ReadOnly;
  if (error == EACCES || error == EPERM) return FailureCode::NotAllowed;
  return FailureCode::Io;
}

std::string folder_of(std::string_view root, const Domain& domain, std::string_view user) {
  std::string safe;
  for (const char c : user) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      static_cast<unsigned char>(c) >= 0x80 || std::string_view("-_+=.@#~").contains(c);
    const bool leading_dot = c == '.' && safe.empty();
    safe += word && !leading_dot ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return fmt::format("{}/{}/{}", root, domain.ascii(), safe);
}

std::expected<Stored, Failure> store_letter(const std::string& user_folder, const Copy& copy) {
  if (auto failed = make_maildir(user_folder)) return std::unexpected(*std::move(failed));
  std::string folder = user_folder;
  if (copy.junk) {
    folder += kJunk;
    if (auto failed = make_subfolder(folder)) return std::unexpected(*std::move(failed));
  }
  const std::string name = name_of(copy);
  if (copy.may_be_there) {
    for (const char* part : {"/new", "/cur"}) {
      auto found = find(folder + part, name);
      if (!found) return std::unexpected(found.error());
      if (*found) return Stored{.was_there = true, .file = **found};
    }
  }
  const std::string draft = folder + "/tmp/" + name;
  const auto size = write_file(copy, draft);
  if (!size) {
    ::unlink(draft.c_str());
    return std::unexpected(size.error());
  }
  const std::string file = fmt::format("{}/new/{},S={}", folder, name, *size);
  if (::rename(draft.c_str(), file.c_str()) != 0) {
    const int error = errno;
    ::unlink(draft.c_str());
    return std::unexpected(failure("rename into", file, error));
  }
  if (auto failed = sync_folder(folder + "/new")) {
    // Not promised, so taken back, for it will be delivered again. Where a reader has it already it stays delivered.
    if (::unlink(file.c_str()) == 0 || errno != ENOENT) return std::unexpected(*std::move(failed));
  }
  return Stored{.was_there = false, .file = file};
}

}  // namespace postseal::maildir
