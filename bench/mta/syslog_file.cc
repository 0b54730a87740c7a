// SPDX-License-Identifier: Apache-2.0
// Stands in for the syslog daemon of the servers that want one: syslog_file SOCKET FILE appends what comes.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>

int main(int count, char** words) {
  if (count != 3) return 2;
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::snprintf(at.sun_path, sizeof at.sun_path, "%s", words[1]);
  ::unlink(at.sun_path);
  std::FILE* file = std::fopen(words[2], "a");
  if (file == nullptr || ::bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return 1;
  ::chmod(at.sun_path, 0666);
  std::array<char, 8192> line;
  while (true) {
    const ssize_t size = ::recv(socket, line.data(), line.size(), 0);
    if (size <= 0) continue;
    std::fwrite(line.data(), 1, static_cast<std::size_t>(size), file);
    std::fputc('\n', file);
    std::fflush(file);
  }
}
