// sources: ../src/http/request-parser.cc ../src/http/fields.cc ../src/http/chunked-decoder.cc
// Request heads, each followed by the body it announces: verdict and fields don't depend on the pieces that bytes
// come in.
#include "head-checks.h"

namespace {

using tidegate::http::ParseResult;
using tidegate::http::RequestHead;
using tidegate::http::RequestLimits;
using tidegate::http::RequestParser;
using namespace tidegate::fuzz;

void check(const uint8_t* bytes, size_t length, const RequestLimits& limits) {
  const auto whole = parseWhole<RequestParser, RequestHead>(bytes, length, limits);
  const auto pieces = parseInPieces<RequestParser, RequestHead>(bytes, length, limits);
  requireSameVerdict(whole, pieces);
  if (whole.result == ParseResult::kIncomplete) require(length < limits.headBytes);
  if (whole.result != ParseResult::kComplete) return;

  requireSound(whole);
  const RequestHead& head = whole.head;
  const RequestHead& other = pieces.head;
  requireSame(head.method, other.method);
  requireSame(head.target, other.target);
  requireSame(head.path, other.path);
  requireSame(head.query, other.query);
  requireSame(head.host, other.host);
  requireSame(head.hostName, other.hostName);
  require(head.absoluteForm == other.absoluteForm && head.expectContinue == other.expectContinue);

  const char* const text = whole.bytes.get();
  const std::string_view path = textOf(head.path, text, whole.headLength);
  require(whole.headLength <= limits.headBytes && head.fields.size() <= limits.fields);
  require(head.target.length <= limits.targetBytes);
  require(!hasControls(textOf(head.target, text, whole.headLength), true));
  require(path == "*" || (!path.empty() && path.front() == '/'));
  require(path.find_first_of("?#\\") == std::string_view::npos);
  require((std::string(path) + "/").find("/../") == std::string::npos);
  require(textOf(head.query, text, whole.headLength).find('#') == std::string_view::npos);
  const std::string_view host = textOf(head.host, text, whole.headLength);
  require(host.substr(0, head.hostName.length) == textOf(head.hostName, text, whole.headLength));
  if (head.chunked) checkChunked(bytes + whole.headLength, length - whole.headLength);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
  check(bytes, length, RequestLimits());
  check(bytes, length, {128, 32, 4});
  return 0;
}
