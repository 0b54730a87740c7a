#pragma once
// SPDX-License-Identifier: Apache-2.0
// Lines on their way to a descriptor: a queue with one thread behind it, which waits a moment for further lines and
// writes them together, so that a busy server does not wake it for each. Where the reader stands still, the oldest
// lines are dropped and counted; nobody who hands one in ever waits for the reader.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace postseal::observe {

class LineWriter {
 public:
  enum class Haste { Gather, AtOnce };
  struct Settings {
    int descriptor = -1;  ///< stays the caller's
    std::size_t most_lines = 8192;
    /// How long a line waits for others: nobody who reads a log notices, and a crash loses no more than that.
    std::chrono::milliseconds gathering{10};
  };

  /// The thread begins here.
  explicit LineWriter(Settings settings);
  /// Everything handed in has been written.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Without line end. Safe from any thread. AtOnce: what waits is written now.
  void put(std::string line, Haste haste);
  /// Lines dropped so far.
  std::size_t dropped() const { return dropped_; }

 private:
  void run();

  const Settings settings_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> lines_;
  std::atomic<std::size_t> dropped_{0};
  bool urgent_ = false, ending_ = false;
  std::thread thread_;
};

}  // namespace postseal::observe
