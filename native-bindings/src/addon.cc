// The addon: what each part exports, per environment. Nothing is static and mutable, so that the main thread and worker
// threads can load it at once.
#include "bindings/napi.h"

NAPI_MODULE_INIT() {
  tidegate::exportDigest(env, exports);
  tidegate::exportEngine(env, exports);
  tidegate::exportGovernor(env, exports);
  tidegate::exportJournal(env, exports);
  tidegate::exportLimits(env, exports);
  tidegate::exportParsers(env, exports);
  tidegate::exportReceiveBuffer(env, exports);
  tidegate::exportScan(env, exports);
  tidegate::exportSharedWords(env, exports);
  tidegate::exportThread(env, exports);
  tidegate::exportUwsCallback(env, exports);
  return exports;
}
