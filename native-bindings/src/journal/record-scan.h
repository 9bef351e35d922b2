// Finds the records in bytes of a journal segment (segment-format.h). Pure: no I/O, any bytes are fine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tidegate::journal {

// Where one payload lies in the bytes that were scanned.
struct RecordSpan {
  uint32_t start;
  uint32_t length;
  uint32_t isBodilessRow;  // 1 or 0, see isBodilessRow()
};

enum class ScanEnd : uint32_t {
  kSpansFull = 0,    // more may follow at `next`
  kNeedsMore = 1,    // the record at `next` goes on behind these bytes, within its segment: `needed` bytes from `next` on
  kNothingMore = 2,  // nothing was written at `next`
  kEndMark = 3,      // the next record is in the next segment
  kTorn = 4,         // the length at `next` leads out of the segment: what follows can't be told apart
};

struct ScanResult {
  uint32_t spans;    // whole records found
  uint32_t damaged;  // records whose checksum is wrong, passed over
  uint32_t next;     // index in the bytes
  uint32_t needed;
  ScanEnd end;
};

// Values in a row, and which of them is the first of the two bodies: as CALL_RECORD_FIELDS of src/contracts/call-record.ts has it.
struct RowShape {
  uint32_t fieldCount;
  uint32_t bodiesAt;
};

// Scans `length` bytes of a segment, the first of them the head of a record; `segmentLeft` bytes of the segment's file
// follow from there on (`length` of them at hand).
ScanResult scanRecords(const uint8_t* bytes, size_t length, size_t segmentLeft, RowShape shape, RecordSpan* spans,
                       size_t spanCount);

// Whether the bytes are one MessagePack array of `fieldCount` (16 to 65,535) plain values (nil, boolean, number,
// string) whose bodies are nil, and nothing else.
bool isBodilessRow(const uint8_t* bytes, size_t length, RowShape shape);

}  // namespace tidegate::journal
