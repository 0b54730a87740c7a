// SPDX-License-Identifier: Apache-2.0
#include "vocab/json_text.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

namespace postseal {

/// Between two members or elements. A string's last octet is its quote, so none of these is in a value.
void JsonText::separate() {
  if (!text_.empty() && !std::string_view("{[:").contains(text_.back())) text_ += ',';
}

JsonText& JsonText::key(std::string_view name) {
  separate();
  ((text_ += '"') += name) += "\":";
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
  separate();
  const bool plain = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (plain) {
    ((text_ += '"') += text) += '"';
  } else {
    text_ += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
  }
  return *this;
}

}  // namespace postseal
