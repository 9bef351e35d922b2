// Growable bytes with a pool for the common size: what an idle connection does not hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegate::net {

struct FreeBytes {
  void operator()(char* bytes) const { std::free(bytes); }
};
using Bytes = std::unique_ptr<char, FreeBytes>;

// Blocks of one size, kept for reuse up to a bound.
class BlockPool {
 public:
  static constexpr size_t kBlockBytes = 32 * 1024;
  static constexpr size_t kKept = 256;

  Bytes take() {
    if (free_.empty()) return Bytes(static_cast<char*>(std::malloc(kBlockBytes)));
    Bytes block = std::move(free_.back());
    free_.pop_back();
    return block;
  }

  void give(Bytes block) {
    if (free_.size() < kKept) free_.push_back(std::move(block));
  }

 private:
  std::vector<Bytes> free_;
};

// Bytes from `begin` to `end` of a block. Takes its first block from the pool and gives it back when it is emptied.
class ByteBuffer {
 public:
  explicit ByteBuffer(BlockPool* pool) : pool_(pool) {}
  ~ByteBuffer() { release(); }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  char* data() const { return bytes_.get() + begin_; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::string_view view() const { return {data(), size()}; }

  // Room behind the bytes; at least `wanted` after `reserve(wanted)`.
  char* room() { return bytes_.get() + end_; }
  size_t roomBytes() const { return capacity_ - end_; }
  void grew(size_t length) { end_ += length; }

  void reserve(size_t wanted) {
    if (capacity_ - end_ >= wanted) return;
    const size_t length = size();
    if (capacity_ == 0 && wanted <= BlockPool::kBlockBytes) {
      bytes_ = pool_->take();
      capacity_ = BlockPool::kBlockBytes;
      return;
    }
    if (begin_ > 0 && capacity_ - length >= wanted) {
      std::memmove(bytes_.get(), data(), length);
    } else {
      size_t capacity = capacity_ < BlockPool::kBlockBytes ? BlockPool::kBlockBytes : capacity_;
      // What is put into an empty one is mostly all that comes; one that grows goes on growing.
      if (length == 0) capacity = (wanted + kPageBytes - 1) / kPageBytes * kPageBytes;
      while (capacity - length < wanted) capacity *= 2;
      Bytes bytes(static_cast<char*>(std::malloc(capacity)));
      if (length > 0) std::memcpy(bytes.get(), data(), length);
      giveBack();
      bytes_ = std::move(bytes);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = length;
  }

  void append(std::string_view bytes) {
    reserve(bytes.size());
    std::memcpy(room(), bytes.data(), bytes.size());
    end_ += bytes.size();
  }

  void append(const char* bytes, size_t length) { append(std::string_view(bytes, length)); }
  void push(char byte) { append(&byte, 1); }

  // Drops bytes from the front.
  void consume(size_t length) {
    begin_ += length;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // Drops bytes from the back.
  void truncate(size_t length) { end_ = begin_ + length; }

  // Takes `length` bytes out of the middle, at `at`.
  void erase(size_t at, size_t length) {
    std::memmove(data() + at, data() + at + length, size() - at - length);
    end_ -= length;
  }

  // Empties it and gives up its memory.
  void release() {
    giveBack();
    begin_ = end_ = capacity_ = 0;
  }

  void clear() { begin_ = end_ = 0; }

 private:
  static constexpr size_t kPageBytes = 4096;

  void giveBack() {
    if (bytes_ == nullptr) return;
    if (capacity_ == BlockPool::kBlockBytes) pool_->give(std::move(bytes_));
    bytes_.reset();
  }

  BlockPool* pool_;
  Bytes bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tidegate::net
