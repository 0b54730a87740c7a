// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/timer.h"

namespace postseal::smtp {

std::chrono::seconds limit(Timer timer) {
  using std::chrono::minutes;
  switch (timer) {
    case Timer::Greeting:
      return minutes(5);  // RFC 5321 §4.5.3.2.1 SHOULD
    case Timer::Mail:
      return minutes(5);  // RFC 5321 §4.5.3.2.2 SHOULD
    case Timer::Rcpt:
      return minutes(5);  // RFC 5321 §4.5.3.2.3 SHOULD
    case Timer::DataInitiation:
      return minutes(2);  // RFC 5321 §4.5.3.2.4 SHOULD
    case Timer::DataBlock:
      return minutes(3);  // RFC 5321 §4.5.3.2.5 SHOULD
    case Timer::DataTermination:
      return minutes(10);  // RFC 5321 §4.5.3.2.6 SHOULD
    // RFC 5321 §4.5.3.2 names no timer for the rest; its usual value for a command serves.
    case Timer::Ehlo:
    case Timer::StartTls:
    case Timer::Quit:
      return minutes(5);
    case Timer::None:
      return std::chrono::hours(24);  // nothing is waited for; finite, so that adding it to now is safe
  }
  return minutes(5);
}

std::string_view to_string(Timer timer) {
  switch (timer) {
    case Timer::Greeting:
      return "greeting";
    case Timer::Ehlo:
      return "EHLO";
    case Timer::StartTls:
      return "STARTTLS";
    case Timer::Mail:
      return "MAIL";
    case Timer::Rcpt:
      return "RCPT";
    case Timer::DataInitiation:
      return "DATA initiation";
    case Timer::DataBlock:
      return "data block";
    case Timer::DataTermination:
      return "DATA termination";
    case Timer::Quit:
      return "QUIT";
    case Timer::None:
      return "none";
  }
  return "";
}

}  // namespace postseal::smtp
