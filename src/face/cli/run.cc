// SPDX-License-Identifier: Apache-2.0
#include "face/cli/run.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>

#include "face/cli/cli.h"

namespace postseal::cli {

int fail(int exit_code, const std::string& what) {
  fmt::print(stderr, "postseal: {}\n", what);
  return exit_code;
}

int run_with_adapters(const CommonOptions& options, std::function<Awaitable<int>(Workplace)> work) {
  auto settings = settings_from(options);
  if (!settings) {
    return fail(settings.error().file.empty() ? kUsage : kConfig, settings.error().to_string());
  }
  boost::asio::io_context io(1);
  auto adapters = outbound::Adapters::create(std::move(*settings), io.get_executor(), [](const std::string& line) {
    fmt::print(stderr, "postseal: {}\n", line);
  });
  if (!adapters) return fail(kConfig, adapters.error());

  int exit_code = kSoftware;
  std::exception_ptr bug;
  boost::asio::co_spawn(io, work({**adapters, options}), [&](std::exception_ptr thrown, int code) {
    bug = thrown;
    exit_code = code;
    io.stop();
  });
  io.run();
  if (bug) std::rethrow_exception(bug);
  return exit_code;
}

outbound::Observer observer_for(const CommonOptions& options, bool progress) {
  outbound::Observer observer;
  if (progress || options.verbose) observer.step = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  if (options.verbose) {
    observer.wire = [](const outbound::WireLine& line) {
      fmt::print(stderr, "  {} {} {} {}\n", line.host.ascii(), line.tls ? "tls" : "   ", line.sent ? ">" : "<",
                 line.text);
    };
  }
  return observer;
}

}  // namespace postseal::cli
