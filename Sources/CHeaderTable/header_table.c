#include "CHeaderTable.h"
