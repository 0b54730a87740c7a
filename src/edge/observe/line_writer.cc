// SPDX-License-Identifier: Apache-2.0
#include "edge/observe/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace postseal::observe {

namespace {

/// Written at once; the rest of the queue can still be dropped if the reader stands still meanwhile.
constexpr std::size_t kTogether = std::size_t{32} * 1024;

/// A reader that has gone loses its lines: there is nobody else to tell.
void write_whole(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd writable{descriptor, POLLOUT, 0};
      (void)::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

LineWriter::LineWriter(Settings settings) : settings_(settings), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LineWriter::put(std::string line, Haste haste) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = lines_.empty() || haste == Haste::AtOnce;
    urgent_ |= haste == Haste::AtOnce;
    if (lines_.size() >= settings_.most_lines) {
      lines_.pop_front();
      ++dropped_;
    }
    lines_.push_back(std::move(line));
  }
  if (wake) wake_.notify_one();
}

void LineWriter::run() {
  std::string together;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !lines_.empty(); });
    if (lines_.empty()) return;
    wake_.wait_for(lock, settings_.gathering, [this] { return ending_ || urgent_; });
    urgent_ = false;
    while (!lines_.empty()) {
      for (together.clear(); !lines_.empty() && together.size() < kTogether; lines_.pop_front()) {
        together += lines_.front();
        together += '\n';
      }
      lock.unlock();
      write_whole(settings_.descriptor, together);
      lock.lock();
    }
  }
}

}  // namespace postseal::observe
