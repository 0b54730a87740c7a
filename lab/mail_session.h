#pragma once
// SPDX-License-Identifier: Apache-2.0
// One session of a MailServer: the dialogue, STARTTLS and the ways to break it, DATA and BDAT, the log of it all.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/net/stream.h"
#include "lab/mail_server.h"
#include "lab/smtp_script.h"

namespace postseal::lab {

class MailSession {
 public:
  MailSession(const MailServer& server, std::unique_ptr<net::Stream> stream);
  Awaitable<void> run();

 private:
  // Each returns whether the session goes on.
  Awaitable<bool> greet();
  Awaitable<bool> obey(std::string line);
  Awaitable<bool> hello(bool extended);
  Awaitable<bool> start_tls();
  Awaitable<bool> handshake();
  Awaitable<void> play(const HelloScript* script);
  Awaitable<bool> mail(std::string argument);
  Awaitable<bool> recipient(std::string argument);
  Awaitable<bool> data();
  Awaitable<bool> chunk(std::string argument);
  Awaitable<bool> end_of_letter();
  Awaitable<bool> reply(std::string text);
  Awaitable<bool> enact(Answer answer);

  Awaitable<bool> read_more();
  Awaitable<std::optional<std::string>> read_line();
  Awaitable<std::optional<std::string>> read_dotted();
  bool leaves_midway();
  void forget_letter();

  const MailServer& server_;
  std::unique_ptr<net::Stream> stream_;
  RawLog::Session session_;
  SmtpScript script_;
  bool tls_ = false;
  std::string buffer_;  ///< received and not yet used
  std::optional<ReceivedLetter> letter_;
  bool chunking_ = false;      ///< a BDAT without LAST is behind us
  std::uint32_t letters_ = 0;  ///< transactions begun, for MAILMAX
};

}  // namespace postseal::lab
