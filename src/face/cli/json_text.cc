// SPDX-License-Identifier: Apache-2.0
#include "face/cli/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "face/cli/human_text.h"
#include "face/cli/time_text.h"

namespace postseal::cli {

namespace json = boost::json;

namespace {

const json::value* value_in(const json::object& object, std::string_view key) {
  return object.if_contains(json::string_view(key.data(), key.size()));
}

bool is_empty(const json::value& value) {
  if (value.is_null()) return true;
  if (const auto* text = value.if_string()) return text->empty();
  if (const auto* array = value.if_array()) return std::ranges::all_of(*array, is_empty);
  if (const auto* object = value.if_object())
    return std::ranges::all_of(*object, [](const auto& pair) { return is_empty(pair.value()); });
  return false;
}

std::string scalar_text(const json::value& value) {
  if (const auto* text = value.if_string()) return {text->data(), text->size()};
  if (const auto* flag = value.if_bool()) return *flag ? "yes" : "no";
  return json::serialize(value);
}

bool is_scalar(const json::value& value) { return !value.is_array() && !value.is_object(); }

std::string labelled(std::string_view name, std::string_view text, std::size_t indent, std::size_t width) {
  std::string lines = wrap(fmt::format("{}: {}", name, text), indent + 2, width);
  // The first line stands two columns to the left of those that continue it.
  return lines.substr(std::min<std::size_t>(2, lines.size()));
}

std::string entry_text(std::string_view name, const json::value& value, std::size_t indent, std::size_t width) {
  if (is_empty(value)) return "";
  if (is_scalar(value)) return labelled(name, scalar_text(value), indent, width);
  if (const auto* array = value.if_array(); array != nullptr && std::ranges::all_of(*array, is_scalar)) {
    std::string list;
    for (const json::value& element : *array) list += (list.empty() ? "" : ", ") + scalar_text(element);
    return labelled(name, list, indent, width);
  }
  return std::string(indent, ' ') + std::string(name) + ":\n" + tree_text(value, indent + 2, width);
}

}  // namespace

std::string text_in(const json::object& object, std::string_view key) {
  const auto* value = value_in(object, key);
  return value != nullptr && value->is_string() ? scalar_text(*value) : "";
}

std::uint64_t number_in(const json::object& object, std::string_view key) {
  const auto* value = value_in(object, key);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->get_uint64();
  return value->is_int64() && value->get_int64() > 0 ? static_cast<std::uint64_t>(value->get_int64()) : 0;
}

bool flag_in(const json::object& object, std::string_view key) {
  const auto* value = value_in(object, key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<WallTime> moment_in(const json::object& object, std::string_view key) {
  return parse_time_text(text_in(object, key));
}

const json::array& array_in(const json::object& object, std::string_view key) {
  static const json::array none;
  const auto* value = value_in(object, key);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

const json::object& object_in(const json::object& object, std::string_view key) {
  static const json::object none;
  const auto* value = value_in(object, key);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

std::string tree_text(const json::value& value, std::size_t indent, std::size_t width) {
  std::string text;
  if (const auto* object = value.if_object()) {
    for (const auto& pair : *object)
      text += entry_text({pair.key().data(), pair.key().size()}, pair.value(), indent, width);
  } else if (const auto* array = value.if_array()) {
    for (const json::value& element : *array) {
      if (is_empty(element)) continue;
      // "- " stands where the first value's indent was.
      std::string item = tree_text(element, indent + 2, width);
      if (item.size() > indent) item[indent] = '-';
      text += item;
    }
  } else {
    text = wrap(scalar_text(value), indent, width);
  }
  return text;
}

}  // namespace postseal::cli
