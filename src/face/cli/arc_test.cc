// SPDX-License-Identifier: Apache-2.0
// What needs no DNS of it; chains with keys are in protocol/arc and tests/arc.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "face/cli/keyed_test.h"

namespace postseal::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kLetter =
    "Authentication-Results: mx.test; spf=pass smtp.mailfrom=a@b.test;\n dkim=none\n"
    "Authentication-Results: other.test; dmarc=pass\n"
    "From: a@b.test\n\nHello.\n";

class Arc : public Keyed {
 protected:
  Ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "arc");
    return run_command(with_resolver(std::move(arguments)), add_arc);
  }
  Ran seal(const std::string& path, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"seal", "--domain", "mx.test", "--selector", "s",          "--key",
                                       key_,   "--srv-id", "mx.test", "--time",     "1700000000", path};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(std::move(arguments));
  }
};

TEST_F(Arc, a_message_without_a_chain_is_none_and_exits_with_1) {
  const auto path = file("letter", kLetter);
  const auto json = run({"verify", "--json", path});
  EXPECT_EQ(json.exit_code, 1) << json.err;
  const auto verdict = boost::json::parse(json.out).as_object();
  EXPECT_EQ(verdict.at("result"), "none");
  EXPECT_TRUE(verdict.at("instances").as_array().empty());
  EXPECT_EQ(verdict.at("reason"), "");
  const auto text = run({"verify", path});
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.out, StartsWith("none: "));
}

// RFC 8617 §4.1.1: our own results and nobody else's; a file with Unix line ends stays one.
TEST_F(Arc, a_seal_takes_the_results_of_its_own_server_and_stands_in_front) {
  const auto ran = seal(file("letter", kLetter));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("ARC-Seal: a=ed25519-sha256;\n  b="));
  EXPECT_THAT(ran.out, EndsWith(kLetter));
  EXPECT_THAT(ran.out, HasSubstr("\nARC-Authentication-Results: i=1; mx.test;\n"
                                 "  spf=pass smtp.mailfrom=a@b.test;\n  dkim=none\n"));
  EXPECT_THAT(ran.out, HasSubstr("cv=none; d=mx.test; i=1; s=s; t=1700000000\n"));
  EXPECT_EQ(ran.out.find('\r'), std::string::npos);
  EXPECT_EQ(ran.out.find("other.test"), ran.out.rfind("other.test"));
}

// RFC 8617 §5.1.2, §5.2 steps 2 and 3.
TEST_F(Arc, a_broken_chain_is_marked_once_and_then_left_alone) {
  const auto broken = file("broken", "ARC-Seal: i=1; a=b\n" + std::string(kLetter));
  const auto verdict = run({"verify", "--json", broken});
  EXPECT_EQ(verdict.exit_code, 1);
  EXPECT_EQ(boost::json::parse(verdict.out).as_object().at("result"), "fail");
  const auto marked = seal(broken);
  ASSERT_EQ(marked.exit_code, 0) << marked.err;
  EXPECT_THAT(marked.out, HasSubstr("cv=fail; d=mx.test; i=2;"));
  EXPECT_THAT(marked.out, HasSubstr("i=2; mx.test;\n  arc=fail;\n"));
  const auto again = seal(file("marked", marked.out));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.out, marked.out);
  EXPECT_THAT(again.err, HasSubstr("not sealed: "));
}

TEST_F(Arc, what_is_printed_is_utf8_whatever_a_stranger_wrote) {
  const auto sealed = seal(file("letter",
                                "Authentication-Results: mx.test; spf=pass reason=\"\xff\"\n"
                                "From: a@b.test\n\nHello.\n"));
  ASSERT_EQ(sealed.exit_code, 0) << sealed.err;
  std::string text = sealed.out;
  text.replace(text.find("spf=pass"), 8, "spf=\xff\xfe\xff\xff");
  const auto path = file("sealed", text);
  const auto json = run({"verify", "--json", path});
  boost::json::error_code error;
  const auto value = boost::json::parse(json.out, error);
  ASSERT_FALSE(error) << json.out;
  EXPECT_EQ(value.at("instances").as_array().size(), 1u);
  const auto shown = run({"verify", path}).out;
  EXPECT_EQ(shown.find('\xff'), std::string::npos);
  EXPECT_THAT(shown, HasSubstr("spf=????"));
}

TEST_F(Arc, wrong_usage_says_what_is_wrong) {
  const auto letter = file("letter", kLetter);
  EXPECT_EQ(run({"verify"}).exit_code, kUsage);
  EXPECT_EQ(run({"verify", "--at", "noon", letter}).exit_code, kUsage);
  EXPECT_EQ(run({"verify", (folder_ / "absent").string()}).exit_code, kNoInput);
  EXPECT_EQ(seal(letter, {"--headers", "to"}).exit_code, kUsage) << "From must be signed";
  EXPECT_EQ(seal(letter, {"--headers", "from:arc-seal"}).exit_code, kUsage);
  const auto key = file("no.pem", "no key");
  EXPECT_EQ(
      run({"seal", "--domain", "mx.test", "--selector", "s", "--key", key, "--srv-id", "mx.test", letter}).exit_code,
      kDataError);
  EXPECT_EQ(
      run({"seal", "--domain", "m..x", "--selector", "s", "--key", key_, "--srv-id", "mx.test", letter}).exit_code,
      kUsage);
  EXPECT_EQ(run({"seal", "--domain", "mx.test", "--selector", "s", "--key", key_, "--srv-id", "", letter}).exit_code,
            kUsage);
}

}  // namespace
}  // namespace postseal::cli
