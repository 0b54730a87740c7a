// SPDX-License-Identifier: Apache-2.0
#include "flow/dispatch/trace_line.h"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "flow/authenticate/outcome_json.h"
#include "vocab/moment_text.h"

namespace postseal::dispatch {

namespace json = boost::json;

std::string acceptance_line(const spool::QueuedLetter& letter) {
  const auto& envelope = letter.envelope;
  json::array recipients;
  for (const auto& recipient : envelope.recipients) recipients.emplace_back(recipient.mailbox.to_string());
  json::object line{{"time", moment_text(envelope.received)},
                    {"event", "accepted"},
                    {"from", envelope.from ? envelope.from->to_string() : ""},
                    {"to", std::move(recipients)},
                    {"size", envelope.size},
                    {"message_id", envelope.message_id},
                    {"peer", envelope.peer},
                    {"user", envelope.user}};
  return json::serialize(line);
}

std::string judgement_line(const authenticate::Outcome& outcome, WallTime at) {
  // Every letter from outside has one: no piece of it is allocated by itself.
  std::array<unsigned char, 8192> room;
  json::monotonic_resource memory(room.data(), room.size());
  json::object line(&memory);
  line.emplace("time", moment_text(at));
  line.emplace("event", "authenticated");
  authenticate::put_json(line, outcome);
  return json::serialize(line);
}

std::string local_line(const spool::Envelope& envelope, const std::vector<local::Verdict>& verdicts, WallTime now) {
  json::array recipients;
  for (const auto& verdict : verdicts) {
    recipients.push_back(json::object{{"recipient", envelope.recipients.at(verdict.index).mailbox.to_string()},
                                      {"outcome", local::to_string(verdict.outcome)},
                                      {"status", verdict.status.to_string()},
                                      {"host", verdict.host},
                                      {"explanation", verdict.explanation}});
  }
  return json::serialize(
      json::object{{"time", moment_text(now)}, {"event", "local delivery"}, {"recipients", std::move(recipients)}});
}

}  // namespace postseal::dispatch
