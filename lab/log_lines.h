#pragma once
// SPDX-License-Identifier: Apache-2.0
// The raw log for those outside: a file with one JSON object for each thing that a server of the lab saw. `lab up
// --keep` writes it, so that people and tests can see what arrived while the world is up. docs/lab.md says what is in
// it.
#include <cstdint>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace postseal::lab {

struct LetterLine {
  std::string_view from, mail_parameters;
  std::span<const std::string> recipients;
  std::string_view body;
  bool accepted = false;
};

class LogLines {
 public:
  std::expected<void, std::string> open(const std::filesystem::path& file);

  // Nothing is written before open().
  void session(std::size_t session, std::string_view host);
  void handshake(std::size_t session, std::string_view version, std::string_view sni, bool resumed);
  void recipient(std::size_t session, std::string_view mailbox);
  /// Of letters, whole or not: all that came in this session.
  void octets(std::size_t session, std::uint64_t count);
  void letter(std::size_t session, const LetterLine& letter);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace postseal::lab
