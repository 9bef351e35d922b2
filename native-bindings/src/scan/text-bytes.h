// How much of a request's body is text that a model reads, for estimates of its tokens.
#pragma once

#include <cstddef>

namespace tidegate::scan {

// So many letters of base64 and more are no text.
constexpr size_t kShortestMedia = 1024;

// The bytes of a body without the pictures and files in it: what they come to, only their provider knows, and it is far less than
// their length. They are in base64 (RFC 4648, also with `\/`, as some encoders of JSON write it); no text goes on for so long
// without a space or a full stop.
size_t textBytes(const char* bytes, size_t length);

}  // namespace tidegate::scan
