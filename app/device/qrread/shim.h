#pragma once

#ifdef __cplusplus
extern "C" {
#endif

enum { SHIM_NONE = 0, SHIM_READ = 1, SHIM_FAILED = 2 };

// What one search gave. text is the caller's to free; it is set only for SHIM_READ.
struct shim_found {
	int state;
	char *text;
	int length;
};

// Looks for one QR code in a grey picture. Never throws; writes only found.
void shim_read(const unsigned char *pixels, int width, int height, int stride, int global, int pure,
	struct shim_found *found);

#ifdef __cplusplus
}
#endif
