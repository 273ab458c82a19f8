#include "proto/smb/smb_reader.h"
