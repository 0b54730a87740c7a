// SPDX-License-Identifier: Apache-2.0
// A disk that can be told to fail, for a program that does not know: preloaded, it lets every change below
// $TROUBLE_ROOT fail with the errno that stands in the file $TROUBLE_FILE, as long as one stands there. A file system
// that the kernel has made read-only behaves so, and no mount can be made read-only while a server writes to it.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace {

const volatile int* open_trouble() {
  const char* path = ::getenv("TROUBLE_FILE");
  const int file = path ? static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC)) : -1;
  if (file < 0) return nullptr;
  void* const map = ::mmap(nullptr, sizeof(int), PROT_READ, MAP_SHARED, file, 0);
  return map == MAP_FAILED ? nullptr : static_cast<const volatile int*>(map);
}

int trouble() {
  static const volatile int* const value = open_trouble();
  return value ? *value : 0;
}

bool is_below(std::string_view path) {
  static const std::string root = ::getenv("TROUBLE_ROOT") ? ::getenv("TROUBLE_ROOT") : "/nowhere";
  return path.starts_with(root);
}

bool hits_file(int file) {
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t size = ::readlink(link.c_str(), path, sizeof path);
  return size > 0 && is_below({path, static_cast<std::size_t>(size)});
}

bool hits_path(int folder, const char* path) {
  return path[0] == '/' ? is_below(path) : folder != AT_FDCWD && hits_file(folder);
}

bool fails(bool hit) {
  if (hit) errno = trouble();
  return hit;
}

bool file_fails(int file) { return trouble() != 0 && fails(hits_file(file)); }
bool path_fails(int folder, const char* path) { return trouble() != 0 && fails(hits_path(folder, path)); }
bool open_fails(int folder, const char* path, int flags) {
  return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0 && path_fails(folder, path);
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// The names under which the C library has each of them.
#define FILE_CALL(result, name, parameters, ...)              \
  extern "C" result name parameters {                         \
    static auto* const real = next<result parameters>(#name); \
    return file_fails(file) ? result{-1} : real(__VA_ARGS__); \
  }
#define PATH_CALL(name, parameters, folder, path, ...)        \
  extern "C" int name parameters {                            \
    static auto* const real = next<int parameters>(#name);    \
    return path_fails(folder, path) ? -1 : real(__VA_ARGS__); \
  }
#define OPEN_CALL(name)                                                      \
  extern "C" int name(const char* path, int flags, ...) {                    \
    static auto* const real = next<int(const char*, int, ...)>(#name);       \
    va_list rest;                                                            \
    va_start(rest, flags);                                                   \
    const mode_t mode = va_arg(rest, mode_t);                                \
    va_end(rest);                                                            \
    return open_fails(AT_FDCWD, path, flags) ? -1 : real(path, flags, mode); \
  }
#define OPENAT_CALL(name)                                                          \
  extern "C" int name(int folder, const char* path, int flags, ...) {              \
    static auto* const real = next<int(int, const char*, int, ...)>(#name);        \
    va_list rest;                                                                  \
    va_start(rest, flags);                                                         \
    const mode_t mode = va_arg(rest, mode_t);                                      \
    va_end(rest);                                                                  \
    return open_fails(folder, path, flags) ? -1 : real(folder, path, flags, mode); \
  }

OPEN_CALL(open)
OPEN_CALL(open64)
OPENAT_CALL(openat)
OPENAT_CALL(openat64)
FILE_CALL(ssize_t, write, (int file, const void* data, size_t size), file, data, size)
FILE_CALL(ssize_t, pwrite, (int file, const void* data, size_t size, off_t at), file, data, size, at)
FILE_CALL(ssize_t, pwrite64, (int file, const void* data, size_t size, off64_t at), file, data, size, at)
FILE_CALL(ssize_t, writev, (int file, const iovec* pieces, int count), file, pieces, count)
FILE_CALL(ssize_t, pwritev, (int file, const iovec* pieces, int count, off_t at), file, pieces, count, at)
FILE_CALL(ssize_t, pwritev64, (int file, const iovec* pieces, int count, off64_t at), file, pieces, count, at)
FILE_CALL(int, fallocate, (int file, int mode, off_t at, off_t size), file, mode, at, size)
FILE_CALL(int, fallocate64, (int file, int mode, off64_t at, off64_t size), file, mode, at, size)
FILE_CALL(int, ftruncate, (int file, off_t size), file, size)
FILE_CALL(int, ftruncate64, (int file, off64_t size), file, size)
PATH_CALL(mkdir, (const char* path, mode_t mode), AT_FDCWD, path, path, mode)
PATH_CALL(unlink, (const char* path), AT_FDCWD, path, path)
PATH_CALL(unlinkat, (int folder, const char* path, int flags), folder, path, folder, path, flags)
PATH_CALL(rename, (const char* from, const char* to), AT_FDCWD, from, from, to)
PATH_CALL(renameat, (int folder, const char* from, int other, const char* to), folder, from, folder, from, other, to)
