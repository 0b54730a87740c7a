// SPDX-License-Identifier: Apache-2.0
#include "flow/local/verdict.h"

#include <gtest/gtest.h>

namespace postseal::local {
namespace {

TEST(MaildirVerdict, no_trouble_of_a_disk_bounces_a_letter) {
  struct Case {
    maildir::FailureCode code;
    const char* status;
    bool site_wide = false;
  };
  for (const auto& [code, status, site_wide] :
       {Case{maildir::FailureCode::NoSpace, "4.3.1", true}, Case{maildir::FailureCode::OverQuota, "4.2.2"},
        Case{maildir::FailureCode::ReadOnly, "4.3.0", true}, Case{maildir::FailureCode::NotAllowed, "4.3.5"},
        Case{maildir::FailureCode::LetterUnreadable, "4.3.0"}, Case{maildir::FailureCode::Io, "4.3.0"}}) {
    const auto verdict = maildir_verdict(3, "maildir:/m", std::unexpected(maildir::Failure{code, "cannot write"}));
    EXPECT_EQ(verdict.outcome, DeliveryOutcome::Deferred);
    EXPECT_EQ(verdict.status.to_string(), status);
    EXPECT_EQ(verdict.site_wide, site_wide) << status;
    EXPECT_TRUE(verdict.explanation.starts_with("maildir:/m: cannot write; "));
  }
}

TEST(LmtpVerdict, replies_without_status_count_by_their_class) {
  LocalJob job;
  job.recipients = {{7, ""}};
  for (const auto& [code, accepted, outcome, status] :
       std::initializer_list<std::tuple<int, bool, DeliveryOutcome, const char*>>{
           {250, true, DeliveryOutcome::Delivered, "2.0.0"},
           {452, false, DeliveryOutcome::Deferred, "4.0.0"},
           {421, false, DeliveryOutcome::Deferred, "4.0.0"},
           {552, false, DeliveryOutcome::Bounced, "5.0.0"}}) {
    const smtp::RecipientOutcome reply{accepted, smtp::Stage::Body, Reply{.code = code, .status = {}, .lines = {"x"}}};
    const auto verdicts = lmtp_verdicts(job, "lmtp:/s", {reply}, "");
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_EQ(verdicts[0].index, 7u);
    EXPECT_EQ(verdicts[0].outcome, outcome) << code;
    EXPECT_EQ(verdicts[0].status.to_string(), status);
  }
}

}  // namespace
}  // namespace postseal::local
