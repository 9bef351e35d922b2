// `shared-words` for JavaScript: a file of 32-bit words that several processes have in their memory at once.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "bindings/napi.h"

namespace tidegate {

namespace {

struct Mapping {
  void* memory;
  size_t bytes;
};

void unmap(napi_env, void*, void* hint) {
  const std::unique_ptr<Mapping> mapping(static_cast<Mapping*>(hint));
  munmap(mapping->memory, mapping->bytes);
}

// Null with `error` set. Whoever comes first makes the file, of zeros; what others have written stays.
void* map(const std::string& path, size_t bytes, std::string* error) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    *error = "can't open " + path + ": " + std::strerror(errno);
    return nullptr;
  }
  // Blocks on disk: a write to a hole on a full disk would be a SIGBUS.
  int result = 0;
  do {
    result = posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  } while (result == EINTR);
  void* memory = MAP_FAILED;
  if (result == 0) {
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) result = errno;
  }
  close(descriptor);
  if (memory != MAP_FAILED) return memory;
  *error = "can't map " + path + ": " + std::strerror(result);
  return nullptr;
}

// (path, count) → an ArrayBuffer over the words
napi_value mapWords(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const size_t bytes = size_t{uint32Of(env, arguments[1])} * sizeof(uint32_t);
  std::string error;
  void* memory = map(textOf(env, arguments[0]), bytes, &error);
  if (memory == nullptr) {
    throwError(env, error);
    return nullptr;
  }
  auto mapping = std::make_unique<Mapping>(Mapping{memory, bytes});
  napi_value buffer;
  if (napi_create_external_arraybuffer(env, memory, bytes, unmap, mapping.get(), &buffer) != napi_ok) {
    munmap(memory, bytes);
    throwError(env, "shared words need a Node.js with external array buffers");
    return nullptr;
  }
  mapping.release();
  return buffer;
}

}  // namespace

void exportSharedWords(napi_env env, napi_value exports) { exportFunction(env, exports, "mapWords", mapWords); }

}  // namespace tidegate
