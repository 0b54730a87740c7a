// SPDX-License-Identifier: Apache-2.0
#include "edge/observe/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <limits>
#include <thread>
#include <vector>

#include "edge/observe/log_line.h"

namespace postseal::observe {
namespace {

using testing::HasSubstr;

constexpr LogTime kTime{std::chrono::milliseconds(1'795'336'355'120)};

std::string text(std::string_view name, std::initializer_list<Field> fields) {
  return text_line({kTime, Level::Warning, name, std::span(fields.begin(), fields.size())});
}

boost::json::object json(std::string_view name, std::initializer_list<Field> fields) {
  return boost::json::parse(json_line({kTime, Level::Warning, name, std::span(fields.begin(), fields.size())}))
      .as_object();
}

TEST(LogLine, people_read_time_level_event_and_fields_in_their_order) {
  EXPECT_EQ(text("accepted", {{"id", "0abc"}, {"size", std::int64_t{4711}}, {"tls", true}, {"seconds", 0.25}}),
            "2026-11-22T08:32:35.120Z WARNING accepted id=0abc size=4711 tls=true seconds=0.25");
}

TEST(LogLine, json_has_the_types_of_the_fields) {
  auto line = json("accepted", {{"id", "0abc"}, {"size", std::int64_t{-1}}, {"tls", false}, {"seconds", 0.25}});
  EXPECT_EQ(line["time"], "2026-11-22T08:32:35.120Z");
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["event"], "accepted");
  EXPECT_EQ(line["id"], "0abc");
  EXPECT_EQ(line["size"], -1);
  EXPECT_EQ(line["tls"], false);
  EXPECT_EQ(line["seconds"], 0.25);
  EXPECT_TRUE(json("x", {{"rate", std::numeric_limits<double>::quiet_NaN()}})["rate"].is_null());
}

// A21: what a peer writes into HELO, an address or a reply never ends a line, hides one or forges a field.
TEST(LogLine, a21_values_from_the_network_stay_inside_their_field) {
  struct Case {
    std::string_view value, in_text, in_json;
  };
  const Case cases[] = {
      {"plain", "plain", "plain"},
      {"", "\"\"", ""},
      {"two words", "\"two words\"", "two words"},
      {"a=b", "\"a=b\"", "a=b"},
      {"say \"hi\"", R"("say \"hi\"")", "say \"hi\""},
      {"back\\slash", R"("back\\slash")", "back\\slash"},
      {"x\r\n2026-11-22T08:32:35.120Z INFO accepted id=forged",
       "\"x??2026-11-22T08:32:35.120Z INFO accepted id=forged\"",
       "x??2026-11-22T08:32:35.120Z INFO accepted id=forged"},
      {std::string_view("nul\0del\x7f", 8), "nul?del?", "nul?del?"},
      {"\x1b[2Jgone", "?[2Jgone", "?[2Jgone"},
      {"latin\xe4", "latin?", "latin?"},
      {"b\xc3\xbc"
       "cher",
       "b\xc3\xbc"
       "cher",
       "b\xc3\xbc"
       "cher"},
      {"\xe2\x80\xae"
       "eviL",
       "?eviL", "?eviL"},
      {"\xe2\x80\xa8next", "?next", "?next"},
  };
  for (const Case& c : cases) {
    std::string line = text("helo", {{"name", c.value}});
    EXPECT_EQ(line, "2026-11-22T08:32:35.120Z WARNING helo name=" + std::string(c.in_text));
    EXPECT_EQ(json("helo", {{"name", c.value}})["name"], boost::json::string_view(c.in_json.data(), c.in_json.size()));
  }
}

TEST(LogLine, a21_no_value_makes_a_line_of_any_length) {
  const std::string large(1'000'000, 'x');
  EXPECT_LT(text("helo", {{"name", large}}).size(), 5000u);
  EXPECT_THAT(text("helo", {{"name", large}}), testing::EndsWith("xxx..."));
}

TEST(LogLine, no_field_passes_for_another) {
  auto line = json("x", {{"event", "forged"}, {"id", "1"}, {"id", "2"}, {"time", "never"}});
  EXPECT_EQ(line["event"], "x");
  EXPECT_EQ(line["event_"], "forged");
  EXPECT_EQ(line["id"], "1");
  EXPECT_EQ(line["id_"], "2");
  EXPECT_EQ(line["time"], "2026-11-22T08:32:35.120Z");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

TEST(Log, what_is_less_than_asked_for_is_left_out_and_the_level_can_change) {
  testing::internal::CaptureStderr();
  {
    Log log(LogFormat::Text, Level::Info);
    log.write(Level::Debug, "unseen", {});
    log.write(Level::Info, "seen", {});
    log.set_level(Level::Error);
    log.write(Level::Warning, "unseen-too", {});
    log.write(Level::Error, "last", {});
  }
  auto lines = lines_of(testing::internal::GetCapturedStderr());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], testing::EndsWith(" INFO seen"));
  EXPECT_THAT(lines[1], testing::EndsWith(" ERROR last"));
}

// edge/privileges refuses to change the user of a process with threads.
TEST(Log, there_is_no_thread_before_the_first_line) {
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
  };
  const auto before = threads();
  Log log(LogFormat::Text, Level::Info);
  log.write(Level::Debug, "unseen", {});
  EXPECT_EQ(threads(), before);
}

TEST(Log, lines_of_several_threads_stay_whole) {
  testing::internal::CaptureStderr();
  {
    Log log(LogFormat::Json, Level::Info);
    std::vector<std::jthread> threads;
    for (std::int64_t thread = 0; thread < 4; ++thread)
      threads.emplace_back([&log, thread] {
        for (std::int64_t i = 0; i < 200; ++i) log.write(Level::Info, "line", {{"thread", thread}, {"i", i}});
      });
  }
  auto lines = lines_of(testing::internal::GetCapturedStderr());
  EXPECT_EQ(lines.size(), 800u);
  for (const std::string& line : lines) EXPECT_EQ(boost::json::parse(line).as_object()["event"], "line");
}

}  // namespace
}  // namespace postseal::observe
