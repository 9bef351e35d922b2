#include "journal/call-journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <optional>
#include <utility>

#include "digest/sha256.h"
#include "journal/segment-format.h"

namespace tidegate::journal {
namespace {

constexpr uint32_t kMinSegmentBytes = 4096;
constexpr uint32_t kMaxSegmentBytes = 1u << 30;
constexpr int64_t kRetryMs = 1000;
// Segments that wait for their reader, or to be used again, stay mapped up to so many bytes: a page that is written to again
// within seconds costs no fault, neither to be made nor, as the kernel writes dirty pages after half a minute, to be made
// writable again.
constexpr size_t kKeptBytes = 16u << 20;
constexpr int kRunAttempts = 100;

int64_t monotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

uint64_t realtimeNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

void makeDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), 0700);
  }
  mkdir(path.c_str(), 0700);
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int number = -1) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }
  bool isOpen() const { return number_ >= 0; }

 private:
  int number_;
};

class Mapping {
 public:
  Mapping() = default;
  Mapping(int file, uint32_t bytes) : bytes_(bytes) {
    void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (base != MAP_FAILED) base_ = static_cast<char*>(base);
  }
  Mapping(Mapping&& other) noexcept : base_(std::exchange(other.base_, nullptr)), bytes_(other.bytes_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping() {
    if (base_ != nullptr) munmap(base_, bytes_);
  }
  char* base() const { return base_; }

 private:
  char* base_ = nullptr;
  uint32_t bytes_ = 0;
};

struct Segment {
  uint64_t sequence = 0;
  std::string path;
  Mapping mapping;
};

void storeLength(char* record, uint32_t length) {
  __atomic_store_n(reinterpret_cast<uint32_t*>(record), length, __ATOMIC_RELEASE);
}

}  // namespace

struct CallJournal::State {
  std::string directory;
  uint32_t worker = 0;
  uint32_t segmentBytes = 0;
  uint32_t maxSegments = 0;

  uint64_t run = 0;
  std::string prefix;
  FileDescriptor runFile;

  std::optional<Segment> current;
  std::deque<Segment> spares;  // in the order in which they follow `current`
  std::deque<Segment> retired;
  uint64_t sequence = 1;  // of `current`, or of the first segment while there is none
  uint32_t offset = kSegmentHeaderBytes;
  uint64_t releasedSequence = 1;
  uint32_t releasedOffset = kSegmentHeaderBytes;

  JournalStats stats;
  int64_t retryAtMs = 0;
  bool isClosed = false;

  std::string runPath() const { return directory + "/" + prefix + ".run"; }

  std::string segmentPath(uint64_t number) const {
    char name[32];
    std::snprintf(name, sizeof name, "-%08llu.journal", static_cast<unsigned long long>(number));
    return directory + "/" + prefix + name;
  }

  // A run is begun by whoever made its file and locked it while it still had its name: whoever looks for runs to adopt
  // may get between the two, and then deletes the file before it gives the lock back.
  int beginRun() {
    if (runFile.isOpen()) return 0;
    makeDirectories(directory);
    run = realtimeNs();
    for (int attempt = 0; attempt < kRunAttempts; attempt++, run++) {
      char name[48];
      std::snprintf(name, sizeof name, "%u-%016llx", worker, static_cast<unsigned long long>(run));
      prefix = name;
      FileDescriptor file(::open(runPath().c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      if (!file.isOpen()) {
        const int failure = errno;
        prefix.clear();
        if (failure == EEXIST) continue;
        return failure;
      }
      struct stat status {};
      if (flock(file.number(), LOCK_EX | LOCK_NB) == 0 && fstat(file.number(), &status) == 0 && status.st_nlink > 0) {
        runFile = std::move(file);
        return 0;
      }
    }
    prefix.clear();
    return EAGAIN;
  }

  // 0, or the error number.
  int makeSpare() {
    if (const int failure = beginRun(); failure != 0) return failure;
    if (retired.size() + (current ? 1 : 0) + spares.size() >= maxSegments) return EDQUOT;
    Segment segment;
    segment.sequence = nextSequence();
    segment.path = segmentPath(segment.sequence);
    FileDescriptor file(::open(segment.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.isOpen()) return errno;
    int failure = 0;
    do {
      failure = posix_fallocate(file.number(), 0, segmentBytes);
    } while (failure == EINTR);
    if (failure == 0) {
      segment.mapping = Mapping(file.number(), segmentBytes);
      if (segment.mapping.base() == nullptr) failure = errno;
    }
    if (failure != 0) {
      unlink(segment.path.c_str());
      return failure;
    }
    writeHeader(segment);
    stats.segments++;
    spares.push_back(std::move(segment));
    return 0;
  }

  void writeHeader(const Segment& segment) const {
    SegmentHeader header{};
    header.magic = kSegmentMagic;
    header.version = kSegmentVersion;
    header.worker = worker;
    header.pid = static_cast<uint32_t>(getpid());
    header.run = run;
    header.sequence = segment.sequence;
    header.segmentBytes = segmentBytes;
    header.checksum = digest::crc32c(0, &header, offsetof(SegmentHeader, checksum));
    std::memcpy(segment.mapping.base(), &header, sizeof header);
  }

  bool mayTry() const { return !isClosed && (stats.errorNumber == 0 || monotonicMs() >= retryAtMs); }

  // Of the segment after all there are.
  uint64_t nextSequence() const {
    if (!spares.empty()) return spares.back().sequence + 1;
    return current ? sequence + 1 : sequence;
  }

  size_t keptSegments() const { return std::max<size_t>(kKeptBytes / segmentBytes, 1); }

  // Makes the segment after the current one (or the first), unless that failed less than a second ago.
  void prepareSpare() {
    if (!spares.empty() || !mayTry()) return;
    stats.errorNumber = makeSpare();
    if (stats.errorNumber != 0) retryAtMs = monotonicMs() + kRetryMs;
  }

  // A segment that was read to its end comes after all others: its pages are mapped, allocated and in memory.
  bool reuse(Segment& segment) {
    segment.sequence = nextSequence();
    storeLength(segment.mapping.base() + kSegmentHeaderBytes, 0);
    writeHeader(segment);
    std::string path = segmentPath(segment.sequence);
    if (rename(segment.path.c_str(), path.c_str()) != 0) return false;
    segment.path = std::move(path);
    spares.push_back(std::move(segment));
    stats.errorNumber = 0;
    return true;
  }

  bool nextSegment() {
    prepareSpare();
    if (spares.empty()) return false;
    if (current) {
      if (offset < segmentBytes) storeLength(current->mapping.base() + offset, kEndMark);
      if (retired.size() >= keptSegments()) current->mapping = Mapping();
      retired.push_back(std::move(*current));
      sequence++;
    }
    current = std::move(spares.front());
    spares.pop_front();
    offset = kSegmentHeaderBytes;
    return true;
  }

  // The run's own file goes last: without it, no one would look for the others.
  void removeFiles() {
    for (const Segment& segment : retired) unlink(segment.path.c_str());
    if (current) unlink(current->path.c_str());
    for (const Segment& segment : spares) unlink(segment.path.c_str());
    if (runFile.isOpen()) unlink(runPath().c_str());
  }
};

std::unique_ptr<CallJournal> CallJournal::open(const std::string& directory, uint32_t worker, uint32_t segmentBytes,
                                               std::string* error, uint32_t maxSegments) {
  if (directory.empty() || segmentBytes < kMinSegmentBytes || segmentBytes > kMaxSegmentBytes ||
      segmentBytes % kMinSegmentBytes != 0 || maxSegments == 0) {
    *error = "a call journal needs a directory, segments of 4 KiB to 1 GiB in steps of 4 KiB, and at least one of them";
    return nullptr;
  }
  auto state = std::make_unique<State>();
  state->directory = directory;
  state->worker = worker;
  state->segmentBytes = segmentBytes;
  state->maxSegments = maxSegments;
  state->nextSegment();
  return std::unique_ptr<CallJournal>(new CallJournal(std::move(state)));
}

CallJournal::CallJournal(std::unique_ptr<State> state) : state_(std::move(state)) {}

CallJournal::~CallJournal() { close(); }

void CallJournal::close() {
  State& state = *state_;
  if (state.isClosed) return;
  state.isClosed = true;
  if (state.releasedSequence == state.sequence && state.releasedOffset == state.offset) state.removeFiles();
  state.current.reset();
  state.spares.clear();
  state.retired.clear();
  // Gives the lock back, last: whoever gets it may read what is left.
  state.runFile = FileDescriptor();
}

char* CallJournal::reserve(uint32_t maxLength) {
  State& state = *state_;
  const uint64_t needed = recordBytes(maxLength);
  const bool fits = state.current && state.offset + needed <= state.segmentBytes;
  if (maxLength > maxRecordBytes() || (!fits && !state.nextSegment())) {
    state.stats.lost++;
    state.stats.failing = true;
    return nullptr;
  }
  return state.current->mapping.base() + state.offset + kRecordHeadBytes;
}

void CallJournal::commit(uint32_t length) {
  if (length == 0) return;
  State& state = *state_;
  char* const record = state.current->mapping.base() + state.offset;
  const uint32_t checksum = digest::crc32c(0, record + kRecordHeadBytes, length);
  std::memcpy(record + sizeof length, &checksum, sizeof checksum);
  state.offset += static_cast<uint32_t>(recordBytes(length));
  // The segment may have been in use before: what follows this record must read as not written.
  if (state.offset < state.segmentBytes) storeLength(state.current->mapping.base() + state.offset, 0);
  storeLength(record, length);
  state.stats.appended++;
  state.stats.failing = false;
  if (state.spares.empty() && state.offset > state.segmentBytes / 4 * 3) state.prepareSpare();
}

bool CallJournal::append(const void* bytes, uint32_t length) {
  char* const room = reserve(length);
  if (room == nullptr || length == 0) return false;
  std::memcpy(room, bytes, length);
  commit(length);
  return true;
}

uint64_t CallJournal::sequence() const { return state_->sequence; }

uint32_t CallJournal::offset() const { return state_->offset; }

void CallJournal::release(uint64_t sequence, uint32_t offset) {
  State& state = *state_;
  state.releasedSequence = sequence;
  state.releasedOffset = offset;
  while (!state.retired.empty() && state.retired.front().sequence < sequence) {
    Segment segment = std::move(state.retired.front());
    state.retired.pop_front();
    const bool isWanted = state.spares.size() < state.keptSegments() && state.current;
    if (isWanted && segment.mapping.base() != nullptr && state.reuse(segment)) continue;
    unlink(segment.path.c_str());
    // There is room now: no need to wait for it.
    state.stats.errorNumber = 0;
  }
}

uint32_t CallJournal::maxRecordBytes() const { return state_->segmentBytes - kSegmentHeaderBytes - kRecordHeadBytes; }

const std::string& CallJournal::prefix() const { return state_->prefix; }

JournalStats CallJournal::stats() const { return state_->stats; }

}  // namespace tidegate::journal
