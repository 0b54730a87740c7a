// SPDX-License-Identifier: Apache-2.0
#include "lab/tlsa_text.h"

#include <fmt/core.h>

#include <charconv>
#include <vector>

#include "lab/world_parts.h"

namespace postseal::lab {
namespace {

constexpr std::string_view kAllowed =
    "allowed: USAGE SELECTOR MATCHING, then nothing, leaf, intermediate, root, wrong, \"wrong xCOUNT\", short, empty "
    "or "
    "hexadecimal data; then perhaps \"of HOST\"";

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const auto start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) return words;
    text.remove_prefix(start);
    const auto end = text.find_first_of(" \t");
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end);
  }
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<TlsaSpec::What> named(std::string_view word) {
  using enum TlsaSpec::What;
  if (word == "leaf" || word == "leaf-of") return Leaf;
  if (word == "intermediate") return Intermediate;
  if (word == "root") return Root;
  if (word == "wrong") return Wrong;
  if (word == "short") return Short;
  if (word == "empty") return Empty;
  return std::nullopt;
}

}  // namespace

std::expected<TlsaSpec, std::string> parse_tlsa_spec(std::string_view text, const std::optional<Domain>& origin) {
  const auto fail = [&] { return std::unexpected(fmt::format("has \"{}\"; {}", text.substr(0, 60), kAllowed)); };
  const auto words = split_words(text);
  TlsaSpec spec;
  if (words.size() < 3 || !read_number(words[0], spec.usage) || !read_number(words[1], spec.selector) ||
      !read_number(words[2], spec.matching)) {
    return fail();
  }
  std::size_t next = 3;
  bool names_host = false;
  if (next < words.size() && words[next] != "of") {
    if (const auto what = named(words[next])) {
      spec.what = *what;
      names_host = words[next] == "leaf-of";
      ++next;
      if (spec.what == TlsaSpec::What::Wrong && next < words.size() && words[next].starts_with('x')) {
        if (!read_number(words[next].substr(1), spec.count) || spec.count < 1 || spec.count > kMaxTlsaCount)
          return fail();
        ++next;
      }
    } else {
      std::string hex;
      for (; next < words.size(); ++next) hex += words[next];
      auto data = from_hex(hex);
      if (!data) return fail();
      spec.what = TlsaSpec::What::Exact;
      spec.data = std::move(*data);
    }
  }
  if (next < words.size() && words[next] == "of" && !names_host) {
    names_host = true;
    ++next;
  }
  if (names_host) {
    if (next >= words.size()) return fail();
    spec.of = resolve_name(words[next++], origin);
    if (!spec.of) return fail();
  }
  if (next != words.size()) return fail();
  return spec;
}

}  // namespace postseal::lab
