// SPDX-License-Identifier: Apache-2.0
#include "vocab/json_text.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <limits>

namespace postseal {
namespace {

namespace json = boost::json;

TEST(JsonText, separates_what_stands_side_by_side) {
  JsonText text;
  text.open_object().put("a", "b").put_null("c").key("d").open_array();
  text.open_object().close_object().open_array().close_array().value(true).value(7U);
  text.close_array().put("e", false).close_object();
  EXPECT_EQ(text.take(), R"({"a":"b","c":null,"d":[{},[],true,7],"e":false})");
}

TEST(JsonText, a_string_is_read_as_what_was_written) {
  for (const std::string& value : {std::string(), std::string("plain"), std::string("{[:,"),
                                   std::string("\"quoted\" \\ and {"), std::string("line\r\nend\ttab \x01 \x7f"),
                                   std::string("a\0b", 3), std::string("z\u00e4hlt \u20ac \U0001f600")}) {
    JsonText text;
    text.open_array().value(value).value("next").close_array();
    const json::value read = json::parse(text.take());
    EXPECT_EQ(std::string_view(read.at(0).as_string()), value);
    EXPECT_EQ(read.at(1).as_string(), "next");
  }
}

TEST(JsonText, numbers_are_whole) {
  JsonText text;
  text.open_array().value(0U).value(std::numeric_limits<std::uint64_t>::max()).close_array();
  EXPECT_EQ(text.take(), "[0,18446744073709551615]");
}

}  // namespace
}  // namespace postseal
