// SPDX-License-Identifier: Apache-2.0
// For programs that watch: no names of people, nothing that changes anything.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "face/admin/endpoints.h"

namespace postseal::admin {

Awaitable<http::Answer> answer_metrics(Services services, http::Request, std::string) {
  co_return http::Answer{200, "text/plain; version=0.0.4; charset=utf-8", services.metrics.expose()};
}

/// The program runs and its executor turns: that it answers at all is the answer.
Awaitable<http::Answer> answer_health(Services, http::Request, std::string) {
  co_return json_answer({{"status", "ok"}});
}

Awaitable<http::Answer> answer_ready(Services services, http::Request, std::string) {
  const Readiness readiness = services.readiness();
  boost::json::object object{{"ready", readiness.ready()}};
  object["missing"] = boost::json::array(readiness.missing.begin(), readiness.missing.end());
  http::Answer answer = json_answer(object);
  if (!readiness.ready()) answer.status = 503;
  co_return answer;
}

}  // namespace postseal::admin
