/*
 * Runs a fuzz target over files: each argument is a file, or a folder whose
 * files are taken in the order of their names. Without a fuzzer this keeps
 * what was once repaired repaired.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long count;

static int
replay_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	uint8_t *bytes;
	size_t size;

	if (f == NULL || fstat(fileno(f), &st) != 0) {
		fprintf(stderr, "replay: %s: cannot be read\n", path);
		if (f != NULL)
			fclose(f);
		return 1;
	}
	size = (size_t)st.st_size;
	/* exactly as large as the input, so that a sanitizer sees a read behind it */
	bytes = malloc(size == 0 ? 1 : size);
	if (bytes == NULL || fread(bytes, 1, size, f) != size) {
		fprintf(stderr, "replay: %s: cannot be read\n", path);
		free(bytes);
		fclose(f);
		return 1;
	}
	fclose(f);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	count++;
	return 0;
}

static int
replay_folder(const char *path)
{
	struct dirent **names;
	char file[4096];
	int i, n = scandir(path, &names, NULL, alphasort), bad = 0;

	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
			bad |= replay_file(file);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return n < 0 ? 1 : bad;
}

int
main(int argc, char **argv)
{
	struct stat st;
	int i, bad = 0;

	for (i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			bad |= replay_folder(argv[i]);
		else
			bad |= replay_file(argv[i]);
	}
	printf("%s: %lu inputs\n", argv[0], count);
	return bad;
}
