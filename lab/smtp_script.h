#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a mail server of the lab says, from its MailServerSpec: the EHLO keywords and the answer at each stage. Pure.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lab/world.h"

namespace postseal::lab {

/// What the server does instead of, or along with, its answer.
enum class Act {
  Reply,        ///< sends the text
  Drop,         ///< closes the connection
  Reset,        ///< closes it with a RST
  Hang,         ///< never answers
  Garbage,      ///< sends bytes that are no SMTP
  Tarpit,       ///< sends the usual reply, one byte a second
  DropMidway,   ///< stage "body": closes after the first bytes of the letter
  ResetMidway,  ///< stage "body": RST after the first bytes of the letter
};

struct Answer {
  Act act = Act::Reply;
  std::string text;       ///< without the last line end
  bool scripted = false;  ///< the world asked for it
  int code() const;       ///< 0 unless the text begins with three digits
};

/// One session's way through the script: where a stage has several replies, the first answers the first time, and the
/// last one stays.
class SmtpScript {
 public:
  explicit SmtpScript(const MailServerSpec& spec);
  /// REQUIRES: stage is one of world.h's. usual: what an honest server says here.
  Answer at(std::string_view stage, std::string usual);
  /// What comes next at this stage, without moving on.
  Act upcoming(std::string_view stage) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> replies_;
  std::map<std::string, std::size_t, std::less<>> used_;
};

/// The keyword lines of the EHLO reply.
std::vector<std::string> ehlo_keywords(const MailServerSpec& spec, bool tls);

/// "250-mx.test\r\n250-SIZE\r\n250 DSN\r\n"
std::string format_reply(int code, const std::vector<std::string>& lines);

}  // namespace postseal::lab
