#pragma once
// SPDX-License-Identifier: Apache-2.0
// A letter on its way into the store, piece by piece. A failure of the store is remembered, the rest of the letter is
// taken off the client's hands, and the answer comes where it is due: at the end.
#include <functional>
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
  /// RFC 8601 §5: such fields go. Before the first piece.
  void remove(HeaderEditor::Forged forged) { editor_.remove(std::move(forged)); }
  /// Who gets the letter as it is kept, too. Before the first piece.
  void show_to(std::function<void(std::string_view)> reader) { reader_ = std::move(reader); }
  Awaitable<void> take(std::string_view piece);
  /// Its first line would be read as a part of what stands in front. After the first line.
  bool begins_folded() const { return editor_.begins_folded(); }
  /// After the last piece.
  Awaitable<void> finish();
  /// What the header said joins the envelope. trusted: the sender may ask for verified servers only. in_front: header
  /// fields that are known only now. REQUIRES: finish().
  Awaitable<spool::StoreResult<spool::QueuedLetter>> commit(spool::Envelope envelope, bool trusted,
                                                            std::string in_front = {});

 private:
  Awaitable<void> flush();
  void show_from(std::size_t begin);

  spool::Store& store_;
  std::unique_ptr<spool::Draft> draft_;
  spool::LetterId id_;
  HeaderEditor editor_;
  std::string pending_;
  std::function<void(std::string_view)> reader_;
  std::optional<spool::StoreError> failure_;
};

}  // namespace postseal::inbound
