// SPDX-License-Identifier: Apache-2.0
#include "protocol/srs/rewriter.h"

#include <gtest/gtest.h>

namespace postseal::srs {
namespace {

using std::chrono::days;

const WallTime kNow = WallTime(Seconds(1'767'225'600));

Domain domain(std::string_view name) { return *Domain::parse(name); }
Mailbox mailbox(std::string_view text) { return *Mailbox::parse(text); }

class Srs : public testing::Test {
 protected:
  std::string forwarded(std::string_view sender) {
    const auto result = rewriter.forward(mailbox(sender), ours, kNow);
    return result ? result->to_string() : std::string(to_string(result.error()));
  }
  std::string reversed(std::string_view recipient, WallTime at = kNow) {
    const auto result = rewriter.reverse(mailbox(recipient), ours, at);
    return result ? result->to_string() : std::string(to_string(result.error()));
  }

  const Domain ours = domain("fwd.example");
  Rewriter rewriter{{"secret"}};
};

TEST_F(Srs, a_sender_comes_back_as_he_was) {
  const std::string_view senders[] = {"Jane.Doe@example.org",
                                      "a=b=c@x.example",
                                      "SRS@x.example",
                                      "\"two words\"@x.example",
                                      "\"a..b\"@x.example",
                                      "\"q\\\"\\\\\"@x.example",
                                      "j\xc3\xbcrgen@x.example",
                                      "a@xn--bcher-kva.example",
                                      "srs2=a@x.example",
                                      "srs1=broken@x.example",
                                      "=@x.example",
                                      "\"\"@x.example",
                                      "\"@\"@x.example"};
  for (const auto sender : senders) {
    const std::string there = forwarded(sender);
    EXPECT_TRUE(there.ends_with("@fwd.example") && there.contains("SRS0=")) << sender << ": " << there;
    EXPECT_EQ(reversed(there), mailbox(sender).to_string()) << there;
  }
}

TEST_F(Srs, the_form_is_the_one_that_other_forwarders_read) {
  const std::string there = forwarded("jane@example.org");
  ASSERT_EQ(there.size(), std::string("SRS0=hhhhhh=dd=example.org=jane@fwd.example").size()) << there;
  EXPECT_EQ(there.substr(0, 5), "SRS0=");
  EXPECT_EQ(there.substr(11, 1) + there.substr(14), "==example.org=jane@fwd.example");
}

// A chain of forwarders: the notification goes from the last to the first, and from there home.
TEST_F(Srs, a_second_forwarder_points_to_the_first_and_a_third_as_well) {
  const Domain second = domain("second.example"), third = domain("third.example");
  const Rewriter two{{"two"}}, three{{"three"}};
  const auto at_one = rewriter.forward(mailbox("jane@example.org"), ours, kNow);
  const auto at_two = two.forward(*at_one, second, kNow);
  ASSERT_TRUE(at_two);
  EXPECT_TRUE(at_two->to_string().starts_with("SRS1=")) << at_two->to_string();
  EXPECT_TRUE(at_two->to_string().contains("=fwd.example==")) << at_two->to_string();
  const auto at_three = three.forward(*at_two, third, kNow);
  ASSERT_TRUE(at_three);
  EXPECT_EQ(at_three->local_part().size(), at_two->local_part().size()) << "addresses do not grow";
  EXPECT_EQ(three.reverse(*at_three, third, kNow), at_one) << "straight to the first";
  EXPECT_EQ(two.reverse(*at_two, second, kNow), at_one);
  EXPECT_EQ(reversed(at_one->to_string()), "jane@example.org");
  EXPECT_EQ(two.reverse(*at_three, third, kNow).error(), Problem::Forged);
}

TEST_F(Srs, others_separators_behind_srs0_are_kept) {
  for (std::string_view sender :
       {"SRS0+abcd=xy=example.org=jane@one.example", "srs0-abcd=xy=example.org=jane@one.example"}) {
    const std::string there = forwarded(sender);
    EXPECT_TRUE(there.starts_with("SRS1=")) << there;
    EXPECT_EQ(reversed(there), "SRS0" + std::string(sender.substr(4))) << there;
  }
}

TEST_F(Srs, our_own_senders_are_not_rewritten) {
  EXPECT_EQ(forwarded("jane@fwd.example"), "jane@fwd.example");
  EXPECT_EQ(forwarded("SRS0=x=y=z=w@fwd.example"), "SRS0=x=y=z=w@fwd.example");
}

TEST_F(Srs, no_address_that_was_not_made_here_is_relayed_to) {
  const std::string there = forwarded("jane@example.org");
  std::string other = there;
  other.replace(other.find("jane"), 4, "john");
  EXPECT_EQ(reversed(other), to_string(Problem::Forged));
  other = there;
  other.replace(other.find("example.org"), 11, "example.net");
  EXPECT_EQ(reversed(other), to_string(Problem::Forged));
  for (std::size_t i = 5; i < 11; ++i) {
    other = there;
    other[i] = other[i] == 'a' ? 'b' : 'a';
    EXPECT_EQ(reversed(other), to_string(Problem::Forged)) << other;
  }
  other = there;
  other[12] = other[12] == 'a' ? 'b' : 'a';
  EXPECT_EQ(reversed(other), to_string(Problem::Forged)) << "the day is under the hash";
  EXPECT_EQ(reversed("SRS1=aaaaaa=one.example==abcd=xy=example.org=jane@fwd.example"), to_string(Problem::Forged));
  // A hash for one kind is none for the other.
  EXPECT_EQ(reversed("SRS1" + there.substr(4)), to_string(Problem::Forged));
  EXPECT_EQ(Rewriter({"other"}).reverse(mailbox(there), ours, kNow).error(), Problem::Forged);
  EXPECT_EQ(rewriter.reverse(mailbox(there), domain("other.example"), kNow).error(), Problem::NotOurs);
}

TEST_F(Srs, the_case_of_letters_may_change_on_the_way) {
  std::string there = forwarded("Jane@example.org");
  for (char& c : there) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  EXPECT_EQ(reversed(there), "JANE@example.org");
}

TEST_F(Srs, what_is_not_whole_or_not_one_says_so) {
  const std::pair<std::string_view, Problem> table[] = {
      {"jane@fwd.example", Problem::NotOurs},
      {"SRS0@fwd.example", Problem::NotOurs},
      {"SRS0x=a=b=c=d@fwd.example", Problem::NotOurs},
      {"SRS0=a=b=c=d@[192.0.2.1]", Problem::NotOurs},
      {"SRS0=@fwd.example", Problem::Malformed},
      {"SRS0=a=b=c@fwd.example", Problem::Malformed},
      {"SRS0==a=b=c=d@fwd.example", Problem::Malformed},
      {"SRS0=a=b=c=@fwd.example", Problem::Forged},
      {"SRS1=a=b@fwd.example", Problem::Malformed},
      {"SRS1=a=b=@fwd.example", Problem::Malformed},
  };
  for (const auto& [text, problem] : table) EXPECT_EQ(reversed(text), to_string(problem)) << text;
}

TEST_F(Srs, a_notification_comes_within_the_lifetime_or_not_at_all) {
  const std::string there = forwarded("jane@example.org");
  EXPECT_EQ(reversed(there, kNow + days(21)), "jane@example.org");
  EXPECT_EQ(reversed(there, kNow + days(22)), to_string(Problem::Expired));
  EXPECT_EQ(reversed(there, kNow - days(1)), "jane@example.org") << "another server of ours is ahead at midnight";
  EXPECT_EQ(reversed(there, kNow - days(2)), to_string(Problem::Expired));
  EXPECT_EQ(reversed(there, kNow + days(1024 + 5)), "jane@example.org") << "days are counted in a circle";
}

TEST_F(Srs, an_old_secret_still_opens_and_no_longer_makes) {
  const std::string there = forwarded("jane@example.org");
  const Rewriter rotated{{"new", "secret"}};
  EXPECT_EQ(rotated.reverse(mailbox(there), ours, kNow)->to_string(), "jane@example.org");
  const auto next = rotated.forward(mailbox("jane@example.org"), ours, kNow);
  EXPECT_NE(next->to_string(), there);
  EXPECT_EQ(rewriter.reverse(*next, ours, kNow).error(), Problem::Forged);
}

// RFC 5321 §4.5.3.1.1.
TEST_F(Srs, what_does_not_fit_into_64_octets_is_an_error_and_never_cut) {
  const std::string head = "SRS0=hhhhhh=dd=example.org=";
  EXPECT_TRUE(forwarded(std::string(64 - head.size(), 'a') + "@example.org").ends_with("@fwd.example"));
  EXPECT_EQ(forwarded(std::string(65 - head.size(), 'a') + "@example.org"), to_string(Problem::TooLong));
}

TEST_F(Srs, a_sender_at_an_address_literal_has_no_domain_to_come_back_to) {
  EXPECT_EQ(forwarded("jane@[192.0.2.1]"), to_string(Problem::NoDomain));
}

}  // namespace
}  // namespace postseal::srs
