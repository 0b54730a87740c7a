#pragma once
// SPDX-License-Identifier: Apache-2.0
// Notifications for the tests of this room. What is not said is a failure of one recipient at an honest server.
#include <stdexcept>
#include <string>
#include <string_view>

#include "protocol/dsn/notification.h"

namespace postseal::dsn::example {

inline Mailbox mailbox(std::string_view text) {
  auto parsed = Mailbox::parse(text);
  if (!parsed) throw std::invalid_argument(std::string(text));
  return *parsed;
}

inline constexpr WallTime kReceived{Seconds{1'795'330'800}};  // 22 Nov 2026 07:00:00

inline RecipientReport failed(std::string_view address = "bob@there.test") {
  RecipientReport report{.recipient = {.mailbox = mailbox(address), .original = {}, .notify = {}}};
  report.status = {5, 1, 1};
  report.remote_reply = Reply{.code = 550, .status = EnhancedStatus{5, 1, 1}, .lines = {"5.1.1 No such user here"}};
  report.remote_host = "mx.there.test";
  report.explanation = "mx.there.test (DANE-EE 3 1 1) refused the recipient";
  report.last_attempt = kReceived + Seconds{60};
  return report;
}

inline NotificationFacts facts() {
  NotificationFacts facts;
  facts.hostname = "mail.here.test";
  facts.id = "0d3kz8r500001";
  facts.envelope.from = mailbox("alice@here.test");
  facts.envelope.received = kReceived;
  facts.envelope.message_id = "<one@here.test>";
  facts.recipients = {failed()};
  facts.original_header =
      "Received: from laptop ([192.0.2.7]) by mail.here.test; Sun, 22 Nov 2026 07:00:00 +0000\r\n"
      "From: Alice <alice@here.test>\r\nTo: bob@there.test\r\nSubject: Lunch\r\n on Monday\r\n"
      "Date: Sun, 22 Nov 2026 06:59:58 +0000\r\nMessage-ID: <one@here.test>\r\n";
  facts.boundary = "b0undary0000000000000000";
  facts.message_id = "<notice@mail.here.test>";
  facts.now = kReceived + Seconds{120};
  return facts;
}

inline NotificationFacts requiretls() {
  NotificationFacts facts = example::facts();
  facts.envelope.requiretls = true;
  facts.recipients.front().status = {5, 7, 30};
  facts.recipients.front().remote_reply.reset();
  facts.recipients.front().explanation = "mx.there.test: the server does not offer REQUIRETLS (RFC 8689 section 4.2.1)";
  return facts;
}

inline NotificationFacts delayed() {
  NotificationFacts facts = example::facts();
  RecipientReport& report = facts.recipients.front();
  report.action = Action::Delayed;
  report.status = {4, 4, 1};
  report.remote_reply.reset();
  report.explanation = "mx.there.test: cannot connect to 192.0.2.9 port 25: no answer in time";
  report.will_retry_until = kReceived + std::chrono::days(5);
  return facts;
}

/// Several recipients, each with another outcome; ENVID and ORCPT given.
inline NotificationFacts mixed() {
  NotificationFacts facts = example::facts();
  facts.envelope.envelope_id = "QQ314159+2Bx";
  RecipientReport delivered{.recipient = {.mailbox = mailbox("carol@here.test"),
                                          .original = "rfc822;carol+2Blists@old.test",
                                          .notify = "SUCCESS,FAILURE"},
                            .action = Action::Delivered,
                            .status = {2, 0, 0},
                            .explanation = "maildir:/var/mail: stored",
                            .last_attempt = kReceived + Seconds{1}};
  facts.recipients.push_back(delivered);
  facts.recipients.push_back(delayed().recipients.front());
  facts.recipients.back().recipient.mailbox = mailbox("dave@[192.0.2.9]");
  facts.recipients.back().remote_host = "192.0.2.9";
  return facts;
}

/// Addresses and header in UTF-8.
inline NotificationFacts international() {
  NotificationFacts facts = example::facts();
  facts.envelope.from = mailbox("jörg@here.test");
  facts.envelope.utf8_headers = true;
  facts.recipients = {failed("用户@there.test")};
  facts.recipients.front().recipient.original = "utf-8;\\x{7528}\\x{6237}@there.test";
  facts.recipients.front().remote_reply->lines = {"5.1.1 没有这个用户"};
  facts.original_header = "From: Jörg <jörg@here.test>\r\nSubject: Grüße\r\nMessage-ID: <one@here.test>\r\n";
  return facts;
}

/// Everything that strangers write, written by a hostile one.
inline NotificationFacts hostile() {
  NotificationFacts facts = example::facts();
  facts.envelope.envelope_id = "x+0D+0AX-Evil: 1+0D+0A+0D+0Abody";
  facts.envelope.message_id = "<a>\r\nX-Evil: 2";
  RecipientReport& report = facts.recipients.front();
  report.recipient.original = "rfc822;+0D+0AX-Evil: 3+0D+0A--b0undary@x";
  report.remote_host = "mx.evil\r\nX-Evil: 4";
  report.remote_reply->lines = {"no\r\nX-Evil: 5\r\n\r\n--b0undary0000000000000000--", "\x1b[2J\x80\xff and \0"};
  report.explanation = "said\r\n\r\nX-Evil: 6\n.\r\nQUIT";
  facts.original_header =
      "Subject: bare\rX-Evil: 7\nX-Evil: 8\r\nX-Long: " + std::string(3000, 'x') + "\r\n\r\nX-Evil: the body\r\n";
  return facts;
}

}  // namespace postseal::dsn::example
