#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where the scheduler keeps its many small things: in chunks, named by 32-bit numbers, reused when freed. A million
// entries cost their own size and little more; growing copies nothing.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace postseal::queue {

using Index = std::uint32_t;
inline constexpr Index kNone = ~Index{0};

/// Neighbours in a list; an element has one for every list that it can be in.
struct Links {
  Index next = kNone, previous = kNone;
};

template <class T>
class Slab {
 public:
  T& operator[](Index i) { return chunks_[i / kChunk][i % kChunk]; }
  const T& operator[](Index i) const { return chunks_[i / kChunk][i % kChunk]; }

  Index allocate() {
    ++used_;
    if (!free_.empty()) {
      const Index i = free_.back();
      free_.pop_back();
      return i;
    }
    if (end_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<T[]>(kChunk));
    return end_++;
  }
  void release(Index i) {
    (*this)[i] = T();
    free_.push_back(i);
    --used_;
  }

  /// Numbers below this have been given out at some time.
  Index end() const { return end_; }
  std::size_t used() const { return used_; }
  std::size_t bytes() const {
    return chunks_.size() * kChunk * sizeof(T) + chunks_.capacity() * sizeof(chunks_[0]) +
           free_.capacity() * sizeof(Index);
  }

 private:
  static constexpr Index kChunk = 1024;
  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<Index> free_;
  Index end_ = 0;
  std::size_t used_ = 0;
};

/// First in, first out, with removal from the middle. The links are in the elements.
template <class T, Links T::* kLinks>
class Fifo {
 public:
  bool empty() const { return head_ == kNone; }
  std::size_t size() const { return size_; }
  Index front() const { return head_; }

  void push_back(Slab<T>& slab, Index i) {
    slab[i].*kLinks = {kNone, tail_};
    (tail_ == kNone ? head_ : (slab[tail_].*kLinks).next) = i;
    tail_ = i;
    ++size_;
  }
  void remove(Slab<T>& slab, Index i) {
    const Links links = slab[i].*kLinks;
    (links.previous == kNone ? head_ : (slab[links.previous].*kLinks).next) = links.next;
    (links.next == kNone ? tail_ : (slab[links.next].*kLinks).previous) = links.previous;
    slab[i].*kLinks = {};
    --size_;
  }
  Index pop_front(Slab<T>& slab) {
    const Index i = head_;
    remove(slab, i);
    return i;
  }

 private:
  Index head_ = kNone, tail_ = kNone;
  Index size_ = 0;
};

}  // namespace postseal::queue
