// A list that is made once. Up to `kInline` elements lie in it: whoever reads it has what is around it already.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace tidegate::governor {

template <typename T, size_t kInline>
class ShortList {
 public:
  ShortList() = default;
  ShortList(std::vector<T> all) : size_(all.size()), rest_(std::move(all)) {
    if (size_ > kInline) return;
    std::move(rest_.begin(), rest_.end(), inline_);
    rest_ = {};
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* begin() const { return size_ > kInline ? rest_.data() : inline_; }
  const T* end() const { return begin() + size_; }
  const T& front() const { return *begin(); }

 private:
  size_t size_ = 0;
  T inline_[kInline];
  std::vector<T> rest_;
};

}  // namespace tidegate::governor
