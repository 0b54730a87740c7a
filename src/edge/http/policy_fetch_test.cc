// SPDX-License-Identifier: Apache-2.0
// The fetcher against a real TLS server that sends what a test says.
#include "edge/http/policy_fetch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <fstream>

#include "edge/http/scripted_server.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace postseal::http {
namespace {

using postseal::tests::Certificate;
using postseal::tests::CertificateAsk;
using postseal::tests::FakeResolver;
using postseal::tests::issue;
using postseal::tests::run_coroutine;
using tests::Peer;
using tests::ScriptedServer;
using tests::ServerAsk;
using tlsrpt::ResultType;
using Result = std::expected<std::string, mtasts::FetchError>;

const std::string kPolicy = "version: STSv1\nmode: none\nmax_age: 60\n";
const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
const std::string kGood = kHead + "Content-Length: " + std::to_string(kPolicy.size()) + "\r\n\r\n" + kPolicy;

CertificateAsk valid_now(std::string common_name, std::vector<std::string> names) {
  CertificateAsk ask;
  ask.common_name = std::move(common_name);
  ask.dns_names = std::move(names);
  ask.from = SystemClock().now() - std::chrono::days(2);
  ask.until = ask.from + std::chrono::days(30);
  return ask;
}

const Certificate& authority() {
  static const Certificate made = [] {
    CertificateAsk ask = valid_now("CA of the test", {});
    ask.ca = true;
    return issue(ask);
  }();
  return made;
}

Certificate leaf(std::vector<std::string> names, const std::string& common_name = "a leaf") {
  return issue(valid_now(common_name, std::move(names)), &authority());
}

class Fetch : public testing::Test {
 protected:
  Fetch() : ca_file_(testing::TempDir() + "postseal_policy_fetch_ca.pem") {
    std::ofstream(ca_file_) << authority().pem;
    ask.certificate = leaf({"mta-sts.example.org"});
    resolver.a("mta-sts.example.org", {"127.0.0.1"});
    resolver.state("mta-sts.example.org", dns::RecordType::AAAA, dns::AnswerState::NoData);
    settings.allow_private = true;
    settings.ca_file = ca_file_;
    settings.timeout = std::chrono::seconds(20);
  }

  Result fetch(const ScriptedServer& server) {
    settings.https_port = server.port();
    PolicyFetch fetcher(resolver, settings);
    return run_coroutine(fetcher.fetch(domain, Deadline::in(std::chrono::seconds(30))));
  }
  Result fetch(const std::string& answer) {
    const ScriptedServer server(ask, [answer](Peer& peer) { peer.send(answer); });
    return fetch(server);
  }
  void expect_failure(const Result& result, ResultType type, const std::string& words) {
    ASSERT_FALSE(result) << "a policy where \"" << words << "\" was expected";
    EXPECT_EQ(result.error().result, type) << result.error().reason;
    EXPECT_NE(result.error().reason.find(words), std::string::npos) << result.error().reason;
  }

  std::string ca_file_;
  ServerAsk ask;
  FakeResolver resolver;
  PolicyFetchSettings settings;
  Domain domain = Domain::parse("example.org").value();
};

TEST_F(Fetch, S18_S33_a_policy_is_asked_for_by_its_url_and_name_and_nothing_else_is_sent) {
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  ::setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
  const ScriptedServer server(ask, [](Peer& peer) { peer.send(kGood); });
  const Result result = fetch(server);
  ::unsetenv("https_proxy");
  ::unsetenv("HTTPS_PROXY");
  ASSERT_TRUE(result) << result.error().reason;
  EXPECT_EQ(*result, kPolicy);
  EXPECT_EQ(server.server_name(), "mta-sts.example.org");
  const std::string request = server.request();
  EXPECT_TRUE(request.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("\r\nHost: mta-sts.example.org:"), std::string::npos) << request;
  for (const char* header : {"Accept-Encoding", "Cookie", "Authorization", "If-", "Referer"}) {
    EXPECT_EQ(request.find(header), std::string::npos) << request;
  }
}

TEST_F(Fetch, S17_each_fetch_asks_anew_whatever_the_server_says_of_caching) {
  const ScriptedServer server(ask, [](Peer& peer) {
    peer.send(kHead + "Cache-Control: max-age=9999\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx");
  });
  settings.https_port = server.port();
  PolicyFetch fetcher(resolver, settings);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(run_coroutine(fetcher.fetch(domain, Deadline::in(std::chrono::seconds(30)))));
  }
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(Fetch, S11_S12_S13_what_is_not_200_text_plain_fails) {
  struct {
    std::string answer;
    const char* words;
  } cases[] = {
      {"HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "redirect to \"/x\""},
      {"HTTP/1.1 302 Found\r\nLocation: https://mta-sts.example.org/\r\nContent-Length: 0\r\n\r\n", "redirect"},
      {"HTTP/1.1 307 x\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "307"},
      {"HTTP/1.1 308 x\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx", "308"},
      {"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx", "404, not 200"},
      {"HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\n\r\n" + kPolicy, "500"},
      {"HTTP/1.1 204 No Content\r\nContent-Type: text/plain\r\n\r\n", "204"},
      {"HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx", "206"},
      {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx", "text/html"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "no Content-Type"},
      {kHead + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "compressed"},
      {"220 mx.example.org ESMTP\r\n", ""},
      {"", ""},
      {kHead + "Content-Length: 1000\r\n\r\nversion: ST", ""},
  };
  for (const auto& [answer, words] : cases) {
    SCOPED_TRACE(answer);
    expect_failure(fetch(answer), ResultType::StsPolicyFetchError, words);
  }
  EXPECT_TRUE(fetch("HTTP/1.1 200 OK\r\ncontent-type: TEXT/plain; charset=utf-8\r\nContent-Length: 1\r\n\r\nx"));
  EXPECT_TRUE(fetch(kHead + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"));
}

TEST_F(Fetch, S14_a_policy_above_64_KiB_fails_by_its_length_and_by_its_bytes) {
  expect_failure(fetch(kHead + "Content-Length: 65537\r\n\r\n"), ResultType::StsPolicyFetchError, "64 KiB");
  const ScriptedServer endless(ask, [](Peer& peer) {
    peer.send(kHead + "Transfer-Encoding: chunked\r\n\r\n");
    while (peer.send("1000\r\n" + std::string(0x1000, 'x') + "\r\n")) {
    }
  });
  expect_failure(fetch(endless), ResultType::StsPolicyFetchError, "64 KiB");
  EXPECT_EQ(fetch(kHead + "Content-Length: 65536\r\n\r\n" + std::string(65536, 'x')).value().size(), 65536U);
}

TEST_F(Fetch, A11_an_endless_header_fails) {
  for (const std::string& line : {std::string("X: y\r\n"), std::string(4000, 'x')}) {
    const ScriptedServer server(ask, [&](Peer& peer) {
      peer.send("HTTP/1.1 200 OK\r\n");
      while (peer.send(line)) {
      }
    });
    EXPECT_FALSE(fetch(server));
  }
}

TEST_F(Fetch, S15_A11_an_answer_that_stops_ends_with_the_timeout) {
  settings.timeout = std::chrono::milliseconds(300);
  for (const std::string& beginning :
       {std::string(), std::string("HTTP/1.1 200 OK\r\n"), kHead + "Content-Length: 9\r\n\r\nx"}) {
    const ScriptedServer server(ask, [&](Peer& peer) {
      peer.send(beginning);
      peer.wait_for_end();
    });
    const auto start = std::chrono::steady_clock::now();
    expect_failure(fetch(server), ResultType::StsPolicyFetchError, "in time");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  }
}

// E2: who keeps all threads busy must not look like somebody who keeps this one host's answer back.
TEST_F(Fetch, A11_a_fetch_that_waits_for_its_turn_keeps_its_own_deadline_and_says_that_nobody_was_asked) {
  const ScriptedServer server(ask, [](Peer& peer) { peer.wait_for_end(); });
  settings.https_port = server.port();
  settings.threads = 1;
  PolicyFetch fetcher(resolver, settings);
  boost::asio::io_context io;
  std::vector<std::string> ended;
  auto start = [&](const char* who, std::chrono::milliseconds time) {
    boost::asio::co_spawn(io, fetcher.fetch(domain, Deadline::in(time)),
                          [&ended, who](std::exception_ptr, Result result) {
                            ASSERT_FALSE(result);
                            ended.emplace_back(who);
                            EXPECT_EQ(result.error().not_asked, ended.size() == 1) << result.error().reason;
                          });
  };
  start("first", std::chrono::milliseconds(900));
  start("second", std::chrono::milliseconds(100));
  io.run();
  EXPECT_EQ(ended, (std::vector<std::string>{"second", "first"}));
}

TEST_F(Fetch, S15_waiting_for_its_turn_takes_nothing_of_its_time) {
  std::atomic<int> asked = 0;
  const ScriptedServer server(ask, [&](Peer& peer) {
    if (++asked == 1) {
      peer.wait_for_end();
    } else {
      peer.send(kGood);
    }
  });
  settings.https_port = server.port();
  settings.threads = 1;
  settings.timeout = std::chrono::milliseconds(2000);
  PolicyFetch fetcher(resolver, settings);
  boost::asio::io_context io;
  std::vector<bool> ended;
  for (const auto time : {std::chrono::milliseconds(1000), std::chrono::milliseconds(60'000)}) {
    boost::asio::co_spawn(io, fetcher.fetch(domain, Deadline::in(time)),
                          [&](std::exception_ptr, Result result) { ended.push_back(result.has_value()); });
  }
  io.run();
  EXPECT_EQ(ended, (std::vector<bool>{false, true}));
}

TEST_F(Fetch, a_cancelled_fetch_ends_at_once_and_its_transfer_too) {
  boost::asio::io_context io;
  boost::asio::cancellation_signal cancel;
  const ScriptedServer server(ask, [&](Peer& peer) {
    boost::asio::post(io, [&] { cancel.emit(boost::asio::cancellation_type::all); });
    peer.wait_for_end();
  });
  settings.https_port = server.port();
  PolicyFetch fetcher(resolver, settings);
  bool ended = false;
  boost::asio::co_spawn(io, fetcher.fetch(domain, Deadline::in(std::chrono::seconds(30))),
                        boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr, Result result) {
                          ended = true;
                          EXPECT_FALSE(result);
                        }));
  const auto start = std::chrono::steady_clock::now();
  io.run();
  EXPECT_TRUE(ended);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(Fetch, S16_certificates_that_do_not_prove_the_policy_host_are_told_apart) {
  CertificateAsk expired = valid_now("x", {"mta-sts.example.org"});
  expired.until = expired.from + std::chrono::days(1);
  CertificateAsk future = valid_now("x", {"mta-sts.example.org"});
  future.from = future.until - std::chrono::days(1);
  CertificateAsk other_ca = valid_now("another CA", {});
  other_ca.ca = true;
  const Certificate other = issue(other_ca);
  CertificateAsk for_clients = valid_now("x", {"mta-sts.example.org"});
  for_clients.extended_key_usage = "clientAuth";
  CertificateAsk by_address = valid_now("mta-sts.example.org", {});
  by_address.ip_addresses = {"127.0.0.1"};
  struct {
    const char* what;
    Certificate certificate;
    const char* words;
  } cases[] = {
      {"expired", issue(expired, &authority()), "has expired"},
      {"not yet valid", issue(future, &authority()), "not yet valid"},
      {"self-signed", issue(valid_now("mta-sts.example.org", {"mta-sts.example.org"})), "self-signed"},
      {"unknown CA", issue(valid_now("x", {"mta-sts.example.org"}), &other), "unknown CA"},
      {"for the policy domain", leaf({"example.org"}), "not for mta-sts.example.org"},
      {"for another host", leaf({"mta-sts.example.com"}), "not for mta-sts.example.org"},
      {"common name only", leaf({}, "mta-sts.example.org"), "not for mta-sts.example.org"},
      {"common name beside another name", leaf({"x.example.org"}, "mta-sts.example.org"), "not for"},
      {"address of the server", issue(by_address, &authority()), "not for"},
      {"part of a label", leaf({"mta-*.example.org"}), "not for mta-sts.example.org"},
      {"wildcard one level up", leaf({"*.org"}), "not for mta-sts.example.org"},
      {"for clients", issue(for_clients, &authority()), "not acceptable"},
  };
  for (const auto& [what, certificate, words] : cases) {
    SCOPED_TRACE(what);
    ask.certificate = certificate;
    expect_failure(fetch(kGood), ResultType::StsWebpkiInvalid, words);
  }
  ask.certificate = leaf({"*.example.org"});
  EXPECT_TRUE(fetch(kGood)) << "a wildcard is one whole label";
}

TEST_F(Fetch, S16_an_intermediate_has_to_be_sent) {
  CertificateAsk middle = valid_now("intermediate", {});
  middle.ca = true;
  const Certificate intermediate = issue(middle, &authority());
  ask.certificate = issue(valid_now("x", {"mta-sts.example.org"}), &intermediate);
  expect_failure(fetch(kGood), ResultType::StsWebpkiInvalid, "left out");
  ask.chain_pem = {intermediate.pem};
  EXPECT_TRUE(fetch(kGood));
}

TEST_F(Fetch, TLS_1_1_is_no_answer) {
  ask.max_version = TLS1_1_VERSION;
  expect_failure(fetch(kGood), ResultType::StsPolicyFetchError, "TLS handshake");
}

TEST_F(Fetch, a_ca_file_that_cannot_be_read_is_named) {
  settings.ca_file = "/nonexistent/ca.pem";
  expect_failure(fetch(kGood), ResultType::StsPolicyFetchError, "/nonexistent/ca.pem");
}

TEST_F(Fetch, private_addresses_are_not_asked_unless_allowed) {
  settings.allow_private = false;
  const ScriptedServer server(ask, [](Peer& peer) { peer.send(kGood); });
  expect_failure(fetch(server), ResultType::StsPolicyFetchError, "no public address (127.0.0.1)");
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(Fetch, a_dead_address_does_not_keep_from_the_next) {
  resolver.a("mta-sts.example.org", {"::1", "127.0.0.2", "127.0.0.1"});
  EXPECT_TRUE(fetch(kGood));
}

TEST_F(Fetch, A09_a_closed_port_is_a_failure) {
  settings.https_port = 1;
  PolicyFetch fetcher(resolver, settings);
  expect_failure(run_coroutine(fetcher.fetch(domain, Deadline::in(std::chrono::seconds(5)))),
                 ResultType::StsPolicyFetchError, "mta-sts.example.org");
}

TEST_F(Fetch, what_dns_says_of_the_policy_host_is_said) {
  using dns::AnswerState;
  using dns::RecordType;
  const char* host = "mta-sts.example.org";
  auto look = [&] {
    PolicyFetch fetcher(resolver, settings);
    return run_coroutine(fetcher.fetch(domain, Deadline::in(std::chrono::seconds(5))));
  };
  resolver.state(host, RecordType::AAAA, AnswerState::NxDomain);
  resolver.state(host, RecordType::A, AnswerState::NxDomain);
  expect_failure(look(), ResultType::StsPolicyFetchError, "does not exist");
  resolver.state(host, RecordType::AAAA, AnswerState::NoData);
  resolver.state(host, RecordType::A, AnswerState::NoData);
  expect_failure(look(), ResultType::StsPolicyFetchError, "has no address");
  resolver.state(host, RecordType::A, AnswerState::Failed, true, dns::Failure::Timeout);
  expect_failure(look(), ResultType::StsPolicyFetchError, "could not be looked up");
  resolver.state(host, RecordType::A, AnswerState::Bogus);
  expect_failure(look(), ResultType::StsPolicyFetchError, "bogus");
  resolver.state(host, RecordType::AAAA, AnswerState::Bogus);
  resolver.a(host, {"127.0.0.1"});
  EXPECT_TRUE(fetch(kGood)) << "one family is enough";
}

TEST_F(Fetch, a_deadline_that_has_passed_asks_nobody) {
  const ScriptedServer server(ask, [](Peer& peer) { peer.send(kGood); });
  settings.https_port = server.port();
  PolicyFetch fetcher(resolver, settings);
  EXPECT_FALSE(run_coroutine(fetcher.fetch(domain, Deadline::in(std::chrono::milliseconds(-1)))));
}

}  // namespace
}  // namespace postseal::http
