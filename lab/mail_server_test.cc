// SPDX-License-Identifier: Apache-2.0
#include "lab/mail_server.h"

#include <gtest/gtest.h>

#include <array>

#include "edge/net/dial.h"
#include "edge/tls/client.h"
#include "lab/authority.h"
#include "lab/launch.h"
#include "lab/run_with_servers.h"

namespace postseal::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const IpAddress kHere = *IpAddress::parse("127.0.0.1");
const Domain kHost = *Domain::parse("mx.lab.test");

Deadline soon() { return Deadline::in(seconds(10)); }

struct Seen {
  std::string text;    ///< all replies
  std::string ending;  ///< "", or how the connection ended
};

/// Reads replies until the final line of each is there, or the server goes away.
Awaitable<bool> read_reply(net::Stream* stream, Seen* seen, milliseconds patience) {
  std::string reply;
  std::array<char, 4096> piece;
  while (true) {
    const auto last = reply.rfind("\r\n", reply.size() < 2 ? 0 : reply.size() - 3);
    const std::string final_line = last == std::string::npos ? reply : reply.substr(last + 2);
    if (reply.ends_with("\r\n") && final_line.size() > 3 && final_line[3] == ' ') break;
    const auto count = co_await stream->read_some(piece, Deadline::in(patience));
    if (!count) {
      seen->text += reply;
      seen->ending = net::to_string(count.error().code);
      co_return false;
    }
    reply.append(piece.data(), *count);
  }
  seen->text += reply;
  co_return true;
}

Awaitable<Seen> converse(MailServer* server, std::vector<std::string> lines, milliseconds patience) {
  Seen seen;
  auto listener = co_await net::listen_tcp(kHere, 0);
  const std::uint16_t port = (*listener)->port();
  launch(co_await boost::asio::this_coro::executor, server->serve(std::move(*listener)));
  auto dialled = co_await net::dial_tcp({kHere}, port, {}, soon());
  std::unique_ptr<net::Stream> stream = std::move(dialled->stream);
  const tls::TrustStore nobody = tls::TrustStore::empty();
  const SystemClock clock;
  tls::ClientContext context(nobody, clock);
  if (!co_await read_reply(stream.get(), &seen, patience)) co_return seen;
  for (const std::string& line : lines) {
    const auto written = co_await stream->write_all(line, soon());
    if (!written) {
      seen.ending = net::to_string(written.error().code);
      co_return seen;
    }
    if (!co_await read_reply(stream.get(), &seen, patience)) co_return seen;
    if (line != "STARTTLS\r\n" || seen.text.find("220 2.0.0 go ahead") == std::string::npos) continue;
    policy::Requirement requirement;
    requirement.sni = kHost;
    auto session = co_await context.start(std::move(stream), requirement, Deadline::in(patience));
    if (!session) {
      seen.ending = net::to_string(session.error().error.code);
      co_return seen;
    }
    stream = std::move(session->stream);
  }
  co_return seen;
}

class MailServerTest : public testing::Test {
 protected:
  Seen talk(MailServerSpec spec, std::vector<std::string> lines, milliseconds patience = milliseconds(5000)) {
    auto authority = Authority::create();
    auto issued = authority->issue({}, kHost.ascii());
    tls::ServerSettings identity;
    identity.chain_pem = issued->chain_pem;
    identity.key_pem = issued->key_pem;
    auto server = MailServer::create(kHost, std::move(spec), identity, log);
    EXPECT_TRUE(server) << server.error();
    return run_with_servers(converse(server->get(), std::move(lines), patience));
  }
  RawLog log;
};

const std::vector<std::string> kLetter = {"EHLO me.test\r\n", "MAIL FROM:<a@b.test> BODY=8BITMIME\r\n",
                                          "RCPT TO:<c@lab.test>\r\n", "DATA\r\n", "Subject: x\r\n\r\n..dot\r\n.\r\n"};

std::vector<std::string> under_tls(std::vector<std::string> lines) {
  lines.insert(lines.begin(), {"EHLO me.test\r\n", "STARTTLS\r\n"});
  return lines;
}

TEST_F(MailServerTest, an_honest_server_takes_a_letter_under_tls_and_logs_it_without_dot_stuffing) {
  const Seen seen = talk({}, under_tls(kLetter));
  EXPECT_NE(seen.text.find("250 2.0.0 taken"), std::string::npos) << seen.text << seen.ending;
  const auto sessions = log.sessions(kHost);
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].tls_version, "TLSv1.3");
  EXPECT_EQ(sessions[0].sni, "mx.lab.test");
  EXPECT_EQ(sessions[0].before_tls, "EHLO me.test\r\nSTARTTLS\r\n");
  EXPECT_NE(sessions[0].under_tls.find("Subject: x"), std::string::npos);
  ASSERT_EQ(sessions[0].letters.size(), 1u);
  const ReceivedLetter& letter = sessions[0].letters[0];
  EXPECT_EQ(letter.body, "Subject: x\r\n\r\n.dot\r\n");
  EXPECT_EQ(letter.from, "a@b.test");
  EXPECT_EQ(letter.recipients, std::vector<std::string>{"c@lab.test"});
  EXPECT_TRUE(letter.tls);
  EXPECT_TRUE(letter.accepted);
}

TEST_F(MailServerTest, what_was_offered_before_tls_is_offered_anew_and_starttls_is_not) {
  const Seen seen = talk({.with = {"REQUIRETLS"}, .with_before_tls = {"X-EARLY"}}, under_tls({"EHLO me.test\r\n"}));
  const auto second = seen.text.rfind("250-mx.lab.test");
  EXPECT_LT(seen.text.find("X-EARLY"), second);
  EXPECT_EQ(seen.text.find("X-EARLY", second), std::string::npos);
  EXPECT_EQ(seen.text.find("STARTTLS", second), std::string::npos);
  EXPECT_NE(seen.text.find("REQUIRETLS", second), std::string::npos);
}

TEST_F(MailServerTest, chunks_are_put_together) {
  const Seen seen = talk({}, {"EHLO me.test\r\n", "MAIL FROM:<>\r\n", "RCPT TO:<c@lab.test>\r\n", "BDAT 4\r\nA: b",
                              "BDAT 10 LAST\r\n\r\n\r\n.\r\n.\r\n"});
  EXPECT_NE(seen.text.find("250 2.0.0 taken"), std::string::npos) << seen.text;
  EXPECT_EQ(log.sessions(kHost)[0].letters.at(0).body, "A: b\r\n\r\n.\r\n.\r\n");
}

struct Behaviour {
  std::string name;
  MailServerSpec spec;
  std::vector<std::string> lines;
  std::string contains;  ///< in the replies
  std::string ending;    ///< how the connection ends
};

void PrintTo(const Behaviour& behaviour, std::ostream* out) { *out << behaviour.name; }

class Behaves : public MailServerTest, public testing::WithParamInterface<Behaviour> {};

TEST_P(Behaves, as_its_spec_says) {
  const Seen seen = talk(GetParam().spec, GetParam().lines, milliseconds(300));
  EXPECT_NE(seen.text.find(GetParam().contains), std::string::npos) << seen.text;
  EXPECT_EQ(seen.ending, GetParam().ending) << seen.text;
}

MailServerSpec starttls(std::string how) {
  MailServerSpec spec;
  spec.starttls = std::move(how);
  return spec;
}
MailServerSpec handshake(std::string how) {
  MailServerSpec spec;
  spec.handshake = std::move(how);
  return spec;
}
MailServerSpec tls_script(std::string name) {
  MailServerSpec spec;
  spec.tls_script = std::move(name);
  return spec;
}
MailServerSpec says(std::string stage, std::string reply) {
  MailServerSpec spec;
  spec.replies = {{std::move(stage), std::move(reply)}};
  return spec;
}
MailServerSpec with(std::vector<std::string> keywords) {
  MailServerSpec spec;
  spec.with = std::move(keywords);
  return spec;
}
MailServerSpec without(std::vector<std::string> keywords) {
  MailServerSpec spec;
  spec.without = std::move(keywords);
  return spec;
}
MailServerSpec helo_only() {
  MailServerSpec spec;
  spec.ehlo = false;
  return spec;
}

const std::vector<std::string> kTls = {"EHLO me.test\r\n", "STARTTLS\r\n"};
const std::vector<std::string> kEhlo = {"EHLO me.test\r\n"};
std::vector<std::string> letter_with(std::string body) {
  auto lines = kLetter;
  lines[1] = "MAIL FROM:<a@b.test>\r\n";
  lines.back() = std::move(body);
  return lines;
}

INSTANTIATE_TEST_SUITE_P(
    Behaviours, Behaves,
    testing::Values(
        Behaviour{"absent", starttls("absent"), kTls, "502", ""},
        Behaviour{"stripped", starttls("stripped"), kEhlo, "XXXXXXXX", ""},
        Behaviour{"injected", starttls("injected"), {"EHLO me.test\r\n", "STARTTLS\r\n"}, "250 AUTH PLAIN", ""},
        Behaviour{"starttls_refused", says("starttls", "454 4.7.0 no"), kTls, "454 4.7.0 no", ""},
        Behaviour{"bytes_behind_starttls", {}, {"EHLO me.test\r\n", "STARTTLS\r\nNOOP\r\n"}, "554", ""},
        Behaviour{"handshake_reset", handshake("reset"), kTls, "220 2.0.0 go", "reset"},
        Behaviour{"handshake_alert", handshake("alert"), kTls, "220 2.0.0 go", "tls"},
        Behaviour{"handshake_hang", handshake("hang"), kTls, "220 2.0.0 go", "timeout"},
        Behaviour{"handshake_garbage", handshake("garbage"), kTls, "220 2.0.0 go", "tls"},
        Behaviour{"handshake_by_script", tls_script("rc4"), kTls, "220 2.0.0 go", "tls"},
        Behaviour{"refused_greeting", says("connect", "554 5.3.2 no"), {}, "554 5.3.2 no", ""},
        Behaviour{"drop_at_connect", says("connect", "drop"), {}, "", "closed"},
        Behaviour{"reset_at_mail", says("mail", "reset"), kLetter, "250", "reset"},
        Behaviour{"hang_at_data", says("data", "hang"), kLetter, "250 2.1.5", "timeout"},
        Behaviour{"garbage_at_ehlo", says("ehlo", "garbage"), kEhlo, "HTTP/1.1", "timeout"},
        Behaviour{"later_at_rcpt", says("rcpt", "451 4.3.0 later"), kLetter, "451 4.3.0 later", ""},
        Behaviour{"drop_behind_the_body", says("body", "drop"), kLetter, "354", "closed"},
        Behaviour{"drop_in_the_body", says("body", "drop-midway"), kLetter, "354", "closed"},
        Behaviour{"reset_in_the_body", says("body", "reset-midway"), kLetter, "354", "reset"},
        Behaviour{"closing_with_421", says("mail", "421 4.3.2 bye"), kLetter, "421 4.3.2", "closed"},
        Behaviour{"helo_only", helo_only(), {"EHLO me.test\r\n", "HELO me.test\r\n"}, "250 mx.lab.test", ""},
        Behaviour{"size_is_overridden", with({"SIZE 10"}), kEhlo, "SIZE 10\r\n", ""},
        Behaviour{"limits_are_kept",
                  with({"LIMITS RCPTMAX=1"}),
                  {"EHLO me.test\r\n", "MAIL FROM:<>\r\n", "RCPT TO:<a@b.test>\r\n", "RCPT TO:<c@b.test>\r\n"},
                  "452 4.5.3",
                  ""},
        Behaviour{"bare_line_feeds_are_refused", {}, letter_with("A: b\r\n\r\nx\ny\r\n.\r\n"), "550 5.6.0", ""},
        Behaviour{"eight_bit_needs_its_keyword", {}, letter_with("A: b\r\n\r\n\xff\r\n.\r\n"), "554 5.6.1", ""}),
    [](const auto& info) { return info.param.name; });

TEST_F(MailServerTest, keywords_can_be_left_out) {
  const Seen seen = talk(without({"8BITMIME", "PIPELINING", "STARTTLS"}), kEhlo);
  EXPECT_EQ(seen.text.find("8BITMIME"), std::string::npos);
  EXPECT_EQ(seen.text.find("STARTTLS"), std::string::npos);
  EXPECT_NE(seen.text.find("CHUNKING"), std::string::npos);
}

TEST_F(MailServerTest, a_refused_letter_counts_as_received_but_not_as_accepted) {
  talk(says("body", "451 4.3.0 disk full"), kLetter);
  const auto sessions = log.sessions(kHost);
  ASSERT_EQ(sessions.at(0).letters.size(), 1u);
  EXPECT_FALSE(sessions[0].letters[0].accepted);
  EXPECT_GT(sessions[0].body_bytes, 0u);
}

TEST_F(MailServerTest, an_old_server_speaks_old_tls_only) {
  MailServerSpec spec;
  spec.tls_min = "TLSv1";
  spec.tls_max = "TLSv1.1";
  const Seen seen = talk(spec, kTls);
  EXPECT_TRUE(seen.ending == "" || seen.ending == "tls") << seen.ending;
  if (seen.ending.empty()) EXPECT_EQ(log.sessions(kHost).at(0).tls_version, "TLSv1.1");
}

}  // namespace
}  // namespace postseal::lab
