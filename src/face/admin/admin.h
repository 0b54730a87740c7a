#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is answered over HTTP. Two audiences: whoever reaches the metrics address may watch, whoever may write to the
// Unix socket is an operator. endpoints.cc has the table of both. Runs on the queue's executor.
#include <functional>
#include <string>
#include <vector>

#include "edge/http/server.h"
#include "edge/observe/log.h"
#include "edge/observe/metrics.h"
#include "face/admin/queue_door.h"

namespace postseal::admin {

/// Whether mail is taken now; of what is missing, one sentence each.
struct Readiness {
  std::vector<std::string> missing;
  bool ready() const { return missing.empty(); }
};

/// All must outlive the answers under way.
struct Services {
  observe::Metrics& metrics;
  observe::Log& log;
  QueueDoor& queue;
  std::function<Readiness()> readiness;
};

enum class Audience {
  Watchers,   ///< of the metrics address
  Operators,  ///< of the Unix socket
};

/// For http::Server.
http::Handler handler_for(Audience audience, Services services);

}  // namespace postseal::admin
