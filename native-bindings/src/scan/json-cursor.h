// Walks a JSON text strictly (RFC 8259, as JSON.parse does), without building anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tidegate::scan {

// `kUnsure`: this reader can't tell, though JSON.parse could.
enum class Walk : uint8_t { kDone, kBroken, kUnsure };

// Stands somewhere in a text. Whoever calls skips no space: every function does that first.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // Takes the byte `wanted` when it comes next.
  bool take(char wanted);
  // Takes a string; `content`: what is between its quotes, as written. False: none comes, or a broken one.
  bool takeString(std::string_view* content);
  // Takes any value; `written`: its text. kUnsure: nested deeper than 512.
  Walk takeValue(std::string_view* written);
  // Nothing but space comes.
  bool atEnd();

 private:
  void skipSpace();
  bool skipString();
  bool skipNumber();
  bool skipLiteral(std::string_view literal);
  Walk skipNested();

  const char* at_;
  const char* end_;
};

// Finds fields of an object whose text is all of `text`: the text of each value, or a view without data where there is
// none. kBroken: it is no JSON or no object; kUnsure: a wanted name comes twice, or any name is written with escapes.
Walk readFields(std::string_view text, const std::string_view* names, size_t count, std::string_view* values);

template <size_t Count>
Walk readFields(std::string_view text, const std::string_view (&names)[Count], std::string_view (&values)[Count]) {
  return readFields(text, names, Count, values);
}

// `value`: the text of a value that was found, or a view without data.
inline bool isObject(std::string_view value) { return !value.empty() && value.front() == '{'; }
inline bool isArray(std::string_view value) { return !value.empty() && value.front() == '['; }
inline bool isString(std::string_view value) { return !value.empty() && value.front() == '"'; }

}  // namespace tidegate::scan
