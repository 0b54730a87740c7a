// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/normalise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace postseal::message {
namespace {

class TextSource final : public Source {
 public:
  TextSource(std::string text, std::size_t piece, bool breaks = false)
      : text_(std::move(text)), piece_(piece), breaks_(breaks) {}
  std::ptrdiff_t read(std::span<char> buffer) override {
    if (at_ == text_.size()) return breaks_ ? -1 : 0;
    std::size_t length = std::min({buffer.size(), piece_, text_.size() - at_});
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), length, buffer.begin());
    at_ += length;
    return static_cast<std::ptrdiff_t>(length);
  }

 private:
  std::string text_;
  std::size_t piece_, at_ = 0;
  bool breaks_;
};

std::string read_all(Source& source, std::size_t buffer_size, std::ptrdiff_t* last = nullptr) {
  std::string result;
  std::vector<char> buffer(buffer_size);
  std::ptrdiff_t got = 0;
  while ((got = source.read(buffer)) > 0) result.append(buffer.data(), static_cast<std::size_t>(got));
  if (last) *last = got;
  return result;
}

TEST(CrlfSource, every_lf_becomes_crlf_whatever_the_buffers) {
  for (std::size_t piece : {1U, 2U, 100000U}) {
    for (std::size_t buffer : {1U, 2U, 3U, 4096U}) {
      CrlfSource source(std::make_unique<TextSource>("a\n\nb\nc", piece));
      EXPECT_EQ(read_all(source, buffer), "a\r\n\r\nb\r\nc");
    }
  }
}

TEST(CrlfSource, a_read_error_stays_an_error) {
  CrlfSource source(std::make_unique<TextSource>("a\n", 10, true));
  std::ptrdiff_t last = 0;
  EXPECT_EQ(read_all(source, 10, &last), "a\r\n");
  EXPECT_LT(last, 0);
}

}  // namespace
}  // namespace postseal::message
