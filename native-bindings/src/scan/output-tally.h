// Estimates the output tokens of a stream that goes through untouched, for as long as the provider has not told them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "scan/text-bytes.h"

namespace tidegate::scan {

// Same figures as OutputTally of src/dialects/output-tally.ts, which says how they come about.
class OutputTally {
 public:
  explicit OutputTally(double wrappingBytes) : wrappingBytes_(wrappingBytes) {}

  // The length of an event's data that holds some of the answer; `event`: all of the event. Sound and pictures count nothing.
  void note(size_t bytes, std::string_view event) {
    constexpr double kBytesPerToken = 4;
    if (bytes >= kShortestMedia) bytes -= std::min(bytes, event.size() - textBytes(event.data(), event.size()));
    if (bytes == 0) return;
    const double length = static_cast<double>(bytes);
    if (leastBytes_ == 0 || length < leastBytes_) leastBytes_ = length;
    tokens_ += std::max(1.0, (length - leastBytes_ - wrappingBytes_) / kBytesPerToken);
  }

  // The provider has told of all that came until now.
  void told() { tokens_ = 0; }

  // What came since then.
  double tokens() const { return std::ceil(tokens_); }

 private:
  double wrappingBytes_;
  // Of the shortest event; 0: there was none.
  double leastBytes_ = 0;
  double tokens_ = 0;
};

}  // namespace tidegate::scan
