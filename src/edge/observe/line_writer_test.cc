// SPDX-License-Identifier: Apache-2.0
#include "edge/observe/line_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <thread>
#include <vector>

namespace postseal::observe {
namespace {

using Haste = LineWriter::Haste;
using std::chrono::hours;
using testing::ElementsAre;

/// Whose reader sees what was written in one go.
class Wire {
 public:
  Wire() {
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends_) != 0) throw std::runtime_error("no socket pair");
  }
  ~Wire() {
    close_near();
    ::close(ends_[1]);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  int near() const { return ends_[0]; }
  void close_near() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }
  /// Waits for it; "" at the end.
  std::string next() {
    char buffer[65536];
    const ssize_t count = ::read(ends_[1], buffer, sizeof buffer);
    return {buffer, count > 0 ? static_cast<std::size_t>(count) : 0};
  }
  std::vector<std::string> rest() {
    close_near();
    std::vector<std::string> pieces;
    for (std::string piece = next(); !piece.empty(); piece = next()) pieces.push_back(piece);
    return pieces;
  }

 private:
  int ends_[2] = {-1, -1};
};

TEST(LineWriter, lines_that_come_together_are_written_together_and_none_is_lost_at_the_end) {
  Wire wire;
  {
    LineWriter writer({.descriptor = wire.near(), .gathering = hours(1)});
    writer.put("one", Haste::Gather);
    writer.put("two", Haste::Gather);
    writer.put("three", Haste::Gather);
  }
  EXPECT_THAT(wire.rest(), ElementsAre("one\ntwo\nthree\n"));
}

TEST(LineWriter, an_urgent_line_takes_along_what_waits) {
  Wire wire;
  LineWriter writer({.descriptor = wire.near(), .gathering = hours(1)});
  writer.put("one", Haste::Gather);
  writer.put("two", Haste::AtOnce);
  EXPECT_EQ(wire.next(), "one\ntwo\n");
}

TEST(LineWriter, a_line_does_not_wait_for_others_that_never_come) {
  Wire wire;
  LineWriter writer({.descriptor = wire.near(), .gathering = std::chrono::milliseconds(1)});
  writer.put("alone", Haste::Gather);
  EXPECT_EQ(wire.next(), "alone\n");
  writer.put("again", Haste::Gather);
  EXPECT_EQ(wire.next(), "again\n");
}

TEST(LineWriter, of_too_many_the_oldest_are_dropped_and_counted) {
  Wire wire;
  {
    LineWriter writer({.descriptor = wire.near(), .most_lines = 3, .gathering = hours(1)});
    for (int i = 0; i < 10; ++i) writer.put(std::to_string(i), Haste::Gather);
    EXPECT_EQ(writer.dropped(), 7u);
  }
  EXPECT_THAT(wire.rest(), ElementsAre("7\n8\n9\n"));
}

// Standard error may have been made non-blocking by whoever holds its other end.
TEST(LineWriter, a_full_pipe_is_waited_for_whether_it_blocks_or_not) {
  for (const int flags : {0, O_NONBLOCK}) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, flags), 0);
    ASSERT_EQ(::fcntl(ends[0], F_SETFL, 0), 0);
    std::string expected;
    std::optional<LineWriter> writer(std::in_place, LineWriter::Settings{.descriptor = ends[1]});
    for (int i = 0; i < 5000; ++i) {
      std::string line = std::to_string(i) + std::string(100, 'x');
      expected += line + '\n';
      writer->put(std::move(line), Haste::Gather);
    }
    std::thread end([&] {
      writer.reset();
      ::close(ends[1]);
    });
    std::string seen;
    char buffer[65536];
    for (ssize_t count; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      seen.append(buffer, static_cast<std::size_t>(count));
    end.join();
    ::close(ends[0]);
    EXPECT_EQ(seen, expected);
  }
}

}  // namespace
}  // namespace postseal::observe
