// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/remembered.h"

#include <gtest/gtest.h>

#include "flow/queue/stage_test.h"

namespace postseal::queue {
namespace {

using std::chrono::days;

MailDestination one() { return Domain::parse("one.test").value(); }

void save(Remembered& remembered, spool::Store& store, WallTime now) {
  for (const auto& note : remembered.take_changes(now)) ASSERT_TRUE(store.put_note(note.name, note.value));
}

TEST(Remembered, plaintext_after_tls_is_told_once_a_day) {
  for (const auto before : {Security::Tls, Security::StsEnforce, Security::Dane}) {
    Remembered remembered;
    EXPECT_FALSE(remembered.learn(one(), before, kStart));
    const auto seen = remembered.learn(one(), Security::Plaintext, kStart + days(1));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->best, before);
    EXPECT_EQ(seen->when, std::chrono::floor<days>(kStart));
    EXPECT_FALSE(remembered.learn(one(), Security::Plaintext, kStart + days(1)));
    EXPECT_TRUE(remembered.learn(one(), Security::Plaintext, kStart + days(2)));
    EXPECT_TRUE(remembered.must_have_tls(one(), kStart + days(2))) << "plaintext lowers nothing";
  }
}

TEST(Remembered, who_never_had_tls_owes_none) {
  Remembered remembered;
  for (const auto shown : {Security::Plaintext, Security::Unknown, Security::Local}) {
    EXPECT_FALSE(remembered.learn(one(), shown, kStart));
    EXPECT_FALSE(remembered.must_have_tls(one(), kStart));
  }
  EXPECT_EQ(remembered.size(), 0u);
}

TEST(Remembered, the_best_is_kept_and_half_a_year_old_is_too_old) {
  Remembered remembered;
  remembered.learn(one(), Security::Dane, kStart);
  remembered.learn(one(), Security::Tls, kStart + days(100));
  EXPECT_EQ(remembered.find(one(), kStart + days(100))->best, Security::Dane);
  EXPECT_EQ(remembered.find(one(), kStart + days(200))->best, Security::Tls) << "DANE is long gone, TLS is not";
  EXPECT_FALSE(remembered.find(one(), kStart + days(300)));
  EXPECT_FALSE(remembered.learn(one(), Security::Plaintext, kStart + days(300)));
}

TEST(Remembered, survives_a_restart) {
  tests::MemoryStore store;
  Remembered before;
  for (int i = 0; i < 1000; ++i) {
    before.learn(Domain::parse("d" + std::to_string(i) + ".test").value(), Security::Dane, kStart);
  }
  before.learn(IpAddress::parse("192.0.2.1").value(), Security::Tls, kStart);
  save(before, store, kStart);
  EXPECT_TRUE(before.take_changes(kStart).empty()) << "written once";
  Remembered after;
  ASSERT_TRUE(after.load(store, kStart + days(1)));
  EXPECT_EQ(after.size(), 1001u);
  EXPECT_EQ(after.find(Domain::parse("d7.test").value(), kStart)->best, Security::Dane);
  EXPECT_TRUE(after.must_have_tls(IpAddress::parse("192.0.2.1").value(), kStart));
  Remembered late;
  ASSERT_TRUE(late.load(store, kStart + days(181)));
  EXPECT_EQ(late.size(), 0u);
}

TEST(Remembered, many_domains_of_one_moment_need_few_writes) {
  Remembered remembered;
  for (int i = 0; i < 10'000; ++i) {
    remembered.learn(Domain::parse("d" + std::to_string(i) + ".test").value(), Security::Tls, kStart);
  }
  EXPECT_LE(remembered.take_changes(kStart).size(), 64u);
  remembered.learn(one(), Security::Tls, kStart);
  EXPECT_EQ(remembered.take_changes(kStart).size(), 1u);
  remembered.learn(one(), Security::Tls, kStart);
  EXPECT_TRUE(remembered.take_changes(kStart).empty()) << "the same on the same day is nothing new";
}

TEST(Remembered, lines_that_make_no_sense_are_left_out) {
  tests::MemoryStore store;
  ASSERT_TRUE(store.put_note("remembered/00",
                             "one.test dane 20000 20000\nbad\n x y\ntwo.test plaintext 20000 20000\n"
                             "three.test dane 99999999999999999999 1\nfour.test dane -5 20000\nfive.test tls 20000"));
  Remembered remembered;
  ASSERT_TRUE(remembered.load(store, WallTime{days{20001}}));
  EXPECT_EQ(remembered.size(), 1u);
}

}  // namespace
}  // namespace postseal::queue
