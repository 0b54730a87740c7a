#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a policy host sends, judged while it arrives, so that nothing beyond the limits is ever kept or waited for.
#include <cstddef>
#include <string>
#include <string_view>

namespace postseal::http {

/// text/plain in any letters, with or without parameters.
bool is_text_plain(std::string_view content_type);

class Response {
 public:
  static constexpr std::size_t kMaxHeaderLines = 100;
  static constexpr std::size_t kMaxHeaderBytes = 32 * 1024;

  /// One line of a header with its line end; the empty line ends a header. False: stop, refusal() says why.
  bool add_header(std::string_view line);
  /// A piece of the body, chunking already undone. False: stop.
  bool add_body(std::string_view piece);

  /// A final answer with status 200 and the right type has begun.
  bool accepted() const { return accepted_; }
  /// One sentence; empty while nothing was wrong.
  const std::string& refusal() const { return refusal_; }
  std::string take_body() { return std::move(body_); }

 private:
  bool refuse(std::string why);
  bool end_header();

  std::size_t header_lines_ = 0;
  std::size_t header_bytes_ = 0;
  int status_ = 0;
  std::string content_type_;
  int content_types_ = 0;
  std::string location_;
  bool encoded_ = false;
  bool accepted_ = false;
  std::string body_;
  std::string refusal_;
};

}  // namespace postseal::http
