// SPDX-License-Identifier: Apache-2.0
#include "tests/signed_zones.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace postseal::tests {
namespace {

namespace fs = std::filesystem;

const char* const kHead = "$TTL 300\n@ IN SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n@ IN NS ns.test.\n";

/// More than any UDP answer holds: D49 and D50.
std::string large_records() {
  std::ostringstream text;
  for (int i = 0; i < 150; ++i) {
    text << "_25._tcp.many IN TLSA 3 1 1 ";
    for (int byte = 0; byte < 32; ++byte) text << std::hex << (i >> 4) % 16 << i % 16 << std::dec;
    text << "\n";
  }
  for (int i = 0; i < 20; ++i) text << "large IN TXT \"" << i << std::string(200, 'x') << "\"\n";
  return text.str();
}

std::string test_zone() {
  return std::string(kHead) +
         "ns IN A 127.0.0.1\n"
         "@ IN MX 10 mx\n"
         "mx IN A 192.0.2.1\n"
         "mx IN AAAA 2001:db8::1\n"
         "_25._tcp.mx IN TLSA 3 1 1 abababababababababababababababababababababababababababababababab\n"
         "alias IN CNAME middle\n"
         "middle IN CNAME mx\n"
         "_25._tcp.alias IN CNAME _25._tcp.mx\n"
         "outward IN CNAME host.unsigned\n"
         "nowhere IN CNAME missing\n"
         "loop IN CNAME pool\n"
         "pool IN CNAME loop\n"
         "tree IN DNAME forest\n"
         "mx.forest IN A 192.0.2.2\n"
         "*.wild IN A 192.0.2.3\n"
         "odd IN CNAME a\\001b\n"
         "a\\001b IN A 192.0.2.4\n" +
         large_records();
}

std::string child_zone() {
  return std::string(kHead) +
         "host IN A 192.0.2.10\n@ IN MX 10 host\n_25._tcp.host IN TLSA 3 1 1 "
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\n"
         "into IN CNAME mx.test.\n";
}

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

void run(const fs::path& dir, const std::string& command) {
  const std::string all = "cd " + dir.string() + " && " + command + " >>commands.log 2>&1";
  if (std::system(all.c_str()) != 0) {  // NOLINT(concurrency-mt-unsafe): one thread
    throw std::runtime_error("failed: " + command + "\n" + read(dir / "commands.log"));
  }
}

/// Makes a key for the zone; the DS record is in NAME.ds and the key's files are NAME.key, NAME.private.
void make_key(const fs::path& dir, const std::string& zone, const std::string& name) {
  run(dir, "mv $(ldns-keygen -a ECDSAP256SHA256 -k -r /dev/urandom " + zone + ").ds " + name +
               ".ds && mv *+013+*.key " + name + ".key && mv *+013+*.private " + name + ".private");
}

void sign(const fs::path& dir, const std::string& zone, const std::string& name, const std::string& options) {
  run(dir, "ldns-signzone " + options + " -o " + zone + " -f " + name + ".signed " + name + ".zone " + name);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

std::uint16_t free_loopback_port() {
  for (int attempt = 0; attempt < 50; ++attempt) {
    const int tcp = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    bool free = ::bind(tcp, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                ::getsockname(tcp, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
                ::bind(udp, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(tcp);
    ::close(udp);
    if (free) return ntohs(address.sin_port);
  }
  throw std::runtime_error("no free port on loopback");
}

SignedZones::SignedZones() {
  std::string pattern = (fs::temp_directory_path() / "postseal-zones-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  dir_ = pattern;
  try {
    sign_all();
    start();
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
    throw;
  }
}

SignedZones::~SignedZones() {
  if (knotd_ > 0) {
    ::kill(knotd_, SIGTERM);
    ::waitpid(knotd_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

void SignedZones::sign_all() {
  std::string delegations = "unsigned IN NS ns.test.\ndead IN NS ns.test.\n";
  for (const std::string child : {"bogus", "expired", "nsec3"}) {
    const std::string zone = child + ".test";
    write(dir_ / (child + ".zone"), child_zone());
    make_key(dir_, zone, child);
    sign(dir_, zone, child, child == "expired" ? "-i 20200101 -e 20200201" : child == "nsec3" ? "-n -t 0" : "");
    delegations += child + " IN NS ns.test.\n" + read(dir_ / (child + ".ds"));
  }
  // Changed after signing: the signature over it no longer holds.
  run(dir_, "sed -i 's/192\\.0\\.2\\.10/192.0.2.66/' bogus.signed");
  write(dir_ / "unsigned.signed", child_zone());

  write(dir_ / "test.zone", test_zone() + delegations);
  make_key(dir_, "test", "test");
  sign(dir_, "test", "test", "");
  write(dir_ / "root.zone",
        std::string(kHead) + "test. IN NS ns.test.\nns.test. IN A 127.0.0.1\n" + read(dir_ / "test.ds"));
  make_key(dir_, ".", "root");
  sign(dir_, ".", "root", "");
  fs::copy_file(dir_ / "root.ds", dir_ / "anchor.ds");
  make_key(dir_, ".", "wrong");
}

void SignedZones::write_config() {
  std::string config = "server:\n    listen: 127.0.0.1@" + std::to_string(port_) + "\n    rundir: \"" + dir_.string() +
                       "\"\n    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n"
                       "database:\n    storage: \"" +
                       dir_.string() +
                       "\"\n"
                       "log:\n  - target: stderr\n    any: warning\n"
                       "template:\n  - id: default\n    zonefile-sync: -1\n    journal-content: none\n"
                       "    semantic-checks: off\nzone:\n";
  const auto add = [&](const std::string& zone, const std::string& name) {
    config += "  - domain: \"" + zone + "\"\n    file: \"" + (dir_ / (name + ".signed")).string() + "\"\n";
  };
  add(".", "root");
  add("test.", "test");
  for (const std::string child : {"bogus", "expired", "nsec3", "unsigned"}) add(child + ".test.", child);
  write(dir_ / "knot.conf", config);
}

void SignedZones::start() {
  using std::chrono::steady_clock;
  const auto give_up = steady_clock::now() + std::chrono::seconds(20);
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_loopback_port();
    write_config();
    const std::string config = (dir_ / "knot.conf").string();
    const std::string log = (dir_ / "knotd.log").string();
    const pid_t parent = ::getpid();
    knotd_ = ::fork();
    if (knotd_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      if (::freopen(log.c_str(), "a", stderr) == nullptr || ::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(1);
      ::execlp("knotd", "knotd", "-c", config.c_str(), nullptr);
      ::execl("/usr/sbin/knotd", "knotd", "-c", config.c_str(), nullptr);
      ::_exit(127);
    }
    while (steady_clock::now() < give_up) {
      if (answers()) return;
      // Somebody else may have taken the port meanwhile: then knotd has ended, and another port is tried.
      int status = 0;
      if (::waitpid(knotd_, &status, WNOHANG) != knotd_) continue;
      knotd_ = -1;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        throw std::runtime_error("knotd is not installed: ./dev setup");
      break;
    }
  }
  throw std::runtime_error("knotd does not answer:\n" + read(dir_ / "knotd.log"));
}

bool SignedZones::answers() const {
  const int udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in server = loopback(port_);
  // "test. SOA", id 7: answered once the zones are loaded.
  const std::array<std::uint8_t, 22> query{0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 't', 'e', 's', 't', 0, 0, 6, 0, 1};
  std::array<std::uint8_t, 512> reply{};
  pollfd readable{udp, POLLIN, 0};
  const bool good = ::connect(udp, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0 &&
                    ::send(udp, query.data(), query.size(), 0) > 0 && ::poll(&readable, 1, 20) == 1 &&
                    ::recv(udp, reply.data(), reply.size(), 0) > 12 && (reply[2] & 0x80) != 0 && (reply[3] & 0x0f) == 0;
  ::close(udp);
  return good;
}

}  // namespace postseal::tests
