// SPDX-License-Identifier: Apache-2.0
#include "edge/observe/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>

#include "edge/observe/line_writer.h"
#include "edge/observe/log_line.h"

namespace postseal::observe {

struct Log::Impl {
  LogFormat format;
  std::atomic<Level> least;
  std::atomic<std::size_t> told_dropped{0};
  // Begun with the first line: until then the process has no thread of ours, so that it can become another user.
  std::once_flag begun;
  std::optional<LineWriter> writer;

  void put(Level level, std::string_view name, std::span<const Field> fields) {
    std::call_once(begun, [this] { writer.emplace(LineWriter::Settings{.descriptor = STDERR_FILENO}); });
    auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const Event event{now, level, name, fields};
    std::string line = format == LogFormat::Json ? json_line(event) : text_line(event);
    // What went wrong may be the last thing that this process has to say.
    writer->put(std::move(line), level >= Level::Error ? LineWriter::Haste::AtOnce : LineWriter::Haste::Gather);
  }

  /// Lost lines are never lost in silence. Their number is told by the next line that comes after.
  void tell_dropped() {
    std::size_t dropped = writer->dropped();
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

// The writer's end writes what is queued.
Log::~Log() = default;

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < impl_->least.load(std::memory_order_relaxed)) return;
  impl_->put(level, event, std::span(fields.begin(), fields.size()));
  impl_->tell_dropped();
}

void Log::set_level(Level least) { impl_->least = least; }

}  // namespace postseal::observe
