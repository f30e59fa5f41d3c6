/* target.h - the function that libFuzzer and replay.c call. */
#ifndef TEST_FUZZ_TARGET_H
#define TEST_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
	/* Any bytes; aborts if what they lead to is wrong. Returns 0. */

#endif
