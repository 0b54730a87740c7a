// SPDX-License-Identifier: Apache-2.0
// docs/operator/metrics.md, from the table.
#include <fmt/format.h>

#include "edge/observe/metrics_table.h"

namespace postseal::observe {
namespace {

constexpr std::string_view kHead = R"(# Metrics

<!-- Made from src/edge/observe/metrics_table.cc; change the table, not this page. -->

`GET /metrics` answers in Prometheus' text format 0.0.4, on the address in `admin.metrics_address` (none by default: see
[settings](settings.md)) and on the admin socket:

    curl --unix-socket /run/postseal/admin.sock http://postseal/metrics

`GET /health` on the same addresses says that the program answers, `GET /ready` whether it takes mail and what is
missing if not (status 503). Whoever can reach these addresses can read the numbers; none of them names a person.

Counters only grow and begin at zero with the program. Watch the rate of `postseal_deliveries_total{proof="plaintext"}`,
any growth of `postseal_downgrades_total` and `postseal_store_errors_total`, and the level of `postseal_letters_queued`.
)";

std::string_view heading(MetricKind kind) {
  switch (kind) {
    case MetricKind::Counter:
      return "Counters";
    case MetricKind::Gauge:
      return "Gauges";
    case MetricKind::Histogram:
      return "Histograms, in seconds";
  }
  return "";
}

std::string label_of(const MetricRow& row) {
  if (!row.buckets.empty()) return fmt::format("{} .. {}", row.buckets.front(), row.buckets.back());
  if (row.label.empty()) return "";
  return row.values.empty() ? fmt::format("`{}`", row.label)
                            : fmt::format("`{}`: {}", row.label, fmt::join(row.values, ", "));
}

}  // namespace

std::string metrics_markdown() {
  std::string page(kHead);
  for (MetricKind kind : {MetricKind::Counter, MetricKind::Gauge, MetricKind::Histogram}) {
    page += fmt::format("\n## {}\n\n", heading(kind));
    page += kind == MetricKind::Histogram ? "| Name | Buckets | What it counts |\n|---|---|---|\n"
                                          : "| Name | Label | What it counts |\n|---|---|---|\n";
    for (const MetricRow& row : metric_rows())
      if (row.kind == kind) page += fmt::format("| `{}` | {} | {} |\n", row.name, label_of(row), row.help);
  }
  return page;
}

}  // namespace postseal::observe
