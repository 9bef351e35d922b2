#include "scan/usage-scan.h"

#include "scan/json-cursor.h"

namespace tidegate::scan {

namespace {

// Sums of a few such counts are still exact in a double.
constexpr size_t kMaxDigits = 15;

// The count that a value's text stands for; -1: it is absent or no number. False: a number of another form.
bool readCount(std::string_view value, double* count) {
  *count = -1;
  if (value.empty()) return true;
  const char first = value.front();
  if (first != '-' && (first < '0' || first > '9')) return true;
  if (value.size() > kMaxDigits) return false;
  double sum = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return false;
    sum = sum * 10 + (c - '0');
  }
  *count = sum;
  return true;
}

// The counts of an object within `usage`; all -1 when it is none.
template <size_t Count>
bool readDetails(std::string_view text, const std::string_view (&names)[Count], double (&counts)[Count]) {
  for (double& count : counts) count = -1;
  if (!isObject(text)) return true;
  std::string_view values[Count];
  if (readFields(text, names, values) != Walk::kDone) return false;
  for (size_t i = 0; i < Count; i++) {
    if (!readCount(values[i], &counts[i])) return false;
  }
  return true;
}

double orZero(double count) { return count < 0 ? 0 : count; }

// Over `target` when the wire has the field and it is not null.
bool mergeCount(std::string_view value, double* target) {
  if (value.empty() || value == "null") return true;
  return readCount(value, target);
}

}  // namespace

UsageVerdict judgeOpenaiUsage(std::string_view text, Usage* usage) {
  constexpr std::string_view kNames[] = {"prompt_tokens",           "completion_tokens",
                                         "total_tokens",            "prompt_tokens_details",
                                         "completion_tokens_details", "prompt_cache_hit_tokens"};
  std::string_view values[6];
  const Walk walk = readFields(text, kNames, values);
  if (walk != Walk::kDone) return walk == Walk::kBroken ? UsageVerdict::kNothing : UsageVerdict::kUnsure;
  double input = -1;
  double completion = -1;
  double total = -1;
  double cacheHit = -1;
  constexpr std::string_view kPromptNames[] = {"cached_tokens", "cache_write_tokens", "audio_tokens"};
  double prompt[3];
  constexpr std::string_view kCompletionNames[] = {"reasoning_tokens", "audio_tokens"};
  double reasoning[2];
  if (!readCount(values[0], &input) || !readCount(values[1], &completion) || !readCount(values[2], &total) ||
      !readDetails(values[3], kPromptNames, prompt) || !readDetails(values[4], kCompletionNames, reasoning) ||
      !readCount(values[5], &cacheHit)) {
    return UsageVerdict::kUnsure;
  }
  if (input < 0 && completion < 0) return UsageVerdict::kNothing;
  // Sound has prices of its own.
  if (prompt[2] > 0 || reasoning[1] > 0) return UsageVerdict::kUnsure;
  *usage = {};
  usage->inputTokens = orZero(input);
  usage->outputTokens = orZero(completion);
  usage->reasoningTokens = reasoning[0];
  // xAI counts them beside `completion_tokens`, not within.
  const double separate = usage->inputTokens + usage->outputTokens + reasoning[0];
  if (reasoning[0] > 0 && orZero(total) == separate) usage->outputTokens += reasoning[0];
  usage->cachedInputTokens = prompt[0] >= 0 ? prompt[0] : cacheHit;
  usage->cacheWriteTokens = prompt[1];
  return UsageVerdict::kTold;
}

UsageVerdict AnthropicCounts::merge(std::string_view text) {
  constexpr std::string_view kNames[] = {"input_tokens", "output_tokens", "cache_read_input_tokens",
                                         "cache_creation_input_tokens", "output_tokens_details", "cache_creation"};
  std::string_view values[6];
  const Walk walk = readFields(text, kNames, values);
  if (walk != Walk::kDone) return walk == Walk::kBroken ? UsageVerdict::kNothing : UsageVerdict::kUnsure;
  AnthropicCounts merged = *this;
  if (!mergeCount(values[0], &merged.input_) || !mergeCount(values[1], &merged.output_) ||
      !mergeCount(values[2], &merged.cacheRead_) || !mergeCount(values[3], &merged.cacheWrite_)) {
    return UsageVerdict::kUnsure;
  }
  if (!values[4].empty() && values[4] != "null") {
    constexpr std::string_view kDetailNames[] = {"thinking_tokens"};
    double details[1];
    if (!readDetails(values[4], kDetailNames, details)) return UsageVerdict::kUnsure;
    merged.thinking_ = details[0];
  }
  // What is kept for an hour has a price of its own.
  constexpr std::string_view kCreationNames[] = {"ephemeral_1h_input_tokens"};
  double creation[1];
  if (!readDetails(values[5], kCreationNames, creation) || creation[0] > 0) return UsageVerdict::kUnsure;
  *this = merged;
  return UsageVerdict::kTold;
}

Usage AnthropicCounts::usage() const {
  Usage usage;
  usage.inputTokens = orZero(input_) + orZero(cacheRead_) + orZero(cacheWrite_);
  usage.outputTokens = orZero(output_);
  usage.cachedInputTokens = cacheRead_;
  usage.cacheWriteTokens = cacheWrite_;
  usage.reasoningTokens = thinking_;
  return usage;
}

bool readUsage(UsageDialect dialect, const char* text, size_t length, Usage* usage) {
  if (dialect == UsageDialect::kOpenai) return judgeOpenaiUsage({text, length}, usage) == UsageVerdict::kTold;
  if (dialect != UsageDialect::kAnthropic) return false;
  AnthropicCounts counts;
  if (counts.merge({text, length}) != UsageVerdict::kTold) return false;
  *usage = counts.usage();
  return true;
}

}  // namespace tidegate::scan
