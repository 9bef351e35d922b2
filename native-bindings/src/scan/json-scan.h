// Finds fields of the outermost object of a JSON text without building objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scan/usage-scan.h"

namespace tidegate::scan {

// Where a value stands; `length` 0: the field is not there.
struct ValueSpan {
  uint32_t at = 0;
  uint32_t length = 0;

  bool found() const { return length > 0; }
  std::string_view in(const char* text) const { return {text + at, length}; }
};

// Fills `spans[i]` for `names[i]`. Same contract as scanTopLevel in src/data-plane/pipeline/ai/top-level-fields.ts:
// false when the text is not an object from its first brace to its last, a wanted name comes twice or in other letters, or
// a top-level name is written with escapes; `spans` mean nothing then. No validation of what stands between strings and
// brackets.
// `length` below 4 GiB.
bool scanTopLevel(const char* text, size_t length, const std::string_view* names, size_t count, ValueSpan* spans);

}  // namespace tidegate::scan
