#pragma once

#include "digits.h"
#include "stdlib_sources.h"
