// sources: ../src/http/response-parser.cc ../src/http/fields.cc ../src/http/chunked-decoder.cc
// Response heads, each followed by its body, and the same bytes as a chunked body alone: nothing depends on the pieces.
#include "head-checks.h"
#include "http/response-parser.h"

namespace {

using tidegate::http::ParseResult;
using tidegate::http::ResponseHead;
using tidegate::http::ResponseLimits;
using tidegate::http::ResponseParser;
using namespace tidegate::fuzz;

void check(const uint8_t* bytes, size_t length, const ResponseLimits& limits) {
  const auto whole = parseWhole<ResponseParser, ResponseHead>(bytes, length, limits);
  const auto pieces = parseInPieces<ResponseParser, ResponseHead>(bytes, length, limits);
  requireSameVerdict(whole, pieces);
  if (whole.result == ParseResult::kIncomplete) require(length < limits.headBytes);
  if (whole.result != ParseResult::kComplete) return;

  requireSound(whole);
  const ResponseHead& head = whole.head;
  require(head.status == pieces.head.status && head.status >= 100 && head.status <= 599);
  requireSame(head.reason, pieces.head.reason);
  require(!hasControls(textOf(head.reason, whole.bytes.get(), whole.headLength), false));
  require(whole.headLength <= limits.headBytes && head.fields.size() <= limits.fields);
  if (head.chunked) checkChunked(bytes + whole.headLength, length - whole.headLength);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
  check(bytes, length, ResponseLimits());
  check(bytes, length, {96, 3});
  checkChunked(bytes, length);
  return 0;
}
