// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/pipeline.h"

#include <algorithm>

namespace postseal::smtp {

Timer timer_for(Asked what) {
  switch (what) {
    case Asked::Greeting:
      return Timer::Greeting;
    case Asked::Ehlo:
    case Asked::Helo:
      return Timer::Ehlo;
    case Asked::StartTls:
      return Timer::StartTls;
    case Asked::Rset:  // RFC 5321 §4.5.3.2 has none; it belongs to the transaction that follows
    case Asked::Mail:
      return Timer::Mail;
    case Asked::Rcpt:
      return Timer::Rcpt;
    case Asked::Data:
      return Timer::DataInitiation;
    case Asked::Chunk:
      return Timer::DataBlock;
    case Asked::NoMessage:
    case Asked::Message:
      return Timer::DataTermination;
    case Asked::Quit:
      return Timer::Quit;
  }
  return Timer::None;
}

void Pipeline::send(std::string_view command, Question question) {
  output_.append(command);
  output_.append("\r\n");
  questions_.push_back(question);
}

void Pipeline::expect_unprompted(Question question) {
  questions_.push_back(question);
  taken_ = questions_.size();
}

std::string Pipeline::take_output() {
  taken_ = questions_.size();
  return std::exchange(output_, {});
}

void Pipeline::pop() {
  questions_.pop_front();
  if (taken_ > 0) --taken_;
}

bool Pipeline::has_left(Asked what) const {
  auto end = questions_.begin() + static_cast<std::ptrdiff_t>(taken_);
  return std::any_of(questions_.begin(), end, [what](const Question& question) { return question.what == what; });
}

}  // namespace postseal::smtp
