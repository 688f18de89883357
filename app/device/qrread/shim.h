#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// The text of a symbol: the caller frees bytes, which is null where there was none.
struct shim_text {
	char *bytes;
	int length;
};

// Looks for one QR code in a grey picture. Binarizers: 0 local, 1 global, 2 none.
// It never throws.
void shim_read(const unsigned char *pixels, int width, int height, int stride, int binarizer, struct shim_text *found);

#ifdef __cplusplus
}
#endif
