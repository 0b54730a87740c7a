// SPDX-License-Identifier: Apache-2.0
// Days that pass at once, for a program that does not know: preloaded, it adds the seconds that stand in the file
// $LATER_FILE to the time of day. What only counts seconds, such as timers, goes on as if nothing had happened.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>

namespace {

const volatile std::int64_t* open_later() {
  const char* path = ::getenv("LATER_FILE");
  const int file = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return nullptr;
  void* const map = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  return map == MAP_FAILED ? nullptr : static_cast<const volatile std::int64_t*>(map);
}

time_t later() {
  static const volatile std::int64_t* const value = open_later();
  return value ? static_cast<time_t>(*value) : 0;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const auto real = next<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += later();
  return result;
}

int gettimeofday(timeval* __restrict now, void* __restrict zone) noexcept {
  static const auto real = next<int (*)(timeval*, void*)>("gettimeofday");
  const int result = real(now, zone);
  if (result == 0) now->tv_sec += later();
  return result;
}

time_t time(time_t* out) noexcept {
  static const auto real = next<time_t (*)(time_t*)>("time");
  const time_t now = real(nullptr) + later();
  if (out) *out = now;
  return now;
}
}
