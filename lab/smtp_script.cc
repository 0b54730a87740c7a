// SPDX-License-Identifier: Apache-2.0
#include "lab/smtp_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace postseal::lab {

namespace {

Act act_of(std::string_view reply) {
  if (reply == "drop") return Act::Drop;
  if (reply == "reset") return Act::Reset;
  if (reply == "hang") return Act::Hang;
  if (reply == "garbage") return Act::Garbage;
  if (reply == "tarpit") return Act::Tarpit;
  if (reply == "drop-midway") return Act::DropMidway;
  if (reply == "reset-midway") return Act::ResetMidway;
  return Act::Reply;
}

std::string_view first_word(std::string_view line) { return line.substr(0, line.find(' ')); }

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

bool names(const std::vector<std::string>& keywords, std::string_view keyword) {
  return std::ranges::any_of(keywords, [&](const auto& k) { return same_word(first_word(k), first_word(keyword)); });
}

}  // namespace

int Answer::code() const {
  if (text.size() < 3 || !std::ranges::all_of(text.substr(0, 3), [](unsigned char c) { return std::isdigit(c); })) {
    return 0;
  }
  return std::stoi(text.substr(0, 3));
}

SmtpScript::SmtpScript(const MailServerSpec& spec) {
  for (const auto& [stage, reply] : spec.replies) replies_[stage].push_back(reply);
}

Answer SmtpScript::at(std::string_view stage, std::string usual) {
  const auto found = replies_.find(stage);
  if (found == replies_.end()) return {Act::Reply, std::move(usual), false};
  const std::size_t turn = used_[std::string(stage)]++;
  const std::string& reply = found->second[std::min(turn, found->second.size() - 1)];
  const Act act = act_of(reply);
  const bool keeps_text = act == Act::Tarpit || reply.empty();
  return {act, keeps_text ? usual : reply, true};
}

Act SmtpScript::upcoming(std::string_view stage) const {
  const auto found = replies_.find(stage);
  if (found == replies_.end()) return Act::Reply;
  const auto used = used_.find(stage);
  const std::size_t turn = used == used_.end() ? 0 : used->second;
  return act_of(found->second[std::min(turn, found->second.size() - 1)]);
}

std::vector<std::string> ehlo_keywords(const MailServerSpec& spec, bool tls) {
  std::vector<std::string> keywords;
  for (const char* keyword :
       {"PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "CHUNKING"}) {
    if (!names(spec.without, keyword) && !names(spec.with, keyword)) keywords.emplace_back(keyword);
  }
  if (!tls && !names(spec.without, "STARTTLS")) {
    // A01: what some firewalls make of the keyword.
    if (spec.starttls == "stripped") keywords.emplace_back("XXXXXXXX");
    if (spec.starttls == "offered" || spec.starttls == "injected") keywords.emplace_back("STARTTLS");
  }
  keywords.insert(keywords.end(), spec.with.begin(), spec.with.end());
  if (!tls) keywords.insert(keywords.end(), spec.with_before_tls.begin(), spec.with_before_tls.end());
  return keywords;
}

std::string format_reply(int code, const std::vector<std::string>& lines) {
  std::string reply;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    reply += fmt::format("{}{}{}\r\n", code, i + 1 < lines.size() ? '-' : ' ', lines[i]);
  }
  return reply;
}

}  // namespace postseal::lab
