// SPDX-License-Identifier: Apache-2.0
#include "edge/maildir/maildir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace postseal::maildir {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// Reads at most that many octets at once, so that a line end may be split; breaks after the text if told to.
class TextSource final : public message::Source {
 public:
  TextSource(std::string text, std::size_t largest, bool breaks)
      : text_(std::move(text)), largest_(largest), breaks_(breaks) {}
  std::ptrdiff_t read(std::span<char> buffer) override {
    const std::size_t count = std::min({buffer.size(), largest_, text_.size() - at_});
    if (count == 0 && breaks_) return -1;
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), count, buffer.begin());
    at_ += count;
    return static_cast<std::ptrdiff_t>(count);
  }

 private:
  std::string text_;
  std::size_t at_ = 0, largest_;
  bool breaks_;
};

message::OpenSource source(std::string text, std::size_t largest = 7, bool breaks = false) {
  return [=] { return std::make_unique<TextSource>(text, largest, breaks); };
}

class Maildir : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "postseal-maildir-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    place_ = pattern;
    folder_ = folder_of((place_ / "root").string(), Domain::parse("example.org").value(), "alice");
  }
  void TearDown() override { fs::remove_all(place_); }

  static Copy copy(std::string text = "Subject: x\r\n\r\nline\r\n") {
    return {.id = spool::LetterId::parse("0d3kz8r500001").value(),
            .recipient = 2,
            .from = Mailbox::parse("bob@there.test").value(),
            .delivered_to = Mailbox::parse("alice+lists@example.org").value(),
            .received = WallTime{Seconds{1'795'330'800}},
            .open = source(std::move(text)),
            .hostname = "mail.example.org"};
  }

  std::vector<std::string> files(const char* part) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(fs::path(folder_) / part)) names.push_back(entry.path().filename());
    return names;
  }

  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  static mode_t mode(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }

  fs::path place_;
  std::string folder_;
};

// RFC 5321 §4.4
TEST_F(Maildir, a_letter_is_one_file_in_new_with_trace_and_unix_line_ends) {
  const auto stored = store_letter(folder_, copy());
  ASSERT_TRUE(stored) << stored.error().what;
  EXPECT_FALSE(stored->was_there);
  const std::string text = "Return-Path: <bob@there.test>\nDelivered-To: alice+lists@example.org\nSubject: x\n\nline\n";
  EXPECT_EQ(read(stored->file), text);
  EXPECT_THAT(files("new"),
              ElementsAre("1795330800.L0d3kz8r500001R2.mail.example.org,S=" + std::to_string(text.size())));
  EXPECT_THAT(files("tmp"), IsEmpty());
  EXPECT_THAT(files("cur"), IsEmpty());
}

TEST_F(Maildir, only_its_owner_can_look_into_it) {
  const auto stored = store_letter(folder_, copy());
  ASSERT_TRUE(stored);
  EXPECT_EQ(mode(stored->file), 0600u);
  for (const char* part : {"", "/tmp", "/new", "/cur", "/..", "/../.."}) EXPECT_EQ(mode(folder_ + part), 0700u) << part;
}

TEST_F(Maildir, line_ends_are_converted_wherever_pieces_split) {
  for (const std::size_t largest : {1UL, 2UL, 3UL, 1000UL}) {
    Copy letter = copy();
    letter.recipient = static_cast<std::uint32_t>(largest);
    letter.from.reset();
    letter.open = source("a\r\n\r\r\nb\rc\r\n\r", largest);
    const auto stored = store_letter(folder_, letter);
    ASSERT_TRUE(stored);
    EXPECT_EQ(read(stored->file), "Return-Path: <>\nDelivered-To: alice+lists@example.org\na\n\r\nb\rc\n\r");
  }
}

// A37: between the rename and the queue's mark the program was killed, and delivers again.
TEST_F(Maildir, a37_a_copy_that_is_there_is_found_and_not_doubled) {
  const auto first = store_letter(folder_, copy());
  ASSERT_TRUE(first);
  Copy again = copy();
  again.may_be_there = true;
  const auto second = store_letter(folder_, again);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->was_there);
  EXPECT_EQ(second->file, first->file);

  // Meanwhile it may have been read.
  const std::string seen = folder_ + "/cur/" + fs::path(first->file).filename().string() + ":2,S";
  fs::rename(first->file, seen);
  const auto third = store_letter(folder_, again);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->file, seen);
  EXPECT_THAT(files("new"), IsEmpty());
}

TEST_F(Maildir, another_letter_or_recipient_is_another_file) {
  Copy letter = copy();
  letter.may_be_there = true;
  ASSERT_TRUE(store_letter(folder_, letter));
  letter.recipient = 21;
  ASSERT_TRUE(store_letter(folder_, letter));
  letter.id.value += 1;
  ASSERT_TRUE(store_letter(folder_, letter));
  EXPECT_EQ(files("new").size(), 3u);
}

TEST_F(Maildir, what_a_crash_left_half_written_is_replaced) {
  ASSERT_TRUE(store_letter(folder_, copy()));
  const std::string name = files("new").front();
  const std::string half = folder_ + "/tmp/" + name.substr(0, name.find(','));
  fs::remove(folder_ + "/new/" + name);
  std::ofstream(half) << std::string(5000, 'x');
  ASSERT_TRUE(store_letter(folder_, copy()));
  EXPECT_THAT(files("new"), ElementsAre(name));
  EXPECT_THAT(files("tmp"), IsEmpty());
}

TEST_F(Maildir, a_letter_that_cannot_be_read_leaves_nothing) {
  Copy letter = copy();
  letter.open = source("Subject: x\r\n", 7, true);
  const auto broken = store_letter(folder_, letter);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, FailureCode::LetterUnreadable);
  letter.open = [] { return nullptr; };
  ASSERT_FALSE(store_letter(folder_, letter));
  EXPECT_THAT(files("new"), IsEmpty());
  EXPECT_THAT(files("tmp"), IsEmpty());
}

TEST_F(Maildir, a_write_that_fails_leaves_nothing_and_the_next_one_goes_well) {
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto failed = store_letter(folder_, copy(std::string(100'000, 'x')));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().what, StartsWith("cannot write " + folder_ + "/tmp/"));
  EXPECT_THAT(failed.error().what, EndsWith("File too large"));
  EXPECT_THAT(files("new"), IsEmpty());
  EXPECT_THAT(files("tmp"), IsEmpty());
  EXPECT_TRUE(store_letter(folder_, copy()));
}

TEST_F(Maildir, a_link_in_the_place_of_the_draft_is_not_followed) {
  ASSERT_TRUE(store_letter(folder_, copy()));
  const std::string name = files("new").front();
  fs::remove(folder_ + "/new/" + name);
  fs::create_symlink(place_ / "elsewhere", folder_ + "/tmp/" + name.substr(0, name.find(',')));
  EXPECT_FALSE(store_letter(folder_, copy()));
  EXPECT_FALSE(fs::exists(place_ / "elsewhere"));
}

TEST_F(Maildir, the_root_s_own_parent_is_not_made) {
  const auto failed = store_letter((place_ / "missing/root/example.org/alice").string(), copy());
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().what, HasSubstr("cannot make"));
  EXPECT_FALSE(fs::exists(place_ / "missing"));
}

TEST(MaildirFolder, no_user_leads_out_of_his_place) {
  const Domain domain = Domain::parse("Bücher.example").value();
  for (const auto& [user, folder] :
       std::initializer_list<std::pair<std::string, const char*>>{{"alice", "alice"},
                                                                  {"a.b-c_d+e=f", "a.b-c_d+e=f"},
                                                                  {"..", "%2E."},
                                                                  {".hidden", "%2Ehidden"},
                                                                  {"../../etc", "%2E.%2F..%2Fetc"},
                                                                  {std::string("a\0b", 3), "a%00b"},
                                                                  {"a%2Fb", "a%252Fb"},
                                                                  {"\"two words\"", "%22two%20words%22"},
                                                                  {"line\nend", "line%0Aend"},
                                                                  {"jörg", "jörg"}}) {
    EXPECT_EQ(folder_of("/var/mail", domain, user), std::string("/var/mail/xn--bcher-kva.example/") + folder);
  }
}

TEST(MaildirFailure, the_systems_words_are_told_apart) {
  for (const auto& [error, code] : std::initializer_list<std::pair<int, FailureCode>>{{ENOSPC, FailureCode::NoSpace},
                                                                                      {EDQUOT, FailureCode::OverQuota},
                                                                                      {EROFS, FailureCode::ReadOnly},
                                                                                      {EACCES, FailureCode::NotAllowed},
                                                                                      {EPERM, FailureCode::NotAllowed},
                                                                                      {EIO, FailureCode::Io}}) {
    EXPECT_EQ(code_of(error), code) << error;
  }
}

TEST_F(Maildir, a_host_name_ends_no_part_of_the_file_name) {
  Copy letter = copy();
  letter.hostname = "a/b:c,d";
  ASSERT_TRUE(store_letter(folder_, letter));
  EXPECT_THAT(files("new").front(), HasSubstr(".a\\057b\\072c\\054d,S="));
}

}  // namespace
}  // namespace postseal::maildir
