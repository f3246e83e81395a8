/* A registration as it is kept, read for the change feed and for whoever changes it. */
#ifndef LA_STORE_REGISTRATION_H
#define LA_STORE_REGISTRATION_H

#include "base/result.h"
#include "model/model.h"

/* The texts of one, which its slices point to. */
#define LA_REGISTRATION_MEMORY (LA_REGISTRATION_MAX + 256)

/* `text` is what la_store_create_application was given, empty for nothing. CORRUPT where it is no such object; NO_MEMORY. */
la_result la_registration_read(la_slice text, char memory[LA_REGISTRATION_MEMORY], la_registration *ret);

#endif
