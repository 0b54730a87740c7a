// SPDX-License-Identifier: Apache-2.0
#include "vocab/json_text.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <cstring>

#include "vocab/octet_set.h"

namespace postseal {

namespace {

constexpr OctetSet kPlain([](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });

}  // namespace

/// Between two members or elements. A string's last octet is its quote, so none of these is in a value.
bool JsonText::is_behind_another() const {
  const char last = text_.empty() ? '{' : text_.back();
  return last != '{' && last != '[' && last != ':';
}

void JsonText::separate() {
  if (is_behind_another()) text_ += ',';
}

/// In one step, since this is most of what is written.
void JsonText::quote(std::string_view text, bool is_key) {
  const std::size_t before = text_.size();
  const bool comma = is_behind_another();
  text_.resize_and_overwrite(before + text.size() + 4, [&](char* const begin, std::size_t) {
    char* at = begin + before;
    if (comma) *at++ = ',';
    *at++ = '"';
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
    *at++ = '"';
    if (is_key) *at++ = ':';
    return at - begin;
  });
}

JsonText& JsonText::key(std::string_view name) {
  quote(name, true);
  return *this;
}

JsonText& JsonText::open(char bracket) {
  separate();
  text_ += bracket;
  return *this;
}

JsonText& JsonText::close(char bracket) {
  text_ += bracket;
  return *this;
}

JsonText& JsonText::word(std::string_view text) {
  separate();
  text_ += text;
  return *this;
}

JsonText& JsonText::value(std::string_view text) {
  if (kPlain.contains_all(text)) {
    quote(text, false);
  } else {
    separate();
    text_ += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
  }
  return *this;
}

}  // namespace postseal
