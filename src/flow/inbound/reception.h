#pragma once
// SPDX-License-Identifier: Apache-2.0
// A letter on its way into the store, piece by piece. A failure of the store is remembered, the rest of the letter is
// taken off the client's hands, and the answer comes where it is due: at the end.
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "flow/inbound/header_editor.h"
#include "protocol/spool/store.h"

namespace postseal::inbound {

class Reception {
 public:
  Reception(spool::Store& store, Editing editing, WallTime now, std::string_view hostname);

  spool::LetterId id() const { return id_; }
  /// In front of the letter; before the first piece.
  void put_in_front(std::string header) { pending_ = std::move(header); }
  Awaitable<void> take(std::string_view piece);
  /// The envelope is completed with what the header said. trusted: the sender may ask for verified servers only.
  Awaitable<spool::StoreResult<spool::QueuedLetter>> commit(spool::Envelope envelope, bool trusted);

 private:
  Awaitable<void> flush();

  spool::Store& store_;
  std::unique_ptr<spool::Draft> draft_;
  spool::LetterId id_;
  HeaderEditor editor_;
  std::string pending_, scratch_;
  std::optional<spool::StoreError> failure_;
};

}  // namespace postseal::inbound
