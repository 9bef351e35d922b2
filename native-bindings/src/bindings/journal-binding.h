// The call journal as JavaScript sees it.
#pragma once

#include <node_api.h>

#include "journal/call-journal.h"

namespace tidegate {

// The journal behind an object that `new CallJournal(…)` of this addon made; null (nothing is thrown) for anything else.
// It lives as long as the object, also after its `close()`: keep a reference to that (napi_create_reference).
journal::CallJournal* journalOf(napi_env env, napi_value value);

}  // namespace tidegate
