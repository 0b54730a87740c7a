// SPDX-License-Identifier: Apache-2.0
// What needs no DNS of dkim sign and dkim verify; how their messages are read. Signatures are in protocol/dkim.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>

#include "face/cli/dkim.h"
#include "face/cli/keyed_test.h"
#include "face/cli/message_file.h"

namespace postseal::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class Dkim : public Keyed {
 protected:
  Ran sign(const std::string& path, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"dkim", "sign", "--domain", "b.test", "--selector", "s", "--key", key_, path};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command(std::move(arguments), add_dkim);
  }
  Ran verify(const std::string& path, std::vector<std::string> more = {}) {
    auto arguments = with_resolver({"dkim", "verify", path});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command(std::move(arguments), add_dkim);
  }
};

std::string read(const std::string& path) {
  std::string text;
  const auto opened = MessageFile::open(path);
  EXPECT_TRUE(opened) << opened.error().what;
  EXPECT_TRUE(opened->read([&](std::string_view piece) { text += piece; }));
  return text;
}

TEST_F(Dkim, every_line_end_without_cr_gets_one) {
  EXPECT_EQ(read(file("unix", "A: b\n\nc\n")), "A: b\r\n\r\nc\r\n");
  EXPECT_EQ(read(file("wire", "A: b\r\n\r\nc\r\n")), "A: b\r\n\r\nc\r\n");
  EXPECT_EQ(read(file("mixed", "A: b\r\nC: d\n\nc\n")), "A: b\r\nC: d\r\n\r\nc\r\n");
  EXPECT_EQ(read(file("other", "A: b\n\r\nc\rd\n")), "A: b\r\n\r\nc\rd\r\n");
  EXPECT_EQ(read(file("none", "A: b")), "A: b");
}

TEST_F(Dkim, what_is_signed_is_what_is_printed) {
  const auto mixed = sign(file("mixed", "From: a@b.test\r\nTo: x@y.test\n\nHello.\n"));
  ASSERT_EQ(mixed.exit_code, kOk) << mixed.err;
  EXPECT_THAT(mixed.out, EndsWith("From: a@b.test\r\nTo: x@y.test\r\n\r\nHello.\r\n"));
  const auto unix = sign(file("unix", "From: a@b.test\n\nHello.\n"));
  EXPECT_EQ(unix.out.find('\r'), std::string::npos);
  EXPECT_THAT(unix.out, EndsWith("\nFrom: a@b.test\n\nHello.\n"));
}

TEST_F(Dkim, a_pipe_may_have_a_name) {
  const std::string path = (folder_ / "pipe").string();
  ASSERT_EQ(std::system(("mkfifo " + path + " && (printf 'From: a@b.test\\n\\nHello.\\n' > " + path + " &)").c_str()),
            0);
  const auto ran = sign(path);
  EXPECT_EQ(ran.exit_code, kOk) << ran.err;
  EXPECT_THAT(ran.out, EndsWith("\nFrom: a@b.test\n\nHello.\n"));
}

TEST_F(Dkim, an_identity_or_a_time_that_would_spoil_the_field_is_wrong_usage) {
  const auto letter = file("letter", "From: a@b.test\n\nHello.\n");
  for (const char* identity :
       {"a@b.test; l=0", "a;b@b.test", "a@b.test\r\nX: y", "a b@b.test", "a@other.test", "b.test"})
    EXPECT_EQ(sign(letter, {"--identity", identity}).exit_code, kUsage) << identity;
  EXPECT_EQ(sign(letter, {"--identity", "a@sub.b.test"}).exit_code, kOk);
  for (const char* time : {"-1", "-9223372036854775808", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01"}) {
    EXPECT_EQ(sign(letter, {std::string("--time=") + time}).exit_code, kUsage) << time;
    EXPECT_EQ(verify(letter, {std::string("--at=") + time}).exit_code, kUsage) << time;
  }
}

TEST_F(Dkim, json_is_utf8_whatever_a_stranger_wrote) {
  const auto ran = verify(file("letter",
                               "DKIM-Signature: v=1; a=\xff\xfe; d=\xff.test; s=\xc3; i=\x80@x; b=x\n"
                               "From: a@b.test\n\nHello.\n"),
                          {"--json"});
  EXPECT_EQ(ran.exit_code, kNo);
  boost::json::error_code error;
  const auto value = boost::json::parse(ran.out, error);
  ASSERT_FALSE(error) << ran.out;
  EXPECT_EQ(value.at("signatures").as_array().at(0).at("domain"), "?.test");
}

TEST(Arguments, an_option_may_be_given_as_nothing) {
  using List = std::vector<std::string>;
  EXPECT_EQ(with_empty_values({"spf", "--a=", "--b=c", "--d", "-e=", "x="}),
            (List{"spf", "--a", "", "--b=c", "--d", "-e=", "x="}));
  EXPECT_EQ(with_empty_values({"--", "--a="}), (List{"--", "--a="}));
  EXPECT_EQ(with_empty_values({"--a=b="}), (List{"--a=b="}));
}

}  // namespace
}  // namespace postseal::cli
