// SPDX-License-Identifier: Apache-2.0
#include "face/cli/ask_server.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include "edge/http/unix_client.h"
#include "face/cli/cli.h"
#include "face/cli/human_text.h"
#include "face/cli/run.h"

namespace postseal::cli {

namespace json = boost::json;

namespace {

std::string how_to_start(const ServerOptions& options) {
  if (options.common.config.empty()) return "systemctl start postseal, or: postseal serve";
  return "postseal serve --config " + options.common.config;
}

int explain(const ServerOptions& options, const std::string& socket, const http::AskError& error) {
  switch (error.code) {
    case http::AskErrorCode::NobodyThere:
      return fail(
          kUnavailable,
          fmt::format("no server answers at {} ({}). Start it with: {}. If it runs with other settings, name them with "
                      "--config, or its socket with --socket",
                      socket, error.what, how_to_start(options)));
    case http::AskErrorCode::NotAllowed:
      return fail(kNoPermission,
                  fmt::format("{}: {}; be root or the user that the server runs as", socket, error.what));
    case http::AskErrorCode::Failed:
      break;
  }
  return fail(kTemporary, fmt::format("{}: {}", socket, error.what));
}

int code_of(int status) {
  if (status == 404) return kNo;
  if (status >= 400 && status < 500) return kUsage;
  return status == 503 ? kTemporary : kSoftware;
}

}  // namespace

void add_config_option(CLI::App& app, CommonOptions& options) {
  app.add_option("--config", options.config, "Settings file (TOML)")->option_text("FILE [/etc/postseal/postseal.toml]");
}

void add_server_options(CLI::App& app, ServerOptions& options) {
  add_config_option(app, options.common);
  app.add_option("--socket", options.socket, "The server's socket, if not the one of the settings")->type_name("PATH");
  app.add_flag("--json", options.common.json, "Print JSON for programs");
}

std::expected<json::object, int> ask_server(const ServerOptions& options, std::string method, std::string path,
                                            Query query) {
  std::string socket = options.socket;
  if (socket.empty()) {
    auto settings = settings_from(options.common);
    if (!settings) return std::unexpected(fail(kConfig, settings.error().to_string()));
    socket = settings->admin.socket;
    if (socket.empty()) return std::unexpected(fail(kConfig, "admin.socket is empty, so the server cannot be asked"));
  }
  const auto reply = http::ask(
      {.socket = socket, .method = std::move(method), .path = std::move(path), .query = std::move(query), .body = ""});
  if (!reply) return std::unexpected(explain(options, socket, reply.error()));
  json::error_code error;
  const json::value value = json::parse(reply->body, error);
  if (error || !value.is_object()) {
    return std::unexpected(fail(kSoftware, fmt::format("{}: the answer (status {}) is not ours: {}", socket,
                                                       reply->status, fit(reply->body, 200))));
  }
  if (reply->status == 200) return value.as_object();
  const json::value* said = value.as_object().if_contains("error");
  const std::string what = said != nullptr && said->is_string() ? json::value_to<std::string>(*said) : "";
  return std::unexpected(
      fail(code_of(reply->status), what.empty() ? fmt::format("the server answers {}", reply->status) : what));
}

}  // namespace postseal::cli
