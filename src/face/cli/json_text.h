#pragma once
// SPDX-License-Identifier: Apache-2.0
// JSON that another part of Postseal wrote, read leniently and shown to people: what is absent or of another type than
// expected is empty, because an older server may answer a newer command.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vocab/clock.h"

namespace postseal::cli {

std::string text_in(const boost::json::object& object, std::string_view key);
std::uint64_t number_in(const boost::json::object& object, std::string_view key);
bool flag_in(const boost::json::object& object, std::string_view key);
std::optional<WallTime> moment_in(const boost::json::object& object, std::string_view key);
const boost::json::array& array_in(const boost::json::object& object, std::string_view key);
const boost::json::object& object_in(const boost::json::object& object, std::string_view key);

/// Everything in it, one value in a line, nested ones indented; without what is empty or null.
std::string tree_text(const boost::json::value& value, std::size_t indent, std::size_t width);

}  // namespace postseal::cli
