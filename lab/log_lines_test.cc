// SPDX-License-Identifier: Apache-2.0
#include "lab/log_lines.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "lab/raw_log.h"

namespace postseal::lab {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "log-lines-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(LogLines, everything_a_server_sees_is_in_the_file_at_once) {
  const Folder folder;
  RawLog log;
  const auto before = log.open_session(*Domain::parse("before.test"));
  ASSERT_TRUE(log.keep_in(folder.path / "received.jsonl"));
  const auto session = log.open_session(*Domain::parse("mx.test"));
  log.handshake(session, "TLSv1.3", "mx.test", false);
  log.recipient(session, "a\n@b.test");
  log.body_bytes(session, 0);
  log.body_bytes(session, 3);
  log.body_bytes(session, 4);
  log.letter(session, {.from = "x@y.test",
                       .mail_parameters = "SIZE=7",
                       .recipients = {"a@b.test"},
                       .body = "\xff\r\n",
                       .tls = true,
                       .accepted = true});
  log.recipient(before, "late@b.test");
  EXPECT_EQ(text_of(folder.path / "received.jsonl"),
            R"({"event":"session","session":1,"host":"mx.test"}
{"event":"tls","session":1,"version":"TLSv1.3","sni":"mx.test","resumed":false}
{"event":"recipient","session":1,"mailbox_base64":"YQpAYi50ZXN0"}
{"event":"octets","session":1,"count":3}
{"event":"octets","session":1,"count":7}
{"event":"letter","session":1,"accepted":true,"from_base64":"eEB5LnRlc3Q=","parameters_base64":"U0laRT03","recipients_base64":["YUBiLnRlc3Q="],"body_base64":"/w0K"}
{"event":"recipient","session":0,"mailbox_base64":"bGF0ZUBiLnRlc3Q="}
)");
}

TEST(LogLines, a_file_that_cannot_be_written_is_said) {
  RawLog log;
  const auto kept = log.keep_in("/nowhere/at/all");
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error(), "cannot write /nowhere/at/all: No such file or directory");
}

}  // namespace
}  // namespace postseal::lab
