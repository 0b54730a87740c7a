#pragma once
// SPDX-License-Identifier: Apache-2.0
// JSON that is written once and kept by nobody as a tree: for what every letter has, such as lines of its trace. RFC
// 8259. Strings must be UTF-8.
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace postseal {

class JsonText {
 public:
  /// Of a member, in an object; its value is what comes next. REQUIRES: printable ASCII without quote and backslash.
  JsonText& key(std::string_view name);

  JsonText& open_object() { return open('{'); }
  JsonText& open_array() { return open('['); }
  JsonText& close_object() { return close('}'); }
  JsonText& close_array() { return close(']'); }

  JsonText& value(std::string_view text);
  JsonText& value(const char* text) { return value(std::string_view(text)); }
  JsonText& value(std::same_as<bool> auto yes) { return word(yes ? "true" : "false"); }
  JsonText& value(std::unsigned_integral auto number)
    requires(!std::same_as<decltype(number), bool>)
  {
    return word(std::to_string(std::uint64_t{number}));
  }
  JsonText& null() { return word("null"); }

  /// key() and value() at once.
  JsonText& put(std::string_view name, const auto& what) { return key(name).value(what); }
  JsonText& put_null(std::string_view name) { return key(name).null(); }

  std::string take() { return std::move(text_); }
  JsonText() { text_.reserve(2048); }

 private:
  JsonText& open(char bracket);
  JsonText& close(char bracket);
  JsonText& word(std::string_view text);
  bool is_behind_another() const;
  void separate();
  void quote(std::string_view text, bool is_key);

  std::string text_;
};

}  // namespace postseal
