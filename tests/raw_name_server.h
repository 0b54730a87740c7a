#pragma once
// SPDX-License-Identifier: Apache-2.0
// A name server on loopback whose answers a test writes octet by octet: what no honest server would say. UDP only, so
// that a connection by TCP is refused. Lives in a thread of its own; remembers what it was asked.
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "vocab/codec.h"

namespace postseal::tests {

struct RawQuery {
  Bytes packet;
  std::uint16_t port = 0;  ///< that it came from
  std::uint16_t id = 0;
  std::string name;  ///< lower case, no final dot
  std::uint16_t type = 0;
};

struct RawReply {
  enum class From { Server, OtherPort, OtherAddress };
  Bytes packet;
  From from = From::Server;
};

/// A reply in the making: the query's id and question, and then whatever is put behind them.
class RawMessage {
 public:
  explicit RawMessage(const RawQuery& query, int rcode = 0);
  /// The owner is the question's name.
  RawMessage& answer(std::uint16_t type, const Bytes& rdata);
  RawMessage& authority(const std::string& owner, std::uint16_t type, const Bytes& rdata);
  RawMessage& additional(const std::string& owner, std::uint16_t type, const Bytes& rdata);
  /// Not authoritative, as in a referral.
  RawMessage& lame();
  RawMessage& truncated();
  RawMessage& id(std::uint16_t other);
  const Bytes& bytes() const { return bytes_; }
  operator std::vector<RawReply>() const { return {{bytes_, RawReply::From::Server}}; }

 private:
  RawMessage& record(std::size_t section, const Bytes& owner, std::uint16_t type, const Bytes& rdata);
  Bytes bytes_;
};

/// Name error or no data, with the SOA record that makes it one.
RawMessage nothing_there(const RawQuery& query, const std::string& zone, int rcode = 3);

class RawNameServer {
 public:
  /// Called in the server's thread, for one query after the other.
  using Behaviour = std::function<std::vector<RawReply>(const RawQuery&)>;
  explicit RawNameServer(Behaviour behaviour);
  ~RawNameServer();
  RawNameServer(const RawNameServer&) = delete;
  RawNameServer& operator=(const RawNameServer&) = delete;

  std::uint16_t port() const { return port_; }  ///< of 127.0.0.1
  std::vector<RawQuery> asked() const;

 private:
  void serve();

  Behaviour behaviour_;
  int socket_ = -1, other_port_ = -1, other_address_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex lock_;
  std::vector<RawQuery> asked_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace postseal::tests
