/*
 * image_file.h - the compiled indicators on disk, for the next start.
 *
 * A million indicators take most of a second to read and a few hundredths to
 * copy. So the image and what was said of each feed are kept in
 * state_directory/indicators, and taken from there as long as they would come
 * out the same: made by this very program, from files of this size and time
 * (and place on the disk), with these options, allow lists and public
 * suffixes, and before any rule of an allow list ended. Anything else, and a
 * file that is not older than what was made of it, is compiled anew.
 *
 * Like a state file it is this machine's: written beside its name and renamed,
 * with a checksum; one that is damaged is set aside as NAME.damaged with a
 * line in the log. Its reader's offsets are checked again by whoever maps it.
 * Images below IMAGE_FILE_LEAST are compiled as fast as they are copied, and are not kept.
 */
#ifndef SENSOR_ENGINE_IMAGE_FILE_H
#define SENSOR_ENGINE_IMAGE_FILE_H

#include <stdio.h>

#include "engine/feeds.h"

enum { IMAGE_FILE_LEAST = 1 << 20 };

/* What an image is made of. */
struct image_origin {
	uint64_t word[2];
	int64_t latest_ns;		/* when the youngest of its files was changed */
	bool lasting;			/* they are files that keep what they are; else it cannot be kept */
};

/* `in`: the open feeds, NULL where there is none. `live`: with the indicator of `hansho selftest`. */
void image_origin_of(const struct config *config, bool live, FILE *const *in, struct image_origin *out);

/* Below state_directory; a folder is made before. */
bool image_file_path(const struct config *config, char *buf, size_t size);
int image_file_make_folder(const struct config *config, const char *user, struct fault *fault);

/* true: it is there, *image is the caller's and `results` are filled. */
bool image_file_load(const char *path, const struct image_origin *origin, int64_t now_ns,
    struct feed_result *results, unsigned count, int *image);

/* A descriptor for image_file_write(), before any sandbox; or -1. */
int image_file_begin(const char *path);

/* Made at `made_ns`, in force until `until_ns` at most. Without effect when it does not work. */
struct image_made {
	struct image_origin origin;
	int64_t made_ns, until_ns;
};
void image_file_write(int file, const struct image_made *made, const struct feed_result *results,
    unsigned count, int image);

/* Is it whole? Then it is put in place; else removed. Closes `file`; -1 is fine. */
void image_file_end(const char *path, int file);

#endif
