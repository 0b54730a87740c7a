#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the tests of this room share: a letter, keys made once, and signatures written by hand around them.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/dkim/sign.h"
#include "protocol/dkim/verify.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"
#include "vocab/codec.h"

namespace postseal::dkim::stage {

inline constexpr WallTime kNow{Seconds(1'700'000'000)};

/// Lines with LF, for reading.
inline std::string wire(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

inline const std::string& letter() {
  static const std::string text = wire(
      "From: Alice <alice@example.org>\n"
      "To: bob@example.net\n"
      "Subject: A  test\n"
      "Date: Fri, 10 Nov 2023 12:00:00 +0000\n"
      "Message-ID: <1@example.org>\n"
      "\n"
      "Dear Bob,\n"
      " this is \t it. \n"
      "\n"
      "Alice\n");
  return text;
}

inline const SigningKey& rsa_key() {
  static const SigningKey key = *SigningKey::generate(KeyType::Rsa);
  return key;
}
inline const SigningKey& ed25519_key() {
  static const SigningKey key = *SigningKey::generate(KeyType::Ed25519);
  return key;
}

inline Awaitable<void> run_here(std::function<void()> work) {
  work();
  co_return;
}

inline std::shared_ptr<MessagePass> pass_of(std::string_view message, message::HeaderLimits limits = {}) {
  auto pass = std::make_shared<MessagePass>(limits);
  pass->feed(message);
  pass->finish();
  return pass;
}

inline std::vector<SignatureVerdict> verify_text(std::string_view message, dns::Resolver& resolver,
                                                 WallTime now = kNow) {
  return tests::run_coroutine(verify(pass_of(message), resolver, run_here, now, Deadline::in(Seconds(5))));
}

/// A TXT record in strings of 255 octets at most.
inline std::vector<std::string> strings_of(std::string_view record) {
  std::vector<std::string> strings;
  for (; !record.empty(); record.remove_prefix(std::min<std::size_t>(255, record.size()))) {
    strings.emplace_back(record.substr(0, 255));
  }
  return strings;
}

/// Has the key of example.org, selector s.
inline void publish(tests::FakeResolver& resolver, const std::vector<std::string>& records, bool secure = true) {
  std::vector<std::vector<std::string>> all;
  for (const std::string& record : records) all.push_back(strings_of(record));
  resolver.txt("s._domainkey.example.org", std::move(all), secure);
}

/// Tags of a signature by example.org; set what a test is about, or erase by an empty optional.
class HandSigned {
 public:
  explicit HandSigned(std::string message = letter(), const SigningKey& key = ed25519_key())
      : message_(std::move(message)), key_(key) {
    tags_ = {{"v", "1"},
             {"a", std::string(to_string(algorithm_of(key.type())))},
             {"c", "relaxed/relaxed"},
             {"d", "example.org"},
             {"s", "s"},
             {"h", "from:to:subject:date"}};
  }
  HandSigned& set(std::string name, std::string value) {
    const auto it = std::ranges::find(tags_, name, &std::pair<std::string, std::string>::first);
    if (it == tags_.end()) {
      tags_.emplace_back(std::move(name), std::move(value));
    } else {
      it->second = std::move(value);
    }
    return *this;
  }
  HandSigned& drop(std::string_view name) {
    std::erase_if(tags_, [&](const auto& tag) { return tag.first == name; });
    return *this;
  }

  /// The field with CRLF. Hashes and signs whatever the tags say as far as they say something that can be done.
  std::string field() const {
    std::string c = "simple/simple", h;
    std::optional<std::uint64_t> length;
    bool has_hash = false;
    for (const auto& [name, value] : tags_) {
      if (name == "c") c = value;
      if (name == "h") h = value;
      if (name == "l") length = std::strtoull(value.c_str(), nullptr, 10);
      has_hash |= name == "bh";
    }
    const auto pair = parse_canonicalization_pair(c).value_or(CanonicalizationPair{});
    std::string text = "DKIM-Signature:";
    for (const auto& [name, value] : tags_) text += " " + name + "=" + value + ";";
    if (!has_hash) {
      BodyHash body(pair.body, length ? std::vector{*length} : std::vector<std::uint64_t>{});
      const std::size_t begin = message_.find("\r\n\r\n");
      body.feed(std::string_view(message_).substr(begin + 4));
      body.finish();
      text += " bh=" + to_base64(body.digest(length).value_or(Digest{})) + ";";
    }
    text += " b=";
    MessagePass pass;
    pass.feed(message_);
    pass.finish();
    std::vector<std::string> names;
    for (std::string_view name : split(h)) names.emplace_back(name);
    const std::vector<std::string_view> views(names.begin(), names.end());
    const message::HeaderField own(text);
    const auto octets = key_.sign(sha256(signed_text(pass, views, pair.header, own, text.size(), text.size()))).value();
    return text + to_base64({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()}) + "\r\n";
  }
  std::string whole() const { return field() + message_; }

 private:
  static std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
      const std::size_t end = text.find(':');
      std::string_view part = text.substr(0, end);
      while (part.starts_with(' ')) part.remove_prefix(1);
      while (part.ends_with(' ')) part.remove_suffix(1);
      parts.push_back(part);
      if (end == std::string_view::npos) return parts;
      text.remove_prefix(end + 1);
    }
  }
  std::string message_;
  const SigningKey& key_;
  std::vector<std::pair<std::string, std::string>> tags_;
};

}  // namespace postseal::dkim::stage
