// SPDX-License-Identifier: Apache-2.0
#include "edge/observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "edge/observe/metrics_table.h"

namespace postseal::observe {
namespace {

using testing::HasSubstr;

/// Samples by "name{labels}". Every line must be one of text format 0.0.4.
std::map<std::string, double> samples(const Metrics& metrics) {
  static const std::regex sample(R"(([a-z_]+(?:\{[a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"]*")*\})?) ([-+0-9.eE]+|[+]Inf))");
  static const std::regex comment(R"(# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram)))");
  std::map<std::string, double> result;
  std::istringstream text(metrics.expose());
  for (std::string line; std::getline(text, line);) {
    std::smatch match;
    if (line.starts_with('#')) {
      EXPECT_TRUE(std::regex_match(line, comment)) << line;
    } else if (std::regex_match(line, match, sample)) {
      EXPECT_TRUE(result.emplace(match[1], std::strtod(match[2].str().c_str(), nullptr)).second) << "twice: " << line;
    } else {
      ADD_FAILURE() << "no sample: " << line;
    }
  }
  return result;
}

TEST(Metrics, the_exposition_is_prometheus_text) {
  Metrics metrics;
  auto before = samples(metrics);
  EXPECT_EQ(before.at("postseal_deliveries_total{proof=\"plaintext\"}"), 0) << "a rate needs a zero to begin with";
  EXPECT_EQ(before.at("postseal_sessions_open"), 0);
  metrics.add(Counter::Deliveries, "dane", 3);
  metrics.add(Counter::Deliveries, "dane");
  metrics.add(Counter::OctetsAccepted, {}, 4096);
  metrics.set(Gauge::LettersQueued, 12);
  metrics.change(Gauge::SessionsOpen, 2);
  metrics.change(Gauge::SessionsOpen, -1);
  metrics.observe(Histogram::CommitSeconds, 0.003);
  auto after = samples(metrics);
  EXPECT_EQ(after.at("postseal_deliveries_total{proof=\"dane\"}"), 4);
  EXPECT_EQ(after.at("postseal_octets_accepted_total"), 4096);
  EXPECT_EQ(after.at("postseal_letters_queued"), 12);
  EXPECT_EQ(after.at("postseal_sessions_open"), 1);
  EXPECT_EQ(after.at("postseal_commit_seconds_count"), 1);
  EXPECT_EQ(after.at("postseal_commit_seconds_bucket{le=\"0.0025\"}"), 0);
  EXPECT_EQ(after.at("postseal_commit_seconds_bucket{le=\"0.005\"}"), 1);
  EXPECT_EQ(after.at("postseal_commit_seconds_bucket{le=\"+Inf\"}"), 1);
}

TEST(Metrics, each_counter_has_its_row) {
  Metrics metrics;
  for (int i = 0; i <= static_cast<int>(Counter::StoreErrors); ++i) {
    auto counter = static_cast<Counter>(i);
    const MetricRow& row = row_of(counter);
    metrics.add(counter, row.label.empty() ? "" : "told", i + 1);
    std::string name(row.name);
    if (!row.label.empty()) name += "{" + std::string(row.label) + "=\"told\"}";
    EXPECT_EQ(samples(metrics).at(name), i + 1);
  }
  EXPECT_EQ(row_of(Counter::StoreErrors).name, "postseal_store_errors_total");
  EXPECT_EQ(row_of(Gauge::StoreBytesOnDisk).name, "postseal_store_bytes_on_disk");
  EXPECT_EQ(row_of(Histogram::QueueSeconds).name, "postseal_queue_seconds");
}

TEST(Metrics, the_number_of_label_values_is_bounded) {
  Metrics metrics;
  for (int i = 0; i < 10'000; ++i) metrics.add(Counter::LettersRefused, "reason-" + std::to_string(i));
  auto after = samples(metrics);
  EXPECT_LT(after.size(), 250u);
  EXPECT_EQ(after.at("postseal_letters_refused_total{reason=\"other\"}"), 10'000 - 64);
}

TEST(Metrics, several_threads_lose_no_count) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&metrics] {
        for (int i = 0; i < 5000; ++i) {
          metrics.add(Counter::Attempts, "delivered");
          metrics.add(Counter::StoreErrors, i % 2 == 0 ? "io" : "no-space");
        }
      });
  }
  auto after = samples(metrics);
  EXPECT_EQ(after.at("postseal_attempts_total{outcome=\"delivered\"}"), 20'000);
  EXPECT_EQ(after.at("postseal_store_errors_total{code=\"io\"}"), 10'000);
}

TEST(MetricsTable, names_are_named_once_and_explained) {
  std::set<std::string_view> names;
  for (const MetricRow& row : metric_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.name.starts_with("postseal_"));
    EXPECT_EQ(row.kind == MetricKind::Counter, row.name.ends_with("_total")) << row.name;
    EXPECT_TRUE(row.help.ends_with('.')) << row.name;
  }
}

// UPDATE_DOCS=1 in the environment writes the page instead.
TEST(MetricsTable, the_operators_page_is_made_from_it) {
  const char* path = POSTSEAL_SOURCE_DIR "/docs/operator/metrics.md";
  if (std::getenv("UPDATE_DOCS") != nullptr) std::ofstream(path) << metrics_markdown();
  std::ifstream file(path);
  std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(page, metrics_markdown()) << "run this test with UPDATE_DOCS=1 in the environment";
}

}  // namespace
}  // namespace postseal::observe
