// SPDX-License-Identifier: Apache-2.0
#include "face/cli/options.h"

#include <CLI/CLI.hpp>
#include <filesystem>

namespace postseal::cli {

namespace {

constexpr const char* kDefaultConfig = "/etc/postseal/postseal.toml";

}  // namespace

void add_common_options(CLI::App& app, CommonOptions& options) {
  app.add_option("--config", options.config, "Settings file (TOML)")
      ->option_text("FILE [" + std::string(kDefaultConfig) + "]");
  app.add_flag("--json", options.json, "Print JSON for programs");
  app.add_flag("-v,--verbose", options.verbose, "Trace the SMTP and TLS dialogue on standard error");
  for (const settings::KeyInfo& info : settings::table()) {
    if (info.option.empty()) continue;
    app.add_option_function<std::string>(
           std::string(info.option),
           [&options, key = std::string(info.key)](const std::string& value) {
             options.given.emplace_back(key, value);
           },
           std::string(info.help))
        ->option_text(std::string(info.value) + (info.initial.empty() ? "" : " [" + std::string(info.initial) + "]"))
        ->group("Settings");
  }
}

std::expected<settings::Settings, settings::SettingsError> settings_from(const CommonOptions& options) {
  settings::Settings settings;
  std::error_code ignored;
  if (!options.config.empty() || std::filesystem::exists(kDefaultConfig, ignored)) {
    auto loaded = settings::load_settings(options.config.empty() ? kDefaultConfig : options.config);
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    settings = std::move(*loaded);
  }
  for (const auto& [key, value] : options.given) {
    auto set = settings::set(settings, key, value);
    if (!set) return std::unexpected(std::move(set.error()));
  }
  return settings;
}

}  // namespace postseal::cli
