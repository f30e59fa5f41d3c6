/*
 * files.h - a directory for the files of one test.
 *
 * files_start() makes it and goes there, so names in a test are relative, as
 * %include and auth_file are; files_stop() removes it.
 */
#ifndef TEST_UNIT_FILES_H
#define TEST_UNIT_FILES_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char files_dir[64];

static void
files_start(void)
{
	strcpy(files_dir, "/tmp/pgweir-test-XXXXXX");
	ck_assert(mkdtemp(files_dir) != NULL);
	ck_assert_int_eq(chdir(files_dir), 0);
}

static void
files_stop(void)
{
	DIR *d = opendir(".");
	struct dirent *e;

	ck_assert(d != NULL);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			unlink(e->d_name);
	closedir(d);
	ck_assert_int_eq(chdir("/"), 0);
	rmdir(files_dir);
}

__attribute__((unused))
static void
files_put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert(f != NULL);
	ck_assert(fputs(text, f) >= 0);
	ck_assert_int_eq(fclose(f), 0);
}

#endif
