// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/author.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postseal::message {
namespace {

using Problem = AuthorProblem;
using namespace std::literals;

struct Good {
  std::string_view value, address;
};

// RFC 5322 §3.4, §3.6.2 and the examples of its appendix A; RFC 6532 §3.2.
TEST(Author, one_address_is_found_however_it_is_dressed) {
  const Good table[] = {
      {" john@example.org\r\n", "john@example.org"},
      {"John Doe <jdoe@machine.example>", "jdoe@machine.example"},
      {"\"Joe Q. Public\" <john.q.public@example.com>", "john.q.public@example.com"},
      {"John Q. Public <a@b.example>", "a@b.example"},
      {"<boss@nil.test>", "boss@nil.test"},
      {"\"Giant; \\\"Big\\\" Box\" <sysservices@example.net>", "sysservices@example.net"},
      {"Pete(A nice \\) chap) <pete@silly.test>", "pete@silly.test"},
      {"(first) a@b.example (b@bank.example)", "a@b.example"},
      {"a@b.example ((nested) comment)", "a@b.example"},
      {"Long\r\n Name\r\n\t<a@b.example>\r\n", "a@b.example"},
      {"=?utf-8?q?ceo=40bank.example?= <a@b.example>", "a@b.example"},
      {"\"ceo@bank.example\" <a@b.example>", "a@b.example"},
      {"J\xc3\xbcrgen <j\xc3\xbcrgen@b\xc3\xbc"
       "cher.example>",
       "j\xc3\xbcrgen@xn--bcher-kva.example"},
      {"A@B.EXAMPLE", "A@b.example"},
      // Names in Latin-1, and backslashes behind what is UTF-8.
      {"Ren\xe9 \"M\xfcller\" <a@b.example>", "a@b.example"},
      {"\"Ren\xc3\xa9\\\"s\" <a@b.example>", "a@b.example"},
      {"\"john doe\"@b.example", "\"john doe\"@b.example"},
      {"\"john\"@b.example", "john@b.example"},
      // RFC 5322 §3.4.1, §3.2.3: underscores are atext, and DNS has such names.
      {"a@my_co.ex.test", "a@my_co.ex.test"},
      {"<a@_B.Example>", "a@_b.example"},
      // RFC 5890 §2.3.2.3: an A-label of a symbol, which IDNA2008 does not let in.
      {"a@xn--i-7iq.ws", "a@xn--i-7iq.ws"},
      {"<a@XN--I-7IQ.my-co.ws>", "a@xn--i-7iq.my-co.ws"},
      // RFC 5322 §4.4: white space around the parts, and lists with nothing between their commas.
      {"a . b@c.example", "a.b@c.example"},
      {"  <  a@c.example\t>  ", "a@c.example"},
      {", a@b.example ,, ", "a@b.example"},
      // RFC 5322 §3.6.2: several authors of one domain.
      {"a@b.example, Bee <b@B.example>", "a@b.example"},
  };
  for (const Good& row : table) {
    const auto author = parse_author(row.value);
    ASSERT_TRUE(author) << row.value << ": " << to_string(author.error());
    EXPECT_EQ(author->address, row.address) << row.value;
    EXPECT_TRUE(author->address.ends_with("@" + author->domain.ascii())) << row.value;
  }
}

// A36: who is signed for has to be every one of them.
TEST(Author, further_authors_are_named) {
  EXPECT_EQ(parse_author("a@b.example, Bee <b@B.example>, c@b.example")->others,
            (std::vector<std::string>{"b@b.example", "c@b.example"}));
  EXPECT_TRUE(parse_author("a@b.example")->others.empty());
}

struct Bad {
  std::string_view value;
  Problem problem;
};

// A24, A21: whatever two readers could read in two ways has a name and no address.
TEST(Author, what_could_be_read_in_two_ways_is_no_author) {
  const Bad table[] = {
      {"", Problem::NoAddress},
      {" \r\n", Problem::NoAddress},
      {",,", Problem::NoAddress},
      {"John Doe", Problem::NoAddress},
      {"=?utf-8?q?a=40bank.example?=", Problem::NoAddress},
      {"a@b.example, c@d.example", Problem::SeveralDomains},
      {"a@b.example, a@sub.b.example", Problem::SeveralDomains},
      {"<>", Problem::NoAddress},
      {"(a@b.example)", Problem::NoAddress},
      // RFC 6854 §2.1
      {"Friends: a@b.example;", Problem::Group},
      {"Undisclosed:;", Problem::Group},
      {"a@b.example, Friends:;", Problem::Group},
      // RFC 5322 §4.4 obs-route
      {"<@relay.example:a@b.example>", Problem::Route},
      {"<@relay.example,@other.example:a@b.example>", Problem::Route},
      {"<,@relay.example:a@b.example>", Problem::Route},
      {"<(c)@relay.example:a@b.example>", Problem::Route},
      // No name that DNS could be asked for.
      {"a@[192.0.2.1]", Problem::NotADomain},
      {"a@b_c.example.42", Problem::NotADomain},
      {"a@b_c$.example", Problem::NotADomain},
      {"a@i\xe2\x9d\xa4.ws", Problem::NotADomain},
      {"a@-xn--i-7iq.ws", Problem::NotADomain},
      {"a@192.0.2.1", Problem::NotADomain},
      {"a@"
       "\xff.example",
       Problem::NotADomain},
      // RFC 2047 §5: an encoded word that hides an address in front of the domain.
      {"=?utf-8?b?cG90dXNA?=@b.example", Problem::Confusing},
      {"\"a=?utf-8?b?cG90dXNA?=\"@b.example", Problem::Confusing},
      {"X <=?utf-8?b?cG90dXNA?=@b.example>", Problem::Confusing},
      {"a@bank.example <a@b.example>", Problem::Confusing},
      {"a@bank.example@b.example", Problem::Confusing},
      {"<a@bank.example@b.example>", Problem::Confusing},
      {"\"a@bank.example\"@b.example", Problem::Confusing},
      {"\"<a@bank.example>\"@b.example", Problem::Confusing},
      {"\"a@bank.example,\"@b.example", Problem::Confusing},
      {"\"a\".b@b.example", Problem::Confusing},
      {"a@b(.bank).example", Problem::Confusing},
      {"a(b@bank.example)@b.example", Problem::Confusing},
      {"<a@b.example (x)>", Problem::Confusing},
      {"<(x) a@b.example>", Problem::Confusing},
      // RFC 2047 §5: neither quotes nor parentheses stand in an encoded word, and some decode it all the same.
      {"=?utf-8?q?\"?= <a@bank.example> \" <a@b.example>", Problem::Confusing},
      {"=?utf-8?q?(?= <a@bank.example> ) <a@b.example>", Problem::Confusing},
      {"=?utf-8?q?(?= a@bank.example, ) <a@b.example>", Problem::Confusing},
      // Quotes and brackets inside comments, which some take for what they are outside.
      {"(\") \") <a@b.example>, (\" ( \") <c@b.example>", Problem::Confusing},
      {"([) \"]) <a@b.example>, ([\" (]) <c@b.example>", Problem::Confusing},
      // Comments that end earlier for those who know neither pairs nor nesting.
      {"a@b.example (\\) <a@bank.example> (\\)))", Problem::Confusing},
      {"a@b.example (\\) <a@bank.example> \\()", Problem::Confusing},
      {"a@b.example ((x) <a@bank.example> (y))", Problem::Confusing},
      // RFC 5322 §4.4: a blank or a fold in the name, where many readers see its end.
      {"a@bank.example .b.example", Problem::Confusing},
      {"a@bank.example\r\n .b.example", Problem::Confusing},
      {"<a@bank.example\t.b.example>", Problem::Confusing},
      {"<a@bank. example>", Problem::Confusing},
      {"<a @b.example>", Problem::Confusing},
      {"<a@ b.example>", Problem::Confusing},
      // In GBK and Shift_JIS the backslash and the brackets belong to the octet before them.
      {"\"\x81\\\" <a@bank.example> (\" <a@b.example>", Problem::Confusing},
      {"(\x81[ ]) <a@b.example>", Problem::Confusing},
      // U+202E and U+2066 turn what is behind them round, U+200B is not seen.
      {"\xe2\x80\xae"
       "a@b.example",
       Problem::Confusing},
      {"a\xe2\x81\xa6z@b.example", Problem::Confusing},
      {"<ce\xe2\x80\x8bo@b.example>", Problem::Confusing},
      // Not RFC 5322.
      {"a@b.example c@d.example", Problem::Confusing},
      {"a b@c.example", Problem::Malformed},
      {"a@b example", Problem::Malformed},
      {"a@", Problem::Malformed},
      {"@b.example", Problem::Malformed},
      {"a..b@c.example", Problem::Malformed},
      {".a@c.example", Problem::Malformed},
      {"a@b.example.", Problem::Malformed},
      {"a@b..example", Problem::Malformed},
      {"a@b.example;", Problem::Malformed},
      {"a@b.example> x", Problem::Malformed},
      {"<a@b.example", Problem::Malformed},
      {"<a@b.example> <c@d.example>", Problem::Malformed},
      {"<a@b.example> c@d.example", Problem::Malformed},
      {"<<a@b.example>>", Problem::Malformed},
      {". <a@b.example>", Problem::Malformed},
      {"[x] <a@b.example>", Problem::Malformed},
      {"x\\y <a@b.example>", Problem::Malformed},
      {"\"open <a@b.example>", Problem::Malformed},
      {"\"open\\", Problem::Malformed},
      {"a@b.example (open", Problem::Malformed},
      {"a@b.example (open\\)", Problem::Malformed},
      {"a@[open", Problem::Malformed},
      {"\xff@b.example", Problem::Malformed},
      // A21: controls, and line ends that are no folds.
      {"a@b.example\0@bank.example"sv, Problem::Control},
      {"a@b.example\rFrom: c@d.example", Problem::Control},
      {"a@b.example\n c@d.example", Problem::Control},
      {"a@b.example\r\nFrom: c@d.example", Problem::Control},
      {"a\x7f@b.example", Problem::Control},
      {"\x1b$B <a@b.example>", Problem::Control},
  };
  for (const Bad& row : table) {
    const auto author = parse_author(row.value);
    ASSERT_FALSE(author) << row.value << ": " << author->address;
    EXPECT_EQ(author.error(), row.problem) << row.value << ": " << to_string(author.error());
  }
}

// RFC 5322 §2.2.3: a fold stands for nothing; inside a word it would be a difference between readers.
TEST(Author, a_fold_inside_an_address_splits_nothing_but_where_blanks_may_stand) {
  EXPECT_EQ(parse_author("a\r\n .b@b.example")->address, "a.b@b.example");
  EXPECT_EQ(parse_author("a\r\n b@b.example").error(), Problem::Malformed);
}

// A24: work that grows with the text and no more; nothing recurses.
TEST(Author, bombs_are_measured_and_not_followed) {
  EXPECT_EQ(parse_author(std::string(70'000, 'a')).error(), Problem::TooLong);
  EXPECT_EQ(parse_author(std::string(60'000, '(')).error(), Problem::Malformed);
  EXPECT_EQ(parse_author(std::string(60'000, '<')).error(), Problem::Malformed);
  EXPECT_EQ(parse_author(std::string(60'000, ',') + "a@b.example")->address, "a@b.example");
  EXPECT_EQ(parse_author(std::string(30'000, '(') + std::string(30'000, ')') + "a@b.example")->address, "a@b.example");
  std::string many;
  for (int i = 0; i < 4'000; ++i) many += "a@b.example, ";
  EXPECT_TRUE(parse_author(many));
}

// RFC 5322 §3.6 (A25).
TEST(Author, exactly_one_from_field_counts_in_any_case_of_its_name) {
  const auto problem = [](std::vector<std::string> lines) {
    const auto author = find_author(std::vector<HeaderField>(lines.begin(), lines.end()));
    return author ? author->address : std::string(to_string(author.error()));
  };
  EXPECT_EQ(problem({"Subject: x\r\n", "FROM: a@b.example\r\n", "Sender: c@d.example\r\n"}), "a@b.example");
  EXPECT_EQ(problem({"From : a@b.example\r\n"}), "a@b.example") << "RFC 5322 §4.5";
  EXPECT_EQ(problem({"Resent-From: a@b.example\r\n", "Fro: a@b.example\r\n"}), to_string(Problem::Missing));
  EXPECT_EQ(problem({"From: a@b.example\r\n", "fROM : a@b.example\r\n"}), to_string(Problem::SeveralFields));
}

// RFC 5322 §2.2 (A25): some readers' header ends at a line that is no field, others' at the empty line.
TEST(Author, a_header_with_a_line_that_is_no_field_has_no_clear_author) {
  for (const char* line : {"junk\r\n", " From: c@d.example\r\n", "two words: x\r\n", ": x\r\n", "J\xc3\xbc: x\r\n"}) {
    const auto lines = {HeaderField("From: a@b.example\r\n"), HeaderField(line), HeaderField("Subject: x\r\n")};
    const auto author = find_author(std::vector<HeaderField>(lines));
    EXPECT_TRUE(!author && author.error() == Problem::BrokenHeader) << line;
  }
}

}  // namespace
}  // namespace postseal::message
