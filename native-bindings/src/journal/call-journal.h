// Append-only journal of call records in mmap'd segment files: a record is in the page cache once `append` returns, so
// that the end of the process, however sudden, loses no record that was accepted.
//
// Each opening is a run of its own, with two kinds of files:
//
//   <worker>-<run>.run                  locked (flock) for as long as the run is written to. Whoever gets the lock finds
//                                       a run whose process has ended, and may drain and delete it. Its lines name the
//                                       files into which the run's records were moved.
//   <worker>-<run>-<sequence>.journal   the segments (segment-format.h), in the order of their sequence numbers.
//
// `run` is the time of the opening in nanoseconds, 16 hexadecimal digits: two processes with the same worker number, as
// there are while one replaces the other, never meet in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tidegate::journal {

struct JournalStats {
  uint64_t appended = 0;
  uint64_t lost = 0;      // records that could not be kept: disk full, too many segments, or longer than a segment
  uint32_t segments = 0;  // made so far
  bool failing = false;   // the last append was lost
  int errorNumber = 0;    // why no segment could be made when that was last tried; 0 when it could
};

// One thread writes. Readers in other threads and processes see whole records only, up to a length of 0.
class CallJournal {
 public:
  // Segments of `segmentBytes` each are allocated before they are written to (a write to a hole on a full disk would be
  // a SIGBUS), one ahead, and at most `maxSegments` at once. A directory that can't be written to now is tried
  // again by later appends, once per second. Null with `error` set: the numbers make no sense.
  static std::unique_ptr<CallJournal> open(const std::string& directory, uint32_t worker, uint32_t segmentBytes,
                                           std::string* error, uint32_t maxSegments = 64);
  ~CallJournal();
  CallJournal(const CallJournal&) = delete;
  CallJournal& operator=(const CallJournal&) = delete;

  // Room for a record of at most `maxLength` bytes, or null when it can't be kept (counted as lost). Follow with commit;
  // another reserve without it gives the room back.
  char* reserve(uint32_t maxLength);
  // The record is `length` bytes of the room, at least one: writes checksum and length, the length last.
  void commit(uint32_t length);
  // Both in one.
  bool append(const void* bytes, uint32_t length);

  // Where the next record goes: sequence of the segment and offset in it. Everything before is complete.
  uint64_t sequence() const;
  uint32_t offset() const;
  // What came before this position is kept elsewhere: segments that hold nothing else are deleted or used again.
  void release(uint64_t sequence, uint32_t offset);
  // Deletes the files of the run when everything in them was released; else leaves them to the next process. Whatever is
  // appended afterwards is lost, and counted. Destruction does the same.
  void close();
  // The longest record that can be kept.
  uint32_t maxRecordBytes() const;
  // `<worker>-<run>`, with which the names of the run's files begin. "" until the first segment could be made.
  const std::string& prefix() const;
  JournalStats stats() const;

 private:
  struct State;
  explicit CallJournal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tidegate::journal
