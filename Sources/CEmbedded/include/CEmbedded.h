#pragma once

#include "digits.h"
