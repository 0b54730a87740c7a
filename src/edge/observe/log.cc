// SPDX-License-Identifier: Apache-2.0
// The only file that knows spdlog: a queue of lines with one thread that writes them to standard error. Where the
// reader of standard error stands still, the oldest lines of the queue are dropped and counted; a session never waits.
#include "edge/observe/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <mutex>

#include "edge/observe/log_line.h"

namespace postseal::observe {

namespace {

constexpr std::size_t kQueuedLines = 8192;

/// All lines go through at one level of spdlog's: ours decides.
std::shared_ptr<spdlog::async_logger> make_logger(const std::shared_ptr<spdlog::details::thread_pool>& pool) {
  auto logger = std::make_shared<spdlog::async_logger>("postseal", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                                       pool, spdlog::async_overflow_policy::overrun_oldest);
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n"));
  return logger;
}

}  // namespace

struct Log::Impl {
  LogFormat format;
  std::atomic<Level> least;
  std::atomic<std::size_t> told_dropped{0};
  // Begun with the first line: until then the process has no thread of ours, so that it can become another user.
  std::once_flag begun;
  std::shared_ptr<spdlog::async_logger> logger;
  // Ends first: then nobody writes with the logger any more.
  std::shared_ptr<spdlog::details::thread_pool> pool;

  void begin() {
    pool = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    logger = make_logger(pool);
  }

  void put(Level level, std::string_view name, std::span<const Field> fields) {
    std::call_once(begun, [this] { begin(); });
    auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const Event event{now, level, name, fields};
    std::string line = format == LogFormat::Json ? json_line(event) : text_line(event);
    logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

  /// Lost lines are never lost in silence. Their number is told by the next line that comes after.
  void tell_dropped() {
    std::size_t dropped = pool->overrun_counter();
    std::size_t told = told_dropped.load();
    if (dropped == told || !told_dropped.compare_exchange_strong(told, dropped)) return;
    const std::array fields{Field{"lines", static_cast<std::int64_t>(dropped - told)}};
    put(Level::Warning, "log-dropped", fields);
  }
};

Log::Log(LogFormat format, Level least) : impl_(std::make_unique<Impl>()) {
  impl_->format = format;
  impl_->least = least;
}

// The pool's end writes what is queued.
Log::~Log() = default;

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < impl_->least.load(std::memory_order_relaxed)) return;
  impl_->put(level, event, std::span(fields.begin(), fields.size()));
  impl_->tell_dropped();
}

void Log::set_level(Level least) { impl_->least = least; }

}  // namespace postseal::observe
