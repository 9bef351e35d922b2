// The HTTP/1.x parsers as functions over a buffer that is fed in given pieces: for tests, which hold them against
// others.
#include <algorithm>
#include <string>
#include <vector>

#include "../http/chunked-decoder.h"
#include "../http/request-parser.h"
#include "../http/response-parser.h"
#include "napi.h"

namespace tidegate {

namespace {

using http::ChunkedResult;
using http::ParseResult;
using http::RequestRefusal;
using http::ResponseRefusal;

const char* nameOf(ParseResult result) {
  switch (result) {
    case ParseResult::kIncomplete: return "incomplete";
    case ParseResult::kComplete: return "complete";
    case ParseResult::kRefused: return "refused";
  }
  return "";
}

const char* nameOf(RequestRefusal refusal) {
  switch (refusal) {
    case RequestRefusal::kNone: return "none";
    case RequestRefusal::kBadRequestLine: return "badRequestLine";
    case RequestRefusal::kBadMethod: return "badMethod";
    case RequestRefusal::kBadTarget: return "badTarget";
    case RequestRefusal::kBadVersion: return "badVersion";
    case RequestRefusal::kBadLineEnd: return "badLineEnd";
    case RequestRefusal::kBadFieldLine: return "badFieldLine";
    case RequestRefusal::kBadFieldName: return "badFieldName";
    case RequestRefusal::kBadFieldValue: return "badFieldValue";
    case RequestRefusal::kDuplicateLength: return "duplicateLength";
    case RequestRefusal::kBadLength: return "badLength";
    case RequestRefusal::kLengthAndChunked: return "lengthAndChunked";
    case RequestRefusal::kBadTransferCoding: return "badTransferCoding";
    case RequestRefusal::kChunkedInHttp10: return "chunkedInHttp10";
    case RequestRefusal::kMissingHost: return "missingHost";
    case RequestRefusal::kDuplicateHost: return "duplicateHost";
    case RequestRefusal::kBadHost: return "badHost";
    case RequestRefusal::kBadExpectation: return "badExpectation";
    case RequestRefusal::kTargetTooLong: return "targetTooLong";
    case RequestRefusal::kHeadTooLong: return "headTooLong";
  }
  return "";
}

const char* nameOf(ResponseRefusal refusal) {
  switch (refusal) {
    case ResponseRefusal::kNone: return "none";
    case ResponseRefusal::kBadStatusLine: return "badStatusLine";
    case ResponseRefusal::kBadVersion: return "badVersion";
    case ResponseRefusal::kBadLineEnd: return "badLineEnd";
    case ResponseRefusal::kBadFieldLine: return "badFieldLine";
    case ResponseRefusal::kBadFieldName: return "badFieldName";
    case ResponseRefusal::kBadFieldValue: return "badFieldValue";
    case ResponseRefusal::kDuplicateLength: return "duplicateLength";
    case ResponseRefusal::kBadLength: return "badLength";
    case ResponseRefusal::kLengthAndChunked: return "lengthAndChunked";
    case ResponseRefusal::kBadTransferCoding: return "badTransferCoding";
    case ResponseRefusal::kHeadTooLong: return "headTooLong";
  }
  return "";
}

void setText(napi_env env, napi_value object, const char* name, std::string_view text) {
  setProperty(env, object, name, makeLatin1(env, text.data(), text.size()));
}

// Where the pieces end: `lengths` one after another, then the rest.
std::vector<size_t> endsOf(napi_env env, napi_value lengths, size_t total) {
  std::vector<size_t> ends;
  uint32_t count = 0;
  size_t end = 0;
  if (napi_get_array_length(env, lengths, &count) != napi_ok) count = 0;
  for (uint32_t index = 0; index < count && end < total; index++) {
    napi_value length = nullptr;
    napi_get_element(env, lengths, index, &length);
    end = std::min<size_t>(total, end + uint32Of(env, length));
    ends.push_back(end);
  }
  if (end < total || ends.empty()) ends.push_back(total);
  return ends;
}

void readLimit(napi_env env, napi_value limits, const char* name, uint32_t* limit) {
  napi_valuetype type = napi_undefined;
  napi_value value = nullptr;
  if (napi_typeof(env, limits, &type) != napi_ok || type != napi_object) return;
  if (napi_get_named_property(env, limits, name, &value) != napi_ok) return;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_number) *limit = uint32Of(env, value);
}

napi_value fieldsOf(napi_env env, const std::vector<http::Field>& fields, const char* head) {
  napi_value list = nullptr;
  napi_create_array_with_length(env, fields.size(), &list);
  for (uint32_t index = 0; index < fields.size(); index++) {
    const http::Field& field = fields[index];
    napi_value entry = nullptr;
    napi_create_object(env, &entry);
    setText(env, entry, "name", field.name.in(head));
    setText(env, entry, "value", field.value.in(head));
    setProperty(env, entry, "id", makeNumber(env, static_cast<double>(field.id)));
    napi_set_element(env, list, index, entry);
  }
  return list;
}

// Feeds `parser` the pieces, each time at another address and with no byte behind the last one. `complete`: whether
// there is a head in `buffer` to tell more of.
template <typename Parser, typename Head>
napi_value feed(napi_env env, Parser* parser, Head* head, const char* bytes, const std::vector<size_t>& ends,
                std::vector<char>* buffer, bool* complete) {
  ParseResult result = ParseResult::kIncomplete;
  for (const size_t end : ends) {
    std::vector<char> longer(end);
    std::copy(buffer->begin(), buffer->end(), longer.begin());
    std::copy(bytes + buffer->size(), bytes + end, longer.begin() + static_cast<ptrdiff_t>(buffer->size()));
    buffer->swap(longer);
    result = parser->parse(buffer->data(), end, head);
    if (result != ParseResult::kIncomplete) break;
  }
  napi_value object = nullptr;
  napi_create_object(env, &object);
  setText(env, object, "result", nameOf(result));
  setText(env, object, "refusal", nameOf(parser->refusal()));
  setProperty(env, object, "fed", makeNumber(env, static_cast<double>(buffer->size())));
  *complete = result == ParseResult::kComplete;
  if (!*complete) return object;

  setProperty(env, object, "headLength", makeNumber(env, static_cast<double>(parser->headLength())));
  setProperty(env, object, "http10", makeBool(env, head->http10));
  setProperty(env, object, "keepAlive", makeBool(env, head->keepAlive));
  setProperty(env, object, "chunked", makeBool(env, head->chunked));
  setProperty(env, object, "hasContentLength", makeBool(env, head->hasContentLength));
  setProperty(env, object, "contentLength", makeNumber(env, static_cast<double>(head->contentLength)));
  setProperty(env, object, "hasConnectionNames", makeBool(env, head->hasConnectionNames));
  setProperty(env, object, "fields", fieldsOf(env, head->fields, buffer->data()));
  return object;
}

napi_value parseRequestHead(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  char* bytes = nullptr;
  size_t length = 0;
  if (!bytesOf(env, arguments[0], &bytes, &length)) {
    throwError(env, "parseRequestHead: a Buffer is needed");
    return nullptr;
  }
  http::RequestLimits limits;
  readLimit(env, arguments[2], "headBytes", &limits.headBytes);
  readLimit(env, arguments[2], "targetBytes", &limits.targetBytes);
  readLimit(env, arguments[2], "fields", &limits.fields);

  http::RequestParser parser(limits);
  http::RequestHead head;
  std::vector<char> buffer;
  bool complete = false;
  napi_value object = feed(env, &parser, &head, bytes, endsOf(env, arguments[1], length), &buffer, &complete);
  if (!complete) return object;
  const char* const text = buffer.data();
  setText(env, object, "method", head.method.in(text));
  setText(env, object, "target", head.target.in(text));
  setText(env, object, "path", head.path.in(text));
  setText(env, object, "query", head.query.in(text));
  setText(env, object, "host", head.host.in(text));
  setText(env, object, "hostName", head.hostName.in(text));
  setProperty(env, object, "absoluteForm", makeBool(env, head.absoluteForm));
  setProperty(env, object, "expectContinue", makeBool(env, head.expectContinue));
  return object;
}

napi_value parseResponseHead(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  char* bytes = nullptr;
  size_t length = 0;
  if (!bytesOf(env, arguments[0], &bytes, &length)) {
    throwError(env, "parseResponseHead: a Buffer is needed");
    return nullptr;
  }
  http::ResponseLimits limits;
  readLimit(env, arguments[2], "headBytes", &limits.headBytes);
  readLimit(env, arguments[2], "fields", &limits.fields);

  http::ResponseParser parser(limits);
  http::ResponseHead head;
  std::vector<char> buffer;
  bool complete = false;
  napi_value object = feed(env, &parser, &head, bytes, endsOf(env, arguments[1], length), &buffer, &complete);
  if (!complete) return object;
  setProperty(env, object, "status", makeNumber(env, head.status));
  setText(env, object, "reason", head.reason.in(buffer.data()));
  return object;
}

napi_value decodeChunked(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  char* bytes = nullptr;
  size_t length = 0;
  if (!bytesOf(env, arguments[0], &bytes, &length)) {
    throwError(env, "decodeChunked: a Buffer is needed");
    return nullptr;
  }
  http::ChunkedDecoder decoder;
  ChunkedResult result = ChunkedResult::kMore;
  std::string body;
  size_t at = 0;
  for (const size_t end : endsOf(env, arguments[1], length)) {
    do {
      const char* data = nullptr;
      size_t dataLength = 0;
      size_t taken = 0;
      result = decoder.next(bytes + at, end - at, &taken, &data, &dataLength);
      if (result == ChunkedResult::kData) body.append(data, dataLength);
      at += taken;
    } while (result == ChunkedResult::kData);
    if (result != ChunkedResult::kMore) break;
  }
  napi_value object = nullptr;
  napi_create_object(env, &object);
  setText(env, object, "result",
          result == ChunkedResult::kEnd ? "end" : result == ChunkedResult::kError ? "error" : "more");
  setText(env, object, "body", body);
  setProperty(env, object, "taken", makeNumber(env, static_cast<double>(at)));
  return object;
}

}  // namespace

void exportParsers(napi_env env, napi_value exports) {
  exportFunction(env, exports, "parseRequestHead", parseRequestHead);
  exportFunction(env, exports, "parseResponseHead", parseResponseHead);
  exportFunction(env, exports, "decodeChunked", decodeChunked);
}

}  // namespace tidegate
