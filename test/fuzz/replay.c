/*
 * replay.c - runs a fuzz target over its corpus, as a plain test.
 *
 * Each file counts, and so does each beginning of it: messages that are cut
 * off are what parsers get wrong.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/fuzz/target.h"

#define INPUT_MAX 4096

static size_t
slurp(const char *path, uint8_t *buf)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(buf, 1, INPUT_MAX, f);
	fclose(f);
	return n;
}

/* In memory of exactly this size, so that a sanitizer sees its end. */
static void
run(const uint8_t *bytes, size_t n)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);

	if (exact == NULL)
		exit(99);
	memcpy(exact, bytes, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

int
main(void)
{
	static uint8_t buf[INPUT_MAX];
	const char *srcdir = getenv("srcdir");
	char dir[1024], path[2048];
	struct dirent *e;
	unsigned files = 0;
	size_t n, cut;
	DIR *d;

	snprintf(dir, sizeof dir, "%s/test/fuzz/corpus/%s",
	    srcdir != NULL ? srcdir : ".", CORPUS);
	d = opendir(dir);
	if (d == NULL) {
		perror(dir);
		return 1;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		n = slurp(path, buf);
		for (cut = 0; cut <= n; cut++)
			run(buf, cut);
		files++;
	}
	closedir(d);
	printf("%s: %u files\n", CORPUS, files);
	return files > 0 ? 0 : 1;
}
