// sources: ../src/scan/json-scan.cc ../src/scan/json-cursor.cc ../src/scan/usage-scan.cc
// Top-level fields and usage of any bytes: spans lie within the text, don't overlap, and don't depend on what is asked
// for beside; what the strict reader finds, the fast one finds at the same place.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "scan/json-cursor.h"
#include "scan/json-scan.h"

namespace {

using tidegate::scan::Usage;
using tidegate::scan::UsageDialect;
using tidegate::scan::ValueSpan;
using tidegate::scan::Walk;

constexpr size_t kCount = 5;
constexpr std::string_view kNames[kCount] = {"model", "stream", "usage", "max_tokens", "user"};

void require(bool holds) {
  if (!holds) std::abort();
}

bool isSpace(char c) { return static_cast<uint8_t>(c) <= 0x20; }

void checkSpans(std::string_view text, const ValueSpan* spans) {
  for (size_t i = 0; i < kCount; i++) {
    if (!spans[i].found()) continue;
    require(spans[i].at > 0 && spans[i].at + uint64_t{spans[i].length} < text.size());
    const std::string_view value = spans[i].in(text.data());
    require(!isSpace(value.front()) && !isSpace(value.back()));
    for (size_t j = 0; j < i; j++) {
      const bool isApart = !spans[j].found() || spans[j].at + spans[j].length <= spans[i].at ||
                           spans[i].at + spans[i].length <= spans[j].at;
      require(isApart);
    }
  }
}

// Asked for one name alone, the same value is found.
void checkAlone(std::string_view text, const ValueSpan* spans) {
  for (size_t i = 0; i < kCount; i++) {
    ValueSpan alone;
    require(tidegate::scan::scanTopLevel(text.data(), text.size(), &kNames[i], 1, &alone));
    require(alone.at == spans[i].at && alone.length == spans[i].length);
  }
}

// Whether one of the names stands somewhere in other letters: the fast reader leaves such a text to others.
bool holdsOtherLetters(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  for (const std::string_view name : kNames) {
    const std::string quoted = '"' + std::string(name) + '"';
    for (size_t at = lower.find(quoted); at != std::string::npos; at = lower.find(quoted, at + 1)) {
      if (text.substr(at, quoted.size()) != quoted) return true;
    }
  }
  return false;
}

void checkAgainstStrict(std::string_view text, bool isFound, const ValueSpan* spans) {
  std::string_view values[kCount];
  if (tidegate::scan::readFields(text, kNames, kCount, values) != Walk::kDone) return;
  require(isFound || holdsOtherLetters(text));
  if (!isFound) return;
  for (size_t i = 0; i < kCount; i++) {
    require(spans[i].found() == (values[i].data() != nullptr));
    if (!spans[i].found()) continue;
    require(text.data() + spans[i].at == values[i].data() && spans[i].length == values[i].size());
  }
}

void checkUsage(std::string_view text) {
  for (const UsageDialect dialect : {UsageDialect::kNone, UsageDialect::kOpenai, UsageDialect::kAnthropic}) {
    Usage usage;
    const bool isRead = tidegate::scan::readUsage(dialect, text.data(), text.size(), &usage);
    require(isRead == usage.told());
    if (!isRead) continue;
    require(usage.inputTokens >= 0 && usage.outputTokens >= 0);
    // Only JSON gives figures.
    std::string_view whole;
    tidegate::scan::JsonCursor cursor(text);
    require(cursor.takeValue(&whole) == Walk::kDone && cursor.atEnd() && tidegate::scan::isObject(whole));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A copy of just this size: a read past its end is seen.
  const std::unique_ptr<char[]> copy(new char[size]);
  std::copy_n(data, size, copy.get());
  const std::string_view text(copy.get(), size);
  ValueSpan spans[kCount];
  const bool isFound = tidegate::scan::scanTopLevel(text.data(), size, kNames, kCount, spans);
  if (isFound) {
    checkSpans(text, spans);
    checkAlone(text, spans);
    if (spans[2].found()) checkUsage(spans[2].in(text.data()));
  }
  checkAgainstStrict(text, isFound, spans);
  checkUsage(text);
  return 0;
}
