// Reads the token counts of a `usage` object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tidegate::scan {

// Tokens that an answer says it has used. Negative: not told.
struct Usage {
  double inputTokens = -1;
  double outputTokens = -1;
  double cachedInputTokens = -1;
  double cacheWriteTokens = -1;
  double reasoningTokens = -1;

  bool told() const { return inputTokens >= 0 || outputTokens >= 0; }
};

enum class UsageDialect : uint8_t { kNone, kOpenai, kAnthropic };

// `kUnsure`: only JSON.parse can tell, for a name with escapes, a name twice, or a count that is no plain whole number.
enum class UsageVerdict : uint8_t { kTold, kNothing, kUnsure };

// Reads OpenAI's `usage` object from the text of its value. Same figures as readUsage of src/dialects/openai/usage.ts.
UsageVerdict judgeOpenaiUsage(std::string_view text, Usage* usage);

// Anthropic's counts as they come: in a stream they are cumulative and in pieces.
class AnthropicCounts {
 public:
  // Takes what is there and not null. Leaves everything as it was when unsure, and nothing when it is no JSON object.
  UsageVerdict merge(std::string_view text);
  // Same figures as usageFromWire of src/dialects/anthropic/usage.ts.
  Usage usage() const;

 private:
  // Negative: not there, or no number.
  double input_ = -1;
  double output_ = -1;
  double cacheRead_ = -1;
  double cacheWrite_ = -1;
  double thinking_ = -1;
};

// Reads a `usage` object: the text of its value. False: nothing usable in it, or something that this can't judge
// exactly; what JavaScript makes of it counts then.
bool readUsage(UsageDialect dialect, const char* text, size_t length, Usage* usage);

}  // namespace tidegate::scan
