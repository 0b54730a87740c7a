#pragma once
// SPDX-License-Identifier: Apache-2.0
// One row for each number that is watched: its name, help and label, in the order of the enumerations in metrics.h.
#include <span>
#include <string>
#include <string_view>

#include "edge/observe/metrics.h"

namespace postseal::observe {

enum class MetricKind { Counter, Gauge, Histogram };

struct MetricRow {
  MetricKind kind;
  std::string_view name;
  std::string_view help;
  std::string_view label{};                    ///< its name; empty: none
  std::span<const std::string_view> values{};  ///< that are exposed from the start; others join when they occur
  std::span<const double> buckets{};           ///< of a histogram, in seconds
};

const MetricRow& row_of(Counter counter);
const MetricRow& row_of(Gauge gauge);
const MetricRow& row_of(Histogram histogram);
/// Counters, gauges, histograms.
std::span<const MetricRow> metric_rows();
/// docs/operator/metrics.md, from the table.
std::string metrics_markdown();

}  // namespace postseal::observe
