#pragma once
// SPDX-License-Identifier: Apache-2.0
// One resolver for all threads, and its answers for as long as they live. Sessions ask for the same few names again and
// again (a sender's SPF record, its DKIM key, its DMARC policy); a known answer costs neither another thread nor
// libunbound.
#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <list>
#include <mutex>
#include <unordered_map>

#include "protocol/dns/resolver.h"

namespace postseal::resolver {

/// Safe to use from several threads; what waits resumes on the caller's executor.
class SharedResolver final : public dns::Resolver {
 public:
  /// resolver is only used on its executor. Both outlive this object.
  SharedResolver(dns::Resolver& resolver, boost::asio::any_io_executor executor);

  Awaitable<dns::RawAnswer> lookup(Domain name, dns::RecordType type, Deadline deadline) override;
  std::optional<dns::RawAnswer> known(const Domain& name, dns::RecordType type) override;

  /// Answers that are known now, and about how many octets they take.
  struct Size {
    std::size_t answers = 0, octets = 0;
  };
  Size size() const;

  /// A24: anybody can make us ask for anything, so that what is kept is bounded in both ways, the oldest goes first,
  /// and no one answer takes the room of many.
  static constexpr std::size_t kMostAnswers = 16'384;
  static constexpr std::size_t kMostOctets = std::size_t{32} << 20;
  static constexpr std::size_t kLargestAnswer = 8'192;
  /// However long the answer may live: an operator who mends a record does not wait for a day.
  static constexpr Seconds kLongest{3600};

 private:
  struct Question {
    Domain name;
    dns::RecordType type;
    bool operator==(const Question&) const = default;
  };
  struct QuestionHash {
    std::size_t operator()(const Question& question) const noexcept {
      return std::hash<Domain>{}(question.name) ^ static_cast<std::size_t>(question.type) * 0x9E3779B97F4A7C15U;
    }
  };
  struct Known {
    Question question;
    dns::RawAnswer answer;
    SteadyTime until;
    std::size_t octets;
  };
  /// A part of what is known, with a lock of its own.
  struct Shelf {
    mutable std::mutex mutex;
    std::list<Known> known;  ///< the oldest first
    std::unordered_map<Question, std::list<Known>::iterator, QuestionHash> places;
    std::size_t octets = 0;

    void forget(std::list<Known>::iterator place);
  };
  static constexpr std::size_t kShelves = 16;

  Shelf& shelf_of(const Question& question) { return shelves_[QuestionHash{}(question) >> 7 & (kShelves - 1)]; }
  void keep(Question question, const dns::RawAnswer& answer);

  dns::Resolver& resolver_;
  boost::asio::any_io_executor executor_;
  std::array<Shelf, kShelves> shelves_;
};

}  // namespace postseal::resolver
