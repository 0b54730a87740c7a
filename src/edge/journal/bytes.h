#pragma once
// SPDX-License-Identifier: Apache-2.0
// Numbers as little-endian, texts with their length before them. The reader never reads behind the end: what is too
// short makes it not ok(), and everything read from then on is zero and empty.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postseal::journal {

template <std::unsigned_integral T>
void put(char* to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

template <std::unsigned_integral T>
T take(const char* from) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) value = value << 8 | static_cast<unsigned char>(from[i]);
  return static_cast<T>(value);
}

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  template <std::unsigned_integral T>
  void number(T value) {
    char bytes[sizeof(T)];
    put(bytes, value);
    out_.append(bytes, sizeof(T));
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
  }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  template <std::unsigned_integral T>
  T number() {
    if (rest_.size() < sizeof(T)) return fail(), T{};
    const T value = take<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view text() {
    const auto length = number<std::uint32_t>();
    if (rest_.size() < length) return fail(), std::string_view();
    const std::string_view value = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return value;
  }
  /// How many things follow, each of at least `least` octets: never more than there can be.
  std::uint32_t count(std::size_t least) {
    const auto value = number<std::uint32_t>();
    if (value > rest_.size() / least) return fail(), 0;
    return value;
  }
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  bool ok() const { return ok_; }
  /// Everything was read and nothing was missing.
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace postseal::journal
