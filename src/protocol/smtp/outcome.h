#pragma once
// SPDX-License-Identifier: Apache-2.0
// What became of a recipient in one transaction.
#include <string>
#include <string_view>

#include "vocab/reply.h"

namespace postseal::smtp {

/// Where in the transaction a reply was given. Local: by ourselves, nothing was asked of the peer or nothing came.
enum class Stage { Greeting, Hello, StartTls, Mail, Rcpt, Data, Body, Local };
std::string_view to_string(Stage stage);

struct RecipientOutcome {
  bool accepted = false;  ///< the peer took responsibility for this recipient
  Stage stage = Stage::Body;
  Reply reply;  ///< the deciding reply; for Stage::Local our own, in the same form
  bool operator==(const RecipientOutcome&) const = default;
};

/// Not accepted, and to be tried again: the code, but for RFC 5321 §4.5.3.1.10's one exception.
bool worth_another_try(const RecipientOutcome& outcome);

/// Our own reply, in the form that a server's would have.
Reply local_reply(int code, EnhancedStatus status, std::string text);

}  // namespace postseal::smtp
