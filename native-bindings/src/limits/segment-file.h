// The segment's file: made once, mapped by many. Who uses it, and which worker numbers are taken, is said by locks on
// bytes behind its end (open file description locks, fcntl(2)): the kernel frees them with a process's last thread, so
// they are right about zombies, reused process ids and other containers, too.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

#include "limits/segment.h"

namespace tidegate::limits {

inline double monotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

inline void sleepMicroseconds(long microseconds) {
  timespec duration{0, microseconds * 1000};
  nanosleep(&duration, nullptr);
}

class SegmentFile {
 public:
  SegmentFile() = default;
  ~SegmentFile() {
    if (memory_ != nullptr) munmap(memory_, ledgerAt(slotCount_, kWorkers));
    if (descriptor_ >= 0) close(descriptor_);
  }
  SegmentFile(SegmentFile&& other) noexcept { *this = std::move(other); }
  SegmentFile& operator=(SegmentFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(memory_, other.memory_);
    std::swap(slotCount_, other.slotCount_);
    return *this;
  }

  // False with `error` set. `slotCount`: a power of two.
  bool open(const std::string& path, uint32_t slotCount, std::string* error) {
    slotCount_ = slotCount;
    if (!openDescriptor(path, error)) return false;
    void* memory = mmap(nullptr, ledgerAt(slotCount, kWorkers), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
    if (memory == MAP_FAILED) return fail(error, "can't map " + path, errno);
    memory_ = static_cast<char*>(memory);
    return true;
  }

  template <typename T>
  T* at(size_t offset) const {
    return reinterpret_cast<T*>(memory_ + offset);
  }

  bool tryTakeWorker(uint32_t worker) const { return tryLock(F_WRLCK, kWorkerByte + worker); }
  void leaveWorker(uint32_t worker) const { tryLock(F_UNLCK, kWorkerByte + worker); }

  // Whether a process other than this one has that number.
  bool isWorkerTaken(uint32_t worker) const {
    struct flock lock = rangeOf(F_WRLCK, kWorkerByte + worker);
    return fcntl(descriptor_, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
  }

  // Blocks on disk for a worker's ledger: a write to a hole on a full disk would be a SIGBUS.
  bool allocateLedger(uint32_t worker, std::string* error) const {
    return allocate(ledgerAt(slotCount_, worker), kLedgerBytes, error);
  }

  // False: the file ends before it.
  bool hasLedger(uint32_t worker) const {
    struct stat status {};
    return fstat(descriptor_, &status) == 0 &&
           static_cast<size_t>(status.st_size) >= ledgerAt(slotCount_, worker) + kLedgerBytes;
  }

 private:
  // Shared by all that use the segment; exclusive while it is made.
  static constexpr off_t kUseByte = off_t{1} << 40;
  static constexpr off_t kWorkerByte = kUseByte + 1;
  // How long others may take to make the segment, and to leave one of another size.
  static constexpr double kMakingMs = 10e3;
  static constexpr double kLeavingMs = 500;

  static bool fail(std::string* error, const std::string& what, int number) {
    *error = what + ": " + std::strerror(number);
    return false;
  }

  static struct flock rangeOf(short type, off_t byte) {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = byte;
    range.l_len = 1;
    return range;
  }

  bool tryLock(short type, off_t byte) const {
    struct flock range = rangeOf(type, byte);
    return fcntl(descriptor_, F_OFD_SETLK, &range) == 0;
  }

  // Several processes get here at once. The one with the exclusive lock makes what the others then share.
  bool openDescriptor(const std::string& path, std::string* error) {
    const double startedAtMs = monotonicMs();
    for (;; closeDescriptor(), sleepMicroseconds(500 + getpid() % 1000)) {
      descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      if (descriptor_ < 0) return fail(error, "can't open " + path, errno);
      if (tryLock(F_WRLCK, kUseByte)) {
        if (!isStillAt(path)) continue;
        if (!fitsUs() && !make(path, error)) return false;
        return tryLock(F_RDLCK, kUseByte) || fail(error, "can't lock " + path, errno);
      }
      if (errno != EAGAIN && errno != EACCES) return fail(error, "can't lock " + path, errno);
      const double waitedMs = monotonicMs() - startedAtMs;
      if (tryLock(F_RDLCK, kUseByte)) {
        if (!isStillAt(path)) continue;
        if (fitsUs()) return true;
        if (waitedMs > kLeavingMs) return refuse(path, error);
      } else if (waitedMs > kMakingMs) {
        *error = path + " is being set up by another process that does not get on: look for one that is stopped";
        return false;
      }
    }
  }

  void closeDescriptor() {
    close(descriptor_);
    descriptor_ = -1;
  }

  // False: someone removed or replaced the file since it was opened.
  bool isStillAt(const std::string& path) const {
    struct stat ours {}, there {};
    return fstat(descriptor_, &ours) == 0 && stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino &&
           ours.st_dev == there.st_dev;
  }

  bool readHeader(Header* header) const {
    return pread(descriptor_, header, sizeof(Header), 0) == static_cast<ssize_t>(sizeof(Header));
  }

  Header wanted() const {
    Header header;
    header.slotCount = slotCount_;
    header.slotBytes = sizeof(Slot);
    return header;
  }

  bool fitsUs() const {
    Header found;
    const Header ours = wanted();
    struct stat status {};
    return readHeader(&found) && std::memcmp(&found, &ours, sizeof(Header)) == 0 && fstat(descriptor_, &status) == 0 &&
           static_cast<size_t>(status.st_size) >= ledgerAt(slotCount_, 0);
  }

  bool refuse(const std::string& path, std::string* error) const {
    Header found;
    if (readHeader(&found) && found.magic == kMagic && found.version == kVersion && found.slotCount != slotCount_) {
      *error = path + " holds " + std::to_string(found.slotCount) + " counters and is in use by running processes: " +
               "`limits.slots` can become " + std::to_string(slotCount_) + " once all of them have stopped";
    } else {
      *error = path + " is in use by running processes of another version of Tidegate: stop them first";
    }
    return false;
  }

  bool make(const std::string& path, std::string* error) const {
    if (ftruncate(descriptor_, 0) != 0) return fail(error, "can't empty " + path, errno);
    if (!allocate(0, ledgerAt(slotCount_, 0), error)) return false;
    const Header header = wanted();
    if (pwrite(descriptor_, &header, sizeof header, 0) == static_cast<ssize_t>(sizeof header)) return true;
    return fail(error, "can't write to " + path, errno);
  }

  bool allocate(size_t offset, size_t bytes, std::string* error) const {
    int result = 0;
    do {
      result = posix_fallocate(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(bytes));
    } while (result == EINTR);
    return result == 0 || fail(error, "can't get " + std::to_string(bytes) + " bytes for shared counters", result);
  }

  int descriptor_ = -1;
  char* memory_ = nullptr;
  uint32_t slotCount_ = 0;
};

}  // namespace tidegate::limits
