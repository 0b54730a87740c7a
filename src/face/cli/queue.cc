// SPDX-License-Identifier: Apache-2.0
// postseal queue and postseal trace: what the running server says of its letters, and what is to become of them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>

#include "face/cli/ask_server.h"
#include "face/cli/cli.h"
#include "face/cli/human_text.h"
#include "face/cli/json_text.h"
#include "face/cli/queue_text.h"
#include "face/cli/run.h"

namespace postseal::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view kSelectors =
    "SELECT is a letter id, or one of: domain=NAME|.NAME  recipient=ADDRESS  mx=HOST  sender=ADDRESS|@DOMAIN|<>\n"
    "reason=WORDS  older=TIME  younger=TIME  larger=SIZE  smaller=SIZE  held  not-held  all. What fits all of them is\n"
    "meant. Example: postseal queue flush domain=example.org older=4h";

struct QueueOptions {
  ServerOptions server;
  std::vector<std::string> select;
  std::uint64_t limit = 0;  ///< 0: none
  std::string argument, pattern, connections, rate;
  bool normal = false, reset = false;
};

View view() { return {SystemClock().now(), terminal_width()}; }

Query selection(const QueueOptions& options) {
  Query query;
  for (const std::string& term : options.select) query.emplace_back("select", term);
  return query;
}

void print_line(const json::object& object) { fmt::print("{}\n", json::serialize(object)); }

int list(const QueueOptions& options) {
  constexpr std::uint64_t kPage = 1000;
  const View shown = view();
  std::uint64_t count = 0;
  std::string after;
  do {
    Query query = selection(options);
    query.emplace_back("limit", std::to_string(options.limit == 0 ? kPage : std::min(kPage, options.limit - count)));
    if (!after.empty()) query.emplace_back("after", after);
    const auto page = ask_server(options.server, "GET", "/queue", std::move(query));
    if (!page) return page.error();
    for (const json::value& letter : array_in(*page, "letters")) {
      if (!letter.is_object()) continue;
      if (options.server.common.json) {
        print_line(letter.get_object());
      } else {
        fmt::print("{}{}", count == 0 ? listing_head() : "", listing_text(letter.get_object(), shown));
      }
      ++count;
    }
    after = text_in(*page, "next");
  } while (!after.empty() && (options.limit == 0 || count < options.limit));
  if (!options.server.common.json)
    fmt::print("{} {}{}\n", count, count == 1 ? "letter" : "letters", after.empty() ? "" : ", and there are more");
  return kOk;
}

int show(const QueueOptions& options) {
  for (const std::string& id : options.select) {
    const auto letter = ask_server(options.server, "GET", "/queue/letter/" + id, {});
    if (!letter) return letter.error();
    options.server.common.json ? print_line(*letter) : fmt::print("{}", letter_text(*letter, view()));
  }
  return kOk;
}

int stats(const QueueOptions& options) {
  const auto statistics = ask_server(options.server, "GET", "/queue/stats", {});
  if (!statistics) return statistics.error();
  options.server.common.json ? print_line(*statistics) : fmt::print("{}", statistics_text(*statistics, view()));
  return kOk;
}

int operate(const QueueOptions& options, const std::string& operation, std::string_view done, Query further = {}) {
  Query query = selection(options);
  query.insert(query.end(), further.begin(), further.end());
  const auto tally = ask_server(options.server, "POST", "/queue/" + operation, std::move(query));
  if (!tally) return tally.error();
  options.server.common.json ? print_line(*tally) : fmt::print("{}: {}\n", done, tally_text(*tally));
  const std::string problem = text_in(*tally, "problem");
  if (!problem.empty()) return fail(kTemporary, "not all of it: " + problem);
  // Nothing was meant: most likely not what was meant.
  return number_in(*tally, "letters") == 0 ? kNo : kOk;
}

int reroute(const QueueOptions& options) {
  if (options.normal == !options.argument.empty())
    return fail(kUsage, "either --to HOST, [HOST]:PORT or [ADDRESS]:PORT, or --normal");
  return operate(options, "reroute", "rerouted", {{"next_hop", options.argument}});
}

int limit(const QueueOptions& options) {
  Query query{{"pattern", options.pattern}};
  if (!options.connections.empty()) query.emplace_back("connections", options.connections);
  if (!options.rate.empty()) query.emplace_back("rate", options.rate);
  if (options.reset) query.emplace_back("reset", "1");
  if (query.size() == 1 || (options.reset && query.size() > 2))
    return fail(kUsage, "either --connections, --rate or both; or --reset");
  const auto answer = ask_server(options.server, "POST", "/queue/limit", std::move(query));
  if (!answer) return answer.error();
  options.server.common.json ? print_line(*answer)
                             : fmt::print("{}: {}\n", options.pattern,
                                          options.reset ? "as the settings say" : "limited until the server ends");
  return kOk;
}

int trace(const ServerOptions& options, const std::string& id) {
  const auto answer = ask_server(options, "GET", "/trace/" + id, {});
  if (!answer) return answer.error();
  options.common.json ? print_line(*answer) : fmt::print("{}", trace_text(*answer, view()));
  return kOk;
}

using Options = std::shared_ptr<QueueOptions>;

CLI::App* add_command(CLI::App& queue, const Options& options, const char* name, const char* help,
                      const char* footer = "") {
  CLI::App* command = queue.add_subcommand(name, help);
  add_server_options(*command, options->server);
  command->footer(footer);
  return command;
}

CLI::App* add_selecting(CLI::App& queue, const Options& options, const char* name, const char* help) {
  CLI::App* command = add_command(queue, options, name, help, kSelectors.data());
  command->add_option("SELECT", options->select, "Which letters; see below")->required()->type_name("");
  return command;
}

void add_operation(CLI::App& queue, const Options& options, const char* name, const char* done, const char* help,
                   int& exit_code) {
  add_selecting(queue, options, name, help)->callback([options, name, done, &exit_code] {
    exit_code = operate(*options, name, done);
  });
}

}  // namespace

void add_queue(CLI::App& app, int& exit_code) {
  CLI::App* queue = app.add_subcommand("queue", "See and steer the running server's queue");
  queue->require_subcommand(1);
  queue->footer("Exit codes: 0 done, 1 no such letter, 64 wrong usage, 69 no server, 75 only in part, 77 not allowed.");
  const auto options = std::make_shared<QueueOptions>();

  CLI::App* listing = add_command(*queue, options, "list",
                                  "Letters, oldest first, with the reason why they are still here", kSelectors.data());
  listing->add_option("SELECT", options->select, "Which letters; without any: all")->type_name("");
  listing->add_option("--limit", options->limit, "No more letters than these")->type_name("N");
  listing->callback([options, &exit_code] { exit_code = list(*options); });

  CLI::App* showing = add_command(*queue, options, "show", "All that is known of a letter");
  showing->add_option("ID", options->select, "Letter ids")->required()->type_name("");
  showing->callback([options, &exit_code] { exit_code = show(*options); });

  add_operation(*queue, options, "flush", "tried now", "Try now, whatever the back-off", exit_code);
  add_operation(*queue, options, "hold", "held", "Keep, and do not try until released", exit_code);
  add_operation(*queue, options, "release", "released", "Let go on what was held", exit_code);
  add_operation(*queue, options, "delete", "deleted", "Forget the recipients meant; nobody is told", exit_code);

  CLI::App* rerouting = add_selecting(*queue, options, "reroute", "Send by another next hop");
  rerouting
      ->add_option("--to", options->argument,
                   "HOST: its MX hosts; [HOST] or [ADDRESS]: itself; each with :PORT or without")
      ->type_name("NEXT-HOP");
  rerouting->add_flag("--normal", options->normal, "Back to what DNS and the settings say");
  rerouting->callback([options, &exit_code] { exit_code = reroute(*options); });

  CLI::App* bouncing = add_selecting(*queue, options, "bounce", "Give the recipients meant up, and tell the sender");
  bouncing->add_option("--reason", options->argument, "What the sender is told")->required()->type_name("TEXT");
  bouncing->callback(
      [options, &exit_code] { exit_code = operate(*options, "bounce", "given up", {{"reason", options->argument}}); });

  CLI::App* counting = add_command(*queue, options, "stats", "Numbers, and the sites that mail waits for");
  counting->callback([options, &exit_code] { exit_code = stats(*options); });

  CLI::App* limiting =
      add_command(*queue, options, "limit", "Limit what a site or a domain gets, until the server ends");
  limiting->add_option("PATTERN", options->pattern, "An MX host or a domain; .NAME: those below it; *: all")
      ->required()
      ->type_name("");
  limiting->add_option("--connections", options->connections, "At once")->type_name("N");
  limiting->add_option("--rate", options->rate, "Letters per minute")->type_name("N");
  limiting->add_flag("--reset", options->reset, "Back to what the settings say");
  limiting->callback([options, &exit_code] { exit_code = limit(*options); });
}

void add_trace(CLI::App& app, int& exit_code) {
  struct TraceOptions {
    ServerOptions server;
    std::string id;
  };
  const auto options = std::make_shared<TraceOptions>();
  CLI::App* command = app.add_subcommand("trace", "The life of a letter, with each attempt's delivery record");
  command->add_option("ID", options->id, "As in the Received header, the 250, the log and the queue")
      ->required()
      ->type_name("");
  add_server_options(*command, options->server);
  command->footer("Also of letters that have left, for queue.trace_kept. Exit codes: as for queue.");
  command->callback([options, &exit_code] { exit_code = trace(options->server, options->id); });
}

}  // namespace postseal::cli
