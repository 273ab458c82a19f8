#include "base/late.h"

#include <dlfcn.h>
#include <stddef.h>

#include "base/log.h"

/* Two threads may both load it: that counts users, and gives both the same. */
bool
late_load(struct late *l)
{
	static struct log_limit limit;
	void *handle;

	if (late_is_loaded(l))
		return true;
	if ((handle = dlopen(l->file, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		log_limited(&limit, LOG_LEVEL_ERROR, "library", "%s", dlerror());
		return false;
	}
	atomic_store(&l->handle, handle);
	return true;
}

bool
late_is_loaded(const struct late *l)
{
	return atomic_load(&l->handle) != NULL;
}

late_fn *
late_find(struct late *l, const char *name, _Atomic(late_fn *) *at)
{
	static struct log_limit limit;
	late_fn *f = atomic_load(at);
	void *found;

	if (f != NULL || !late_load(l))
		return f;
	if ((found = dlsym(atomic_load(&l->handle), name)) == NULL) {
		log_limited(&limit, LOG_LEVEL_ERROR, "library", "%s", dlerror());
		return NULL;
	}
	/* POSIX has it so: what dlsym() gives can be called. */
	*(void **)&f = found;
	atomic_store(at, f);
	return f;
}
