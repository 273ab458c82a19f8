/*
 * late.h - libraries that few runs need, loaded when one of their functions is first called.
 *
 * libcurl and libarchive bring 27 others with them (ICU, GnuTLS, Kerberos, LDAP),
 * which the dynamic linker would load and bind before main(), and each
 * fork would copy. late_curl.c and late_archive.c define the functions that we use of them and
 * pass each call on, so that callers and the compiler see nothing of it.
 *
 * Where the library is not there a function fails as it does without memory, and it is logged.
 * A process that will give up its files calls late_load() before. Any thread may call.
 */
#ifndef SENSOR_BASE_LATE_H
#define SENSOR_BASE_LATE_H

#include <stdatomic.h>
#include <stdbool.h>

typedef void late_fn(void);

struct late {
	const char *file;		/* as dlopen() takes it */
	_Atomic(void *) handle;
};

/* The function, or NULL: there is none (logged). `at` keeps it. */
late_fn *late_find(struct late *l, const char *name, _Atomic(late_fn *) *at);

bool late_load(struct late *l);		/* false: it is not there (logged) */
bool late_is_loaded(const struct late *l);

extern struct late late_curl, late_archive;

/* A function that passes its call on; what it gives without the library. */
#define LATE(library, type, name, parameters, arguments, without) \
	type name parameters \
	{ \
		static _Atomic(late_fn *) at; \
		late_fn *f = late_find(&(library), #name, &at); \
		return f == NULL ? (without) : ((type (*) parameters)f) arguments; \
	}

/* The same for one that frees: what is not loaded gave nothing to free. */
#define LATE_FREE(library, name, parameters, arguments) \
	void name parameters \
	{ \
		static _Atomic(late_fn *) at; \
		late_fn *f = late_is_loaded(&(library)) ? late_find(&(library), #name, &at) : NULL; \
		if (f != NULL) \
			((void (*) parameters)f) arguments; \
	}

#endif
