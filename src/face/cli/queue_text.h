#pragma once
// SPDX-License-Identifier: Apache-2.0
// The queue for people, from the server's JSON (docs/operator/queue.md). Pure.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <string>

#include "vocab/clock.h"

namespace postseal::cli {

struct View {
  WallTime now{};
  std::size_t width = 100;  ///< columns
};

/// The line above a listing.
std::string listing_head();
/// A letter with the recipients that were selected: one line each, below it the reason in full.
std::string listing_text(const boost::json::object& letter, const View& view);
/// One letter with all that is known of it.
std::string letter_text(const boost::json::object& letter, const View& view);
/// "3 letters, 4 recipients"
std::string tally_text(const boost::json::object& tally);
std::string statistics_text(const boost::json::object& statistics, const View& view);
std::string trace_text(const boost::json::object& trace, const View& view);

}  // namespace postseal::cli
