#pragma once
// SPDX-License-Identifier: Apache-2.0
// A file that only takes space. When the disk is full the index needs some to note what has left, before what has left
// can give space back: then the ballast goes, and comes again when there is room.
#include <cstdint>
#include <string>

namespace postseal::journal {

class Ballast {
 public:
  Ballast(std::string path, std::uint64_t size) : path_(std::move(path)), size_(size) {}
  /// Where there is room.
  void take();
  void drop();

 private:
  std::string path_;
  std::uint64_t size_;
};

}  // namespace postseal::journal
