// Watches a stream of server-sent events whose bytes go through untouched, for what the call log and the limits need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "scan/output-tally.h"
#include "scan/usage-scan.h"

namespace tidegate::scan {

// Same behaviour as OpenaiUsageWatcher (src/dialects/openai/passthrough.ts) and AnthropicUsageWatcher
// (src/dialects/anthropic/passthrough.ts), over raw events. An event that matters and that this can't judge exactly
// (several data lines, names with escapes or twice, counts that are no plain whole numbers) sets `needsHelp` and
// changes nothing else; the events after it are still looked at. All events that matter are kept, so that whoever helps
// sees what this has seen.
class StreamUsageWatcher {
 public:
  // `includeUsage`: whether the caller wants the usage event, where that is optional (OpenAI).
  StreamUsageWatcher(UsageDialect dialect, bool includeUsage)
      : announces(dialect == UsageDialect::kOpenai),
        tally_(dialect == UsageDialect::kOpenai ? kOpenaiWrappingBytes : kDeltaWrappingBytes),
        dialect_(dialect),
        includeUsage_(includeUsage) {}

  // Looks at one whole event with its empty line, or at what is left when the stream ends. False: it must not reach the
  // caller (a usage event that the gateway asked for, not the caller).
  bool push(const char* event, size_t length);

  // The last usage seen.
  Usage usage;
  // The model that answers, as the provider names it; "": not told. The first 200 bytes of it.
  std::string model;
  // The data of the last event that told of an error, for the dialect's parseStreamError; "" when it is over 64 KiB.
  std::string failureData;
  // The end of an answer was seen: a body that ends before was cut.
  bool finished = false;
  bool failed = false;
  bool needsHelp = false;
  // The event last seen only announces an answer: until there is more of it, the call can still go elsewhere.
  bool announces;
  // An estimate of the output tokens that came after `usage` was told.
  double untoldTokens() const { return tally_.tokens(); }
  // The events that matter, one after the other as they came; "" once they are over 64 KiB.
  const std::string& kept() const { return kept_; }

 private:
  bool pushOpenai(std::string_view event);
  void pushAnthropic(std::string_view event);
  bool lookAtChunk(std::string_view data);
  void lookAtMessageStart(std::string_view message);
  void mergeCounts(const AnthropicCounts& counts);
  void fail(std::string_view data);
  void keep(std::string_view event);

  static constexpr double kOpenaiWrappingBytes = 48;
  static constexpr double kDeltaWrappingBytes = 12;

  OutputTally tally_;
  std::string kept_;
  bool keptTooMuch_ = false;
  AnthropicCounts counts_;
  UsageDialect dialect_;
  bool includeUsage_;
};

}  // namespace tidegate::scan
