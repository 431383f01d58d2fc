// swarmlet.h is a header of C++ too.

#include "swarmlet.h"

static_assert(sizeof(swarmlet_text) == 2 * sizeof(void *), "a text is a pointer and a length");
