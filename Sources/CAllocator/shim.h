#pragma once

// mallopt(3) and its parameters, which Swift's module of the C library leaves out.
#include <malloc.h>
