// How a segment file of the call journal looks. All numbers little-endian.
//
//   header, 64 bytes | record | record | … | end mark
//   record: [u32 payload length][u32 CRC-32C of the payload][payload], padded to 8 bytes
//
// A length of 0 says that nothing was written here yet; the end mark says that the next record is in the next segment.
// Files are used again: what lies behind a length of 0 is of no meaning.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tidegate::journal {

constexpr uint32_t kSegmentMagic = 0x4a434754;  // "TGCJ"
constexpr uint32_t kSegmentVersion = 1;
constexpr uint32_t kSegmentHeaderBytes = 64;
constexpr uint32_t kRecordHeadBytes = 8;
constexpr uint32_t kEndMark = 0xffffffff;

struct SegmentHeader {
  uint32_t magic;
  uint32_t version;
  uint32_t worker;
  uint32_t pid;
  uint64_t run;
  uint64_t sequence;
  uint32_t segmentBytes;
  uint32_t reserved[6];
  uint32_t checksum;  // CRC-32C of everything before
};
static_assert(sizeof(SegmentHeader) == kSegmentHeaderBytes);
static_assert(offsetof(SegmentHeader, checksum) == kSegmentHeaderBytes - sizeof(uint32_t));

constexpr uint64_t recordBytes(uint64_t payloadLength) {
  return kRecordHeadBytes + ((payloadLength + 7) & ~uint64_t{7});
}

}  // namespace tidegate::journal
