#pragma once
// SPDX-License-Identifier: Apache-2.0
// How long a client waits for what: RFC 5321 §4.5.3.2.
#include <chrono>
#include <string_view>

namespace postseal::smtp {

/// RFC 5321 §4.5.3.2: which of the timers governs the next read. limit() gives its minimum from that section.
enum class Timer { Greeting, Ehlo, StartTls, Mail, Rcpt, DataInitiation, DataBlock, DataTermination, Quit, None };
std::chrono::seconds limit(Timer timer);
std::string_view to_string(Timer timer);

}  // namespace postseal::smtp
