#pragma once
// SPDX-License-Identifier: Apache-2.0
// The table of endpoints: who may ask what.
#include <boost/json/object.hpp>
#include <span>
#include <string>
#include <string_view>

#include "face/admin/admin.h"

namespace postseal::admin {

struct Endpoint {
  std::string_view method;
  std::string_view path;  ///< one that ends in "/" takes the rest of the path as its subject
  Audience audience;      ///< operators may do what watchers may
  Awaitable<http::Answer> (*answer)(Services services, http::Request request, std::string subject);
};

std::span<const Endpoint> endpoints();

// What they share.
http::Answer json_answer(const boost::json::object& object);
/// {"error": what}
http::Answer refusal(int status, std::string_view what);
/// All values of a parameter; the first, or "".
std::vector<std::string> values_of(const http::Request& request, std::string_view name);
std::string value_of(const http::Request& request, std::string_view name);

// watch_endpoints.cc
Awaitable<http::Answer> answer_metrics(Services services, http::Request request, std::string subject);
Awaitable<http::Answer> answer_health(Services services, http::Request request, std::string subject);
Awaitable<http::Answer> answer_ready(Services services, http::Request request, std::string subject);

// queue_endpoints.cc
Awaitable<http::Answer> answer_list(Services services, http::Request request, std::string subject);
Awaitable<http::Answer> answer_show(Services services, http::Request request, std::string subject);
Awaitable<http::Answer> answer_stats(Services services, http::Request request, std::string subject);
Awaitable<http::Answer> answer_operation(Services services, http::Request request, std::string subject);
Awaitable<http::Answer> answer_limit(Services services, http::Request request, std::string subject);
Awaitable<http::Answer> answer_trace(Services services, http::Request request, std::string subject);

}  // namespace postseal::admin
