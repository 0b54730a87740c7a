#pragma once
// SPDX-License-Identifier: Apache-2.0
// The part for people: what happened to whom, by which rule, and what the sender can do.
#include <string>

#include "protocol/dsn/notification.h"

namespace postseal::dsn {

/// The gravest of them, which gives the notification its subject.
Action worst(const NotificationFacts& facts);
/// For the Subject field; ASCII.
std::string subject(const NotificationFacts& facts);
/// UTF-8, CRLF line ends.
std::string human_part(const NotificationFacts& facts);

}  // namespace postseal::dsn
