#pragma once
// SPDX-License-Identifier: Apache-2.0
// Puts a letter into a Maildir (https://cr.yp.to/proto/maildir.html): written to tmp, synced, renamed into new, the
// folder synced. Blocks; called on threads that may. The name comes from the letter's id, so that a letter that is
// delivered again after a crash is found and not doubled.
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "protocol/message/source.h"
#include "protocol/spool/letter_id.h"
#include "vocab/clock.h"
#include "vocab/domain.h"
#include "vocab/mailbox.h"

namespace postseal::maildir {

struct Copy {
  spool::LetterId id;
  std::uint32_t recipient = 0;  ///< index in the envelope; with the id it names this copy for ever
  ReversePath from;             ///< for Return-Path
  Mailbox delivered_to;
  WallTime received{};
  message::OpenSource open;   ///< CRLF line ends; the file gets LF, as Maildir readers expect on Unix
  std::string hostname;       ///< of this server; part of the file's name
  bool may_be_there = false;  ///< an earlier life of this program may have delivered it: look first
  bool junk = false;          ///< into the Maildir++ folder .Junk, which mail programs show as such
};

struct Stored {
  bool was_there = false;  ///< an earlier delivery of the same copy was found, nothing was written
  std::string file;        ///< its path
};

enum class FailureCode { NoSpace, OverQuota, ReadOnly, NotAllowed, LetterUnreadable, Io };
std::string_view to_string(FailureCode code);
/// Of an errno.
FailureCode code_of(int error);

struct Failure {
  FailureCode code = FailureCode::Io;
  std::string what;  ///< which step, which path, the system's own words
};

/// ROOT/DOMAIN/USER: no component leads out of its place or is hidden.
std::string folder_of(std::string_view root, const Domain& domain, std::string_view user);

/// On stable storage when this returns Stored. Missing folders below the root's parent are made with mode 0700.
std::expected<Stored, Failure> store_letter(const std::string& folder, const Copy& copy);

}  // namespace postseal::maildir
