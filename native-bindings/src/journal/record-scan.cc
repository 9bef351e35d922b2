#include "journal/record-scan.h"

#include <cstring>

#include "digest/sha256.h"
#include "journal/segment-format.h"

namespace tidegate::journal {
namespace {

constexpr uint8_t kNil = 0xc0;
constexpr uint32_t kBodyFields = 2;

uint32_t load32(const uint8_t* bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// Bytes that the plain value at `at` takes, or 0: it is none, or goes beyond `end`.
size_t valueBytes(const uint8_t* at, const uint8_t* end) {
  const size_t left = static_cast<size_t>(end - at);
  if (left == 0) return 0;
  const uint8_t type = *at;
  size_t size = 0;
  if (type <= 0x7f || type >= 0xe0 || type == kNil || type == 0xc2 || type == 0xc3) {
    size = 1;
  } else if (type >= 0xa0 && type <= 0xbf) {
    size = 1 + (type & 0x1fu);
  } else {
    switch (type) {
      case 0xcc: case 0xd0: size = 2; break;  // (u)int 8
      case 0xcd: case 0xd1: size = 3; break;  // (u)int 16
      case 0xca: case 0xce: case 0xd2: size = 5; break;  // float 32, (u)int 32
      case 0xcb: case 0xcf: case 0xd3: size = 9; break;  // float 64, (u)int 64
      case 0xd9: size = left < 2 ? 0 : 2 + size_t{at[1]}; break;  // str 8, 16, 32
      case 0xda: size = left < 3 ? 0 : 3 + (size_t{at[1]} << 8 | at[2]); break;
      case 0xdb:
        size = left < 5 ? 0 : 5 + (size_t{at[1]} << 24 | size_t{at[2]} << 16 | size_t{at[3]} << 8 | at[4]);
        break;
      default: break;
    }
  }
  return size <= left ? size : 0;
}

}  // namespace

bool isBodilessRow(const uint8_t* bytes, size_t length, RowShape shape) {
  const auto [fieldCount, bodiesAt] = shape;
  if (length < 3 || bytes[0] != 0xdc || (uint32_t{bytes[1]} << 8 | bytes[2]) != fieldCount) return false;
  if (fieldCount < kBodyFields || bodiesAt > fieldCount - kBodyFields) return false;
  const uint8_t* at = bytes + 3;
  const uint8_t* const end = bytes + length;
  for (uint32_t field = 0; field < fieldCount; field++) {
    const size_t size = valueBytes(at, end);
    if (size == 0) return false;
    if (field >= bodiesAt && field < bodiesAt + kBodyFields && *at != kNil) return false;
    at += size;
  }
  return at == end;
}

ScanResult scanRecords(const uint8_t* bytes, size_t length, size_t segmentLeft, RowShape shape, RecordSpan* spans,
                       size_t spanCount) {
  ScanResult result{0, 0, 0, 0, ScanEnd::kSpansFull};
  size_t at = 0;
  const auto endHere = [&](ScanEnd end, size_t needed = 0) {
    result.end = end;
    result.next = static_cast<uint32_t>(at);
    result.needed = static_cast<uint32_t>(needed);
    return result;
  };
  while (result.spans < spanCount) {
    const size_t left = segmentLeft - at;
    // A segment that is full to the last byte has no room for an end mark, a file that was cut none for a head.
    if (left == 0) return endHere(ScanEnd::kEndMark);
    if (left < kRecordHeadBytes) return endHere(ScanEnd::kTorn);
    if (length - at < kRecordHeadBytes) return endHere(ScanEnd::kNeedsMore, kRecordHeadBytes);
    const uint32_t payloadLength = load32(bytes + at);
    if (payloadLength == 0) return endHere(ScanEnd::kNothingMore);
    if (payloadLength == kEndMark) return endHere(ScanEnd::kEndMark);
    const uint64_t whole = recordBytes(payloadLength);
    if (whole > left) return endHere(ScanEnd::kTorn);
    if (whole > length - at) return endHere(ScanEnd::kNeedsMore, static_cast<size_t>(whole));

    const uint8_t* payload = bytes + at + kRecordHeadBytes;
    if (digest::crc32c(0, payload, payloadLength) == load32(bytes + at + 4)) {
      spans[result.spans++] = {static_cast<uint32_t>(at + kRecordHeadBytes), payloadLength,
                               isBodilessRow(payload, payloadLength, shape) ? 1u : 0u};
    } else {
      result.damaged++;
    }
    at += whole;
  }
  return endHere(ScanEnd::kSpansFull);
}

}  // namespace tidegate::journal
