// SPDX-License-Identifier: Apache-2.0
// `postseal lab`: worlds of one's own on loopback, described by one file; runs their cases or stays up to be played
// with.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include "face/cli/cli.h"
#include "face/cli/interrupt.h"
#include "face/cli/run.h"
#include "lab/engine.h"
#include "lab/report.h"
#include "lab/runner.h"
#include "lab/settings_file.h"

namespace postseal::cli {

namespace {

namespace fs = std::filesystem;

struct LabOptions {
  std::string world;
  std::vector<std::string> cases;
  std::string keep;
  bool json = false;
  bool verbose = false;
  bool high_ports = false;
  unsigned jobs = 12;
};

/// The lab's folder: one that is kept, or one that goes with the lab.
class Folder {
 public:
  static std::expected<Folder, std::string> make(const std::string& keep) {
    std::error_code error;
    if (!keep.empty()) {
      fs::create_directories(keep, error);
      if (error) return std::unexpected(fmt::format("cannot make {}: {}", keep, error.message()));
      if (!fs::is_empty(keep, error)) return std::unexpected(fmt::format("{} is not empty", keep));
      return Folder(fs::absolute(keep), true);
    }
    std::string pattern = (fs::temp_directory_path(error) / "postseal-lab-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) return std::unexpected(fmt::format("cannot make a folder like {}", pattern));
    // Real servers give up root and must still get through to their own folders below.
    fs::permissions(pattern, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec, error);
    return Folder(pattern, false);
  }
  Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})), kept_(other.kept_) {}
  Folder& operator=(Folder&&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!kept_ && !path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  Folder(fs::path path, bool kept) : path_(std::move(path)), kept_(kept) {}
  fs::path path_;
  bool kept_;
};

std::expected<lab::World, int> read_world(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) {
    return std::unexpected(fail(kNoInput, fmt::format("cannot read {}: {}", path, std::strerror(errno))));
  }
  auto world = lab::load_world(path);
  if (!world) return std::unexpected(fail(kDataError, lab::to_string(world.error())));
  return std::move(*world);
}

/// REQUIRES: no threads yet, for they would stay behind in the old namespace.
std::expected<lab::Ports, std::string> settle(bool high_ports) {
  if (high_ports || !lab::may_have_namespace()) return lab::free_high_ports();
  if (auto entered = lab::enter_namespace(); !entered) {
    return std::unexpected(entered.error() + "; --high-ports does without");
  }
  return lab::Ports{};
}

struct Site {
  Folder folder;
  std::unique_ptr<lab::StandingWorld> world;
};

std::expected<Site, int> open_site(const LabOptions& options, lab::World world) {
  auto folder = Folder::make(options.keep);
  if (!folder) return std::unexpected(fail(kCannotCreate, folder.error()));
  const auto ports = settle(options.high_ports);
  if (!ports) return std::unexpected(fail(kOsError, ports.error()));
  auto standing = lab::StandingWorld::bring_up(std::move(world), {folder->path(), options.world, *ports});
  if (!standing) return std::unexpected(fail(kUnavailable, standing.error()));
  return Site{std::move(*folder), std::move(*standing)};
}

int check(const LabOptions& options) {
  const auto world = read_world(options.world);
  if (!world) return world.error();
  fmt::print("{}: {} cases, {} zones, {} mail servers, {} policy hosts\n", options.world, world->cases.size(),
             world->zones.size(), world->hosts.size(), world->policies.size());
  return kOk;
}

int run_world(const LabOptions& options) {
  auto world = read_world(options.world);
  if (!world) return world.error();
  auto cases = lab::select_cases(*world, options.cases);
  if (!cases) return fail(kUsage, cases.error());
  const std::string name = world->name;
  auto site = open_site(options, std::move(*world));
  if (!site) return site.error();

  const Interrupt interrupt(options.keep.empty() ? site->folder.path() : fs::path());
  const auto result = lab::run_cases(*site->world, {std::move(*cases), options.jobs});
  if (options.verbose) {
    for (std::size_t i = 0; i < result.cases.size(); ++i) {
      fmt::print(stderr, "--- {}: {}\n{}", result.cases[i].name, result.cases[i].about, result.traces[i]);
    }
  }
  const lab::ReportStyle style{::isatty(STDOUT_FILENO) == 1, false};
  fmt::print("{}", options.json ? lab::format_json(name, result.cases) : lab::format_table(result.cases, style));
  if (!options.keep.empty()) fmt::print(stderr, "postseal: the lab's files are in {}\n", options.keep);
  const bool good = std::ranges::all_of(result.cases, &lab::CaseResult::as_expected);
  return good ? kOk : kNo;
}

/// Until somebody has had enough.
void wait_for_signal() {
  boost::asio::io_context io(1);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([](const boost::system::error_code&, int) {});
  io.run();
}

int up(const LabOptions& options) {
  auto world = read_world(options.world);
  if (!world) return world.error();
  auto site = open_site(options, std::move(*world));
  if (!site) return site.error();

  if (!options.keep.empty()) {
    auto kept = site->world->log().keep_in(site->folder.path() / "received.jsonl");
    if (!kept) return fail(kCannotCreate, kept.error());
  }
  settings::Settings settings;
  site->world->apply(settings);
  if (auto seeded = lab::seed_policy_cache(site->world->world(), settings.cache_dir); !seeded) {
    return fail(kCannotCreate, seeded.error());
  }
  const fs::path file = site->folder.path() / "postseal.toml";
  std::ofstream out(file);
  out << lab::format_settings_file(settings);
  out.close();
  if (!out) return fail(kCannotCreate, fmt::format("cannot write {}", file.string()));

  const bool apart = settings.delivery.port == lab::Ports{}.smtp;
  const std::string enter = apart ? fmt::format("nsenter --net=/proc/{}/ns/net ", ::getpid()) : "";
  fmt::print("{} is up. Its settings: {}\n", site->world->world().name, file.string());
  fmt::print("Try:  {}postseal explain --config {} {}\n", enter, file.string(),
             lab::example_domain(site->world->world()));
  if (apart) fmt::print("It lives in a network namespace of its own; {}COMMAND runs COMMAND there.\n", enter);
  fmt::print("Ctrl-C ends it.\n");
  std::fflush(stdout);
  wait_for_signal();
  return kOk;
}

void add_site_options(CLI::App& command, LabOptions& options) {
  command.add_option("WORLD", options.world, "The world's file (docs/lab.md)")->required()->option_text("WORLD.toml");
  command.add_option("--keep", options.keep, "Keep the lab's files there: zones, keys, logs")->option_text("DIR");
  command.add_flag("--high-ports", options.high_ports, "Stay on this machine's loopback, as for ordinary users");
}

}  // namespace

void add_lab(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<LabOptions>();
  CLI::App* command = app.add_subcommand("lab", "A mini internet on loopback, honest and hostile, to try mail on");
  command->require_subcommand(1);

  CLI::App* run = command->add_subcommand("run", "Send to every case of a world; expected against observed");
  add_site_options(*run, *options);
  run->add_option("CASE", options->cases, "Only these cases; S31 is also S31-expired");
  run->add_flag("--json", options->json, "One JSON document, delivery records and all");
  run->add_flag("--verbose", options->verbose, "Steps and SMTP lines of each case, on standard error");
  run->add_option("--jobs", options->jobs, "Cases at one time")->check(CLI::Range(1, 64))->option_text("N [12]");
  run->footer(
      "Exit codes: 0 all as expected, 1 not, 64 usage, 65 the world is no good, 66 no such file,\n"
      "69 it could not be brought up.");
  run->callback([options, &exit_code] { exit_code = run_world(*options); });

  CLI::App* stay = command->add_subcommand("up", "Bring a world up and leave it up");
  add_site_options(*stay, *options);
  stay->callback([options, &exit_code] { exit_code = up(*options); });

  CLI::App* parse = command->add_subcommand("check", "Read a world without bringing it up");
  parse->add_option("WORLD", options->world, "The world's file (docs/lab.md)")->required()->option_text("WORLD.toml");
  parse->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace postseal::cli
