// SPDX-License-Identifier: Apache-2.0
// The queue and its letters. Letters are named by selectors, as parse_selector() reads them: "select" once for each
// term.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "edge/settings/values.h"
#include "face/admin/endpoints.h"
#include "face/admin/queue_json.h"

namespace postseal::admin {

namespace json = boost::json;

namespace {

constexpr std::size_t kUsualPage = 1000, kLargestPage = 10'000;

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return result;
}

http::Answer store_refusal(const spool::StoreError& error) {
  return refusal(error.code == spool::StoreErrorCode::NotFound ? 404 : 503, error.what);
}

std::optional<Operation> operation_named(std::string_view name) {
  for (Operation operation : {Operation::Flush, Operation::Hold, Operation::Release, Operation::Remove,
                              Operation::Reroute, Operation::Bounce})
    if (to_string(operation) == name) return operation;
  return std::nullopt;
}

std::string argument_name(Operation operation) {
  switch (operation) {
    case Operation::Reroute:
      return "next_hop";
    case Operation::Bounce:
      return "reason";
    case Operation::Flush:
    case Operation::Hold:
    case Operation::Release:
    case Operation::Remove:
      return "";
  }
  return "";
}

/// Who did what to how many letters is in the log, whatever came of it.
void log_operation(const Services& services, const http::Request& request, std::string_view operation,
                   std::string_view selected, const queue::Tally& tally) {
  services.log.write(observe::Level::Info, "operator",
                     {{"operation", operation},
                      {"letters", static_cast<std::int64_t>(tally.letters)},
                      {"recipients", static_cast<std::int64_t>(tally.recipients)},
                      {"selected", selected},
                      {"uid", static_cast<std::int64_t>(request.peer_uid.value_or(~0U))},
                      {"problem", std::string_view(tally.problem)}});
}

/// A line of the trace is JSON of our own; one that is not any more is shown all the same.
json::value event_of(const std::string& line) {
  json::error_code error;
  json::value value = json::parse(line, error);
  if (error) return json::object{{"unreadable", line}};
  return value;
}

}  // namespace

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::Flush:
      return "flush";
    case Operation::Hold:
      return "hold";
    case Operation::Release:
      return "release";
    case Operation::Remove:
      return "delete";
    case Operation::Reroute:
      return "reroute";
    case Operation::Bounce:
      return "bounce";
  }
  return "";
}

Awaitable<http::Answer> answer_list(Services services, http::Request request, std::string) {
  auto terms = values_of(request, "select");
  if (terms.empty()) terms.emplace_back("all");
  auto selector = queue::parse_selector(terms);
  if (!selector) co_return refusal(400, selector.error());
  std::size_t limit = kUsualPage;
  if (const std::string text = value_of(request, "limit"); !text.empty()) {
    const auto given = number(text);
    if (!given || *given == 0 || *given > kLargestPage)
      co_return refusal(400, fmt::format("limit is 1..{}", kLargestPage));
    limit = *given;
  }
  spool::LetterId after;
  if (const std::string text = value_of(request, "after"); !text.empty()) {
    const auto id = spool::LetterId::parse(text);
    if (!id) co_return refusal(400, "after is no letter id");
    after = *id;
  }
  const queue::Listing listing = co_await services.queue.list(std::move(*selector), limit, after);
  json::array letters;
  for (const auto& letter : listing.letters) letters.push_back(to_json(letter));
  json::object object;
  object["letters"] = std::move(letters);
  object["next"] = nullptr;
  if (listing.next.value != 0) object["next"] = listing.next.to_string();
  co_return json_answer(object);
}

Awaitable<http::Answer> answer_show(Services services, http::Request, std::string subject) {
  const auto id = spool::LetterId::parse(subject);
  if (!id) co_return refusal(400, fmt::format("\"{}\" is no letter id", subject));
  const auto letter = services.queue.show(*id);
  if (!letter) co_return store_refusal(letter.error());
  co_return json_answer(to_json(*letter));
}

Awaitable<http::Answer> answer_stats(Services services, http::Request, std::string) {
  co_return json_answer(to_json(services.queue.statistics()));
}

Awaitable<http::Answer> answer_operation(Services services, http::Request request, std::string subject) {
  const auto operation = operation_named(subject);
  if (!operation) co_return refusal(404, "there is no such operation");
  const auto terms = values_of(request, "select");
  auto selector = queue::parse_selector(terms);
  if (!selector) co_return refusal(400, selector.error());
  std::string argument;
  if (const std::string name = argument_name(*operation); !name.empty()) {
    const auto given = values_of(request, name);
    if (given.size() != 1) co_return refusal(400, fmt::format("{} is missing", name));
    argument = given.front();
  }
  if (*operation == Operation::Reroute && !argument.empty()) {
    if (auto hop = settings::parse_next_hop(argument, {}); !hop) co_return refusal(400, hop.error());
  }
  const queue::Tally tally = co_await services.queue.operate(*operation, std::move(*selector), argument);
  log_operation(services, request, subject, fmt::format("{}", fmt::join(terms, " ")), tally);
  co_return json_answer(to_json(tally));
}

Awaitable<http::Answer> answer_limit(Services services, http::Request request, std::string) {
  const std::string pattern = value_of(request, "pattern");
  if (pattern.empty()) co_return refusal(400, "pattern is missing");
  std::optional<queue::LimitChange> change;
  for (const auto& [name, value] : request.query) {
    if (name != "connections" && name != "rate") continue;
    if (!change) change.emplace();
    const auto given = number(value);
    if (!given || *given == 0) co_return refusal(400, name + " is a number from 1 on");
    (name == "rate" ? change->rate : change->connections) = given;
  }
  if (!change && values_of(request, "reset").empty()) co_return refusal(400, "connections, rate or reset is missing");
  services.queue.set_limits(pattern, change);
  log_operation(services, request, change ? "limit" : "limit-reset", pattern, {});
  co_return json_answer({{"pattern", pattern}});
}

Awaitable<http::Answer> answer_trace(Services services, http::Request, std::string subject) {
  const auto id = spool::LetterId::parse(subject);
  if (!id) co_return refusal(400, fmt::format("\"{}\" is no letter id", subject));
  const auto lines = services.queue.trace(*id);
  if (!lines && lines.error().code != spool::StoreErrorCode::NotFound) co_return store_refusal(lines.error());
  const auto letter = services.queue.show(*id);
  if ((!lines || lines->empty()) && !letter) co_return refusal(404, "nothing is known of this letter (any more)");
  json::array events;
  if (lines)
    for (const std::string& line : *lines) events.push_back(event_of(line));
  json::object object;
  object["id"] = id->to_string();
  object["letter"] = nullptr;
  if (letter) object["letter"] = to_json(*letter);
  object["events"] = std::move(events);
  co_return json_answer(object);
}

}  // namespace postseal::admin
