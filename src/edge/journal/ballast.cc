// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/ballast.h"

#include <fcntl.h>
#include <unistd.h>

#include "edge/journal/posix_disk.h"

namespace postseal::journal {

void Ballast::take() {
  const Handle file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() >= 0 && ::fallocate(file.get(), 0, 0, static_cast<off_t>(size_)) != 0) drop();
}

void Ballast::drop() { ::unlink(path_.c_str()); }

}  // namespace postseal::journal
