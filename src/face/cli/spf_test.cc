// SPDX-License-Identifier: Apache-2.0
// postseal spf check and dmarc check, against a name server on loopback.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

#include "face/cli/cli.h"
#include "face/cli/ran_test.h"
#include "tests/raw_name_server.h"

namespace postseal::cli {
namespace {

namespace json = boost::json;
using tests::nothing_there;
using tests::RawMessage;
using tests::RawNameServer;
using tests::RawQuery;
using tests::RawReply;

constexpr std::uint16_t kTxt = 16;

/// Has TXT records and nothing else.
class Dns {
 public:
  explicit Dns(std::map<std::string, std::string> texts)
      : server_([texts = std::move(texts)](const RawQuery& query) -> std::vector<RawReply> {
          const auto text = texts.find(query.name);
          if (query.type != kTxt || text == texts.end()) return nothing_there(query, "");
          if (text->second == "down") return RawMessage(query, 2);
          Bytes rdata{static_cast<std::uint8_t>(text->second.size())};
          rdata.insert(rdata.end(), text->second.begin(), text->second.end());
          return RawMessage(query).answer(kTxt, rdata);
        }) {}

  Ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--resolver", "127.0.0.1:" + std::to_string(server_.port()), "--trust-anchor", "none"});
    return run_command(std::move(arguments), add_spf, add_dmarc);
  }
  json::object verdict(std::vector<std::string> arguments, int exit_code) {
    arguments.emplace_back("--json");
    const Ran ran = run(std::move(arguments));
    EXPECT_EQ(ran.exit_code, exit_code) << ran.out << ran.err;
    return json::parse(ran.out).as_object();
  }

 private:
  RawNameServer server_;
};

TEST(SpfCheckCommand, the_verdict_has_the_keys_that_suites_read) {
  Dns dns({{"example.org", "v=spf1 a:nowhere.example.org ip4:192.0.2.1 -all exp=why.example.org"},
           {"why.example.org", "%{i} is none of ours"},
           {"mute.example.org", "v=spf1 -all"},
           {"down.example.org", "down"}});
  const auto check = [&](const char* ip, const char* from, int exit_code) {
    return dns.verdict({"spf", "check", "--ip", ip, "--mail-from", from, "--helo", "mute.example.org"}, exit_code);
  };
  json::object pass = check("192.0.2.1", "user@example.org", kOk);
  EXPECT_EQ(pass["result"], "pass");
  EXPECT_EQ(pass["mechanism"], "ip4:192.0.2.1");
  EXPECT_EQ(pass["lookups"], 1);
  EXPECT_EQ(pass["void_lookups"], 1);
  EXPECT_EQ(pass["explanation"], "");
  EXPECT_FALSE(pass["reason"].as_string().empty());

  json::object fail = check("192.0.2.2", "<user@example.org>", kNo);
  EXPECT_EQ(fail["result"], "fail");
  EXPECT_EQ(fail["explanation"], "192.0.2.2 is none of ours");
  EXPECT_EQ(fail["identity"], "mailfrom");

  for (const char* null : {"", "<>"}) {
    json::object helo = check("192.0.2.2", null, kNo);
    EXPECT_EQ(helo["result"], "fail");
    EXPECT_EQ(helo["identity"], "helo");
    EXPECT_NE(helo["explanation"], "") << "our own words";
  }
  EXPECT_EQ(check("192.0.2.2", "user@missing.example.org", kNo)["result"], "none");
  EXPECT_EQ(check("192.0.2.2", "user@down.example.org", kNo)["result"], "temperror");
}

TEST(SpfCheckCommand, a_sender_may_be_given_as_nothing) {
  Dns dns({{"mx.example.org", "v=spf1 -all"}});
  const auto verdict =
      dns.verdict({"spf", "check", "--mail-from=", "--ip", "192.0.2.1", "--helo", "mx.example.org"}, kNo);
  EXPECT_EQ(verdict.at("result"), "fail");
  EXPECT_EQ(verdict.at("identity"), "helo");
  EXPECT_EQ(
      dns.verdict({"spf", "check", "--ip=192.0.2.1", "--mail-from=a@mx.example.org", "--helo="}, kNo).at("identity"),
      "mailfrom");
}

TEST(SpfCheckCommand, the_default_explanation_is_the_operators) {
  Dns dns({{"example.org", "v=spf1 -all"}});
  EXPECT_EQ(dns.verdict({"spf", "check", "--ip", "192.0.2.1", "--mail-from", "a@example.org", "--default-explanation",
                         "DEFAULT"},
                        kNo)["explanation"],
            "DEFAULT");
}

TEST(SpfCheckCommand, people_get_lines) {
  Dns dns({{"example.org", "v=spf1 ip4:192.0.2.0/24 -all"}});
  const Ran ran = dns.run({"spf", "check", "--ip", "192.0.2.1", "--mail-from", "a@example.org"});
  EXPECT_EQ(ran.exit_code, kOk) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("pass: ")) << ran.out;
  EXPECT_NE(ran.out.find("ip4:192.0.2.0/24"), std::string::npos) << ran.out;
}

TEST(SpfCheckCommand, wrong_usage_is_told_apart_from_a_verdict) {
  Dns dns({});
  EXPECT_EQ(dns.run({"spf", "check", "--ip", "host.example", "--mail-from", "a@example.org"}).exit_code, kUsage);
  EXPECT_EQ(dns.run({"spf", "check", "--ip", "192.0.2.1"}).exit_code, kUsage) << "nothing to check";
  EXPECT_EQ(dns.run({"spf", "check", "--mail-from", "a@example.org"}).exit_code, kUsage);
  EXPECT_EQ(dns.run({"spf"}).exit_code, kUsage);
}

TEST(DmarcCheckCommand, the_verdict_has_the_keys_that_suites_read) {
  Dns dns({{"_dmarc.example.org", "v=DMARC1; p=reject; sp=quarantine; t=y"}, {"_dmarc.example.net", "down"}});
  json::object fail = dns.verdict({"dmarc", "check", "--from", "News.Example.Org", "--spf", "example.net:pass",
                                   "--dkim", "example.org:fail", "--dkim", "example.com:pass"},
                                  kNo);
  EXPECT_EQ(fail["result"], "fail");
  EXPECT_EQ(fail["policy"], "quarantine");
  EXPECT_EQ(fail["disposition"], "none") << "t=y";
  EXPECT_EQ(fail["record_domain"], "example.org");
  EXPECT_EQ(fail["organizational_domain"], "example.org");
  EXPECT_EQ(fail["spf_aligned"], false);
  EXPECT_EQ(fail["dkim_aligned"], false);
  EXPECT_EQ(fail["queries"], (json::array{"_dmarc.news.example.org", "_dmarc.example.org", "_dmarc.org"}));
  EXPECT_FALSE(fail["reason"].as_string().empty());

  json::object pass = dns.verdict(
      {"dmarc", "check", "--from", "example.org", "--spf", "example.org:softfail", "--dkim", "mail.example.org:pass"},
      kOk);
  EXPECT_EQ(pass["result"], "pass");
  EXPECT_EQ(pass["disposition"], "none");
  EXPECT_EQ(pass["dkim_aligned"], true);

  json::object none = dns.verdict({"dmarc", "check", "--from", "example.com"}, kNo);
  EXPECT_EQ(none["result"], "none");
  EXPECT_TRUE(none["policy"].is_null() && none["record_domain"].is_null());
  EXPECT_EQ(dns.verdict({"dmarc", "check", "--from", "example.net"}, kNo)["result"], "temperror");
}

TEST(DmarcCheckCommand, u_labels_are_a_labels) {
  Dns dns({{"_dmarc.xn--bcher-kva.example", "v=DMARC1; p=reject; adkim=s"}});
  EXPECT_EQ(dns.verdict({"dmarc", "check", "--from", "bücher.example", "--dkim", "xn--bcher-kva.example:pass"},
                        kOk)["result"],
            "pass");
}

TEST(DmarcCheckCommand, an_author_may_have_underscores) {
  Dns dns({{"_dmarc.example.org", "v=DMARC1; p=none; sp=reject"}});
  json::object fail = dns.verdict({"dmarc", "check", "--from", "my_co.example.org"}, kNo);
  EXPECT_EQ(fail["result"], "fail");
  EXPECT_EQ(fail["policy"], "reject");
}

TEST(DmarcCheckCommand, people_get_lines) {
  Dns dns({{"_dmarc.example.org", "v=DMARC1; p=reject"}});
  const Ran ran = dns.run({"dmarc", "check", "--from", "example.org"});
  EXPECT_EQ(ran.exit_code, kNo) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("fail: ")) << ran.out;
  EXPECT_NE(ran.out.find("_dmarc.example.org"), std::string::npos) << ran.out;
}

TEST(DmarcCheckCommand, wrong_usage_is_told_apart_from_a_verdict) {
  Dns dns({});
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--from", "a..b"},
                                             {"--from", "user@example.org"},
                                             {"--from", "example.org", "--spf", "example.org"},
                                             {"--from", "example.org", "--spf", "example.org:policy"},
                                             {"--from", "example.org", "--dkim", "example.org:softfail"},
                                             {"--from", "example.org", "--dkim", ":pass"},
                                             {}}) {
    std::vector<std::string> all{"dmarc", "check"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(dns.run(all).exit_code, kUsage);
  }
}

}  // namespace
}  // namespace postseal::cli
