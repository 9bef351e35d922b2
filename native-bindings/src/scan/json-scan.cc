#include "scan/json-scan.h"

#include <limits>

#include "scan/byte-search.h"

namespace tidegate::scan {

namespace {

bool isSpace(char c) { return static_cast<uint8_t>(c) <= 0x20; }

const char* skipSpace(const char* at, const char* end) {
  while (at < end && isSpace(*at)) at++;
  return at;
}

// Whether an odd number of backslashes precedes. The opening quote of the string, which comes before, stops the count.
bool isEscaped(const char* quote) {
  const char* at = quote;
  while (at[-1] == '\\') at--;
  return (quote - at) % 2 == 1;
}

// After the closing quote of the string whose opening quote is at `at`; nullptr: it does not end.
const char* stringEnd(const char* at, const char* end) {
  for (const char* quote = findQuote(at + 1, end); quote < end; quote = findQuote(quote + 1, end)) {
    if (quote[-1] != '\\' || !isEscaped(quote)) return quote + 1;
  }
  return nullptr;
}

// Which bracket it is makes no difference. The two of each kind differ in one bit: 0x5b and 0x7b, 0x5d and 0x7d.
bool isOpening(char c) { return (c | 0x20) == '{'; }
bool isClosing(char c) { return (c | 0x20) == '}'; }

// After the bracket that closes the one at `at`; nullptr: none does.
const char* nestedEnd(const char* at, const char* end) {
  size_t depth = 0;
  while (at < end) {
    const char c = *at;
    if (c == '"') {
      at = stringEnd(at, end);
      if (at == nullptr) return nullptr;
      continue;
    }
    at++;
    if (isOpening(c)) {
      depth++;
    } else if (isClosing(c)) {
      depth--;
      if (depth == 0) return at;
    }
  }
  return nullptr;
}

// Where the value that begins at `start` is over: at a comma or the closing brace, or after its own bracket or quote.
// nullptr: never, or there is no value.
const char* valueEnd(const char* start, const char* end) {
  for (const char* at = start; at < end; at++) {
    if (*at == '"') return stringEnd(at, end);
    if (isOpening(*at)) return nestedEnd(at, end);
    if (isClosing(*at) || *at == ',') return at == start ? nullptr : at;
  }
  return nullptr;
}

size_t indexOfName(std::string_view name, const std::string_view* names, size_t count) {
  size_t index = 0;
  while (index < count && names[index] != name) index++;
  return index;
}

char lowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// Whether it is one of the names in other letters. ASCII alone.
bool isNearlyNamed(std::string_view name, const std::string_view* names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const std::string_view wanted = names[i];
    if (wanted.size() != name.size()) continue;
    size_t at = 0;
    while (at < name.size() && lowerCase(name[at]) == lowerCase(wanted[at])) at++;
    if (at == name.size()) return true;
  }
  return false;
}

}  // namespace

bool scanTopLevel(const char* text, size_t length, const std::string_view* names, size_t count, ValueSpan* spans) {
  for (size_t i = 0; i < count; i++) spans[i] = {};
  if (length > std::numeric_limits<uint32_t>::max()) return false;
  const char* const end = text + length;
  const char* at = skipSpace(text, end);
  if (at == end || *at != '{') return false;
  at++;
  for (;;) {
    at = skipSpace(at, end);
    if (at < end && *at == ',') at = skipSpace(at + 1, end);
    if (at == end) return false;
    if (*at == '}') break;
    if (*at != '"') return false;
    const char* keyEnd = stringEnd(at, end);
    if (keyEnd == nullptr) return false;
    const std::string_view name(at + 1, static_cast<size_t>(keyEnd - at - 2));
    const size_t index = indexOfName(name, names, count);
    if (index == count && name.find('\\') != std::string_view::npos) return false;
    if (index == count && isNearlyNamed(name, names, count)) return false;
    const char* colon = skipSpace(keyEnd, end);
    if (colon == end || *colon != ':') return false;
    const char* start = skipSpace(colon + 1, end);
    at = valueEnd(start, end);
    if (at == nullptr) return false;
    if (index < count) {
      if (spans[index].found()) return false;
      const char* last = at;
      while (isSpace(last[-1])) last--;
      spans[index] = {static_cast<uint32_t>(start - text), static_cast<uint32_t>(last - start)};
    }
  }
  return skipSpace(at + 1, end) == end;
}

}  // namespace tidegate::scan
