// SPDX-License-Identifier: Apache-2.0
#include "face/admin/endpoints.h"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace postseal::admin {

namespace {

// Of several that fit, the first counts. What changes something is POST, so that no fetched link ever does.
constexpr std::array kEndpoints = std::to_array<Endpoint>({
    {"GET", "/metrics", Audience::Watchers, answer_metrics},
    {"GET", "/health", Audience::Watchers, answer_health},
    {"GET", "/ready", Audience::Watchers, answer_ready},
    {"GET", "/queue", Audience::Operators, answer_list},
    {"GET", "/queue/stats", Audience::Operators, answer_stats},
    {"GET", "/queue/letter/", Audience::Operators, answer_show},
    {"POST", "/queue/limit", Audience::Operators, answer_limit},
    {"POST", "/queue/", Audience::Operators, answer_operation},
    {"GET", "/trace/", Audience::Operators, answer_trace},
});

bool fits(const Endpoint& endpoint, std::string_view path) {
  if (!endpoint.path.ends_with('/')) return path == endpoint.path;
  return path.starts_with(endpoint.path) && path.find('/', endpoint.path.size()) == std::string_view::npos &&
         path.size() > endpoint.path.size();
}

Awaitable<http::Answer> answer(Audience audience, Services services, http::Request request) {
  bool other_method = false;
  for (const Endpoint& endpoint : kEndpoints) {
    // Watchers are not told what operators could do.
    if (endpoint.audience == Audience::Operators && audience == Audience::Watchers) continue;
    if (!fits(endpoint, request.path)) continue;
    if (endpoint.method != request.method) {
      other_method = true;
      continue;
    }
    std::string subject;
    if (endpoint.path.ends_with('/')) subject = request.path.substr(endpoint.path.size());
    co_return co_await endpoint.answer(std::move(services), std::move(request), std::move(subject));
  }
  if (other_method) co_return refusal(405, "another method is needed here");
  co_return refusal(404, "there is no such endpoint");
}

}  // namespace

std::span<const Endpoint> endpoints() { return kEndpoints; }

http::Answer json_answer(const boost::json::object& object) {
  return {200, "application/json", boost::json::serialize(object) + "\n"};
}

http::Answer refusal(int status, std::string_view what) {
  boost::json::object object{{"error", boost::json::string_view(what.data(), what.size())}};
  return {status, "application/json", boost::json::serialize(object) + "\n"};
}

std::vector<std::string> values_of(const http::Request& request, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : request.query)
    if (key == name) values.push_back(value);
  return values;
}

std::string value_of(const http::Request& request, std::string_view name) {
  const auto values = values_of(request, name);
  return values.empty() ? "" : values.front();
}

http::Handler handler_for(Audience audience, Services services) {
  return [audience, services = std::move(services)](http::Request request) {
    return answer(audience, services, std::move(request));
  };
}

}  // namespace postseal::admin
