#include "scan/json-cursor.h"

#include <bitset>
#include <cstring>

#include "scan/byte-search.h"

namespace tidegate::scan {

namespace {

constexpr size_t kMaxDepth = 512;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool isHexDigit(char c) { return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

void JsonCursor::skipSpace() {
  while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) at_++;
}

bool JsonCursor::take(char wanted) {
  skipSpace();
  if (at_ == end_ || *at_ != wanted) return false;
  at_++;
  return true;
}

bool JsonCursor::atEnd() {
  skipSpace();
  return at_ == end_;
}

bool JsonCursor::takeString(std::string_view* content) {
  skipSpace();
  const char* begin = at_;
  if (begin == end_ || *begin != '"' || !skipString()) return false;
  *content = {begin + 1, static_cast<size_t>(at_ - begin - 2)};
  return true;
}

Walk JsonCursor::takeValue(std::string_view* written) {
  skipSpace();
  const char* begin = at_;
  const Walk walk = skipNested();
  *written = {begin, static_cast<size_t>(at_ - begin)};
  return walk;
}

bool JsonCursor::skipString() {
  at_++;
  for (;;) {
    at_ = findStringStop(at_, end_);
    if (at_ == end_) return false;
    if (*at_ == '"') {
      at_++;
      return true;
    }
    if (*at_ != '\\' || end_ - at_ < 2) return false;
    const char escape = at_[1];
    at_ += 2;
    if (escape == 'u') {
      if (end_ - at_ < 4) return false;
      for (int i = 0; i < 4; i++) {
        if (!isHexDigit(at_[i])) return false;
      }
      at_ += 4;
    } else if (escape == '\0' || std::strchr("\"\\/bfnrt", escape) == nullptr) {
      return false;
    }
  }
}

bool JsonCursor::skipNumber() {
  if (at_ < end_ && *at_ == '-') at_++;
  if (at_ == end_ || !isDigit(*at_)) return false;
  if (*at_ == '0') {
    at_++;
  } else {
    while (at_ < end_ && isDigit(*at_)) at_++;
  }
  if (at_ < end_ && *at_ == '.') {
    at_++;
    if (at_ == end_ || !isDigit(*at_)) return false;
    while (at_ < end_ && isDigit(*at_)) at_++;
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    at_++;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) at_++;
    if (at_ == end_ || !isDigit(*at_)) return false;
    while (at_ < end_ && isDigit(*at_)) at_++;
  }
  return true;
}

bool JsonCursor::skipLiteral(std::string_view literal) {
  if (static_cast<size_t>(end_ - at_) < literal.size() || std::memcmp(at_, literal.data(), literal.size()) != 0) {
    return false;
  }
  at_ += literal.size();
  return true;
}

// One value with all that is in it. Iterative: a provider must not choose how much stack is used.
Walk JsonCursor::skipNested() {
  std::bitset<kMaxDepth> isObjectAt;
  size_t depth = 0;
  for (;;) {
    // A value begins here.
    skipSpace();
    if (at_ == end_) return Walk::kBroken;
    const char first = *at_;
    bool over = true;
    if (first == '{' || first == '[') {
      if (depth == kMaxDepth) return Walk::kUnsure;
      at_++;
      isObjectAt[depth++] = first == '{';
      over = take(first == '{' ? '}' : ']');
      if (over) depth--;
    } else if (first == '"') {
      if (!skipString()) return Walk::kBroken;
    } else if (first == 't' || first == 'f' || first == 'n') {
      if (!skipLiteral(first == 't' ? "true" : first == 'f' ? "false" : "null")) return Walk::kBroken;
    } else if (!skipNumber()) {
      return Walk::kBroken;
    }
    // After a value: on in what it stands in, out of everything that ends with it.
    while (over) {
      if (depth == 0) return Walk::kDone;
      if (take(',')) break;
      if (!take(isObjectAt[depth - 1] ? '}' : ']')) return Walk::kBroken;
      depth--;
    }
    if (isObjectAt[depth - 1]) {
      skipSpace();
      if (at_ == end_ || *at_ != '"' || !skipString() || !take(':')) return Walk::kBroken;
    }
  }
}

Walk readFields(std::string_view text, const std::string_view* names, size_t count, std::string_view* values) {
  for (size_t i = 0; i < count; i++) values[i] = {};
  JsonCursor cursor(text);
  if (!cursor.take('{')) return Walk::kBroken;
  if (!cursor.take('}')) {
    do {
      std::string_view name;
      std::string_view value;
      if (!cursor.takeString(&name) || !cursor.take(':')) return Walk::kBroken;
      const Walk walk = cursor.takeValue(&value);
      if (walk != Walk::kDone) return walk;
      if (!name.empty() && std::memchr(name.data(), '\\', name.size()) != nullptr) return Walk::kUnsure;
      for (size_t i = 0; i < count; i++) {
        if (names[i] != name) continue;
        if (values[i].data() != nullptr) return Walk::kUnsure;
        values[i] = value;
      }
    } while (cursor.take(','));
    if (!cursor.take('}')) return Walk::kBroken;
  }
  return cursor.atEnd() ? Walk::kDone : Walk::kBroken;
}

}  // namespace tidegate::scan
