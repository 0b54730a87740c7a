// SPDX-License-Identifier: Apache-2.0
// The only file that knows prometheus-cpp.
#include "edge/observe/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "edge/observe/metrics_table.h"

namespace postseal::observe {

namespace {

// Label values come from fixed words of ours. Should one ever come from a peer, it cannot grow without bounds.
constexpr std::size_t kMostOtherValues = 64;
constexpr std::string_view kOtherwise = "other";

/// One counter with all the values of its label. Those of the table are found without a lock.
class LabelledCounter {
 public:
  LabelledCounter(prometheus::Registry& registry, const MetricRow& row)
      : row_(row),
        family_(prometheus::BuildCounter().Name(std::string(row.name)).Help(std::string(row.help)).Register(registry)) {
    if (row.label.empty()) known_.push_back(&family_.Add({}));
    for (std::string_view value : row.values) known_.push_back(&of(value));
  }

  void add(std::string_view label, double amount) { find(label).Increment(amount); }

 private:
  prometheus::Counter& of(std::string_view value) {
    return family_.Add({{std::string(row_.label), std::string(value)}});
  }

  prometheus::Counter& find(std::string_view value) {
    if (row_.label.empty()) return *known_.front();
    for (std::size_t i = 0; i < row_.values.size(); ++i)
      if (row_.values[i] == value) return *known_[i];
    {
      const std::shared_lock lock(mutex_);
      if (auto found = others_.find(value); found != others_.end()) return *found->second;
    }
    const std::unique_lock lock(mutex_);
    const std::string_view name = others_.size() < kMostOtherValues ? value : kOtherwise;
    auto [found, is_new] = others_.try_emplace(std::string(name), nullptr);
    if (is_new) found->second = &of(name);
    return *found->second;
  }

  const MetricRow& row_;
  prometheus::Family<prometheus::Counter>& family_;
  std::vector<prometheus::Counter*> known_;
  std::shared_mutex mutex_;
  std::map<std::string, prometheus::Counter*, std::less<>> others_;
};

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  std::vector<std::unique_ptr<LabelledCounter>> counters;
  std::vector<prometheus::Gauge*> gauges;
  std::vector<prometheus::Histogram*> histograms;

  Impl() {
    for (const MetricRow& row : metric_rows()) {
      const std::string name(row.name), help(row.help);
      switch (row.kind) {
        case MetricKind::Counter:
          counters.push_back(std::make_unique<LabelledCounter>(registry, row));
          break;
        case MetricKind::Gauge:
          gauges.push_back(&prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({}));
          break;
        case MetricKind::Histogram:
          histograms.push_back(&prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(
              {}, prometheus::Histogram::BucketBoundaries(row.buckets.begin(), row.buckets.end())));
          break;
      }
    }
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::add(Counter counter, std::string_view label, double amount) {
  impl_->counters[static_cast<std::size_t>(counter)]->add(label, amount);
}

void Metrics::set(Gauge gauge, double value) { impl_->gauges[static_cast<std::size_t>(gauge)]->Set(value); }

void Metrics::change(Gauge gauge, double by) { impl_->gauges[static_cast<std::size_t>(gauge)]->Increment(by); }

void Metrics::observe(Histogram histogram, double seconds) {
  impl_->histograms[static_cast<std::size_t>(histogram)]->Observe(seconds);
}

std::string Metrics::expose() const { return prometheus::TextSerializer().Serialize(impl_->registry.Collect()); }

}  // namespace postseal::observe
