#pragma once
// SPDX-License-Identifier: Apache-2.0
// Bytes to send, and the replies that they will have, in order. RFC 2920: answers come in the order of the commands.
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/smtp/timer.h"

namespace postseal::smtp {

/// What a reply will be the answer to.
enum class Asked {
  Greeting,  ///< the connection itself
  Ehlo,      ///< or LHLO
  Helo,
  StartTls,
  Mail,
  Rcpt,
  Data,
  NoMessage,  ///< a lone dot: there was no recipient left
  Chunk,      ///< BDAT but the last
  Message,    ///< the end mark, or BDAT LAST
  Rset,
  Quit,
};

struct Question {
  Asked what;
  std::size_t recipient = 0;  ///< of Rcpt; of Message in LMTP
};

Timer timer_for(Asked what);

class Pipeline {
 public:
  /// REQUIRES: is_command_text(command).
  void send(std::string_view command, Question question);
  /// A further reply to what was just put into output().
  void expect(Question question) { questions_.push_back(question); }
  /// A reply that comes without being asked for: the greeting. REQUIRES: nothing else is unanswered.
  void expect_unprompted(Question question);
  /// For everything that is not a command line.
  std::string& output() { return output_; }

  bool output_empty() const { return output_.empty(); }
  /// The caller sends it: from now on the questions in it may be answered.
  std::string take_output();

  std::size_t unanswered() const { return questions_.size(); }
  /// A reply can be the answer to the first question only if that one has left: an answer that was there before its
  /// question was not given to it.
  bool may_be_answered() const { return taken_ > 0; }
  /// REQUIRES: unanswered() > 0.
  const Question& front() const { return questions_.front(); }
  void pop();
  /// True if such a question has left and has no answer yet.
  bool has_left(Asked what) const;

  /// Nothing more goes out and nothing more is waited for.
  void clear() { *this = Pipeline(); }

 private:
  std::string output_;
  std::deque<Question> questions_;
  std::size_t taken_ = 0;  ///< how many of questions_ have left
};

}  // namespace postseal::smtp
