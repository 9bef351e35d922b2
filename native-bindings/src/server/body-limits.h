// How much a connection holds, and reads for nothing.
#pragma once

#include <cstddef>

namespace tidegate::server {

// Above this, whoever writes is asked to wait.
constexpr size_t kMaxPendingBytes = 64 * 1024;
// The same when the client has been seen not to keep up.
constexpr size_t kMaxStalledBytes = 8 * 1024;
// What of an unwanted body is read and dropped to keep the connection; with more to come it is closed.
constexpr size_t kMaxDiscardBytes = 256 * 1024;
// Exchanges kept for reuse.
constexpr size_t kMaxFreeExchanges = 1024;

}  // namespace tidegate::server
