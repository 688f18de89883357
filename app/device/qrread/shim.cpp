//go:build cgo && linux && !android && !nozxing

#define ZX_USE_UTF8
#include <ReadBarcode.h>

#include <cstdlib>
#include <cstring>

#include "shim.h"

using namespace ZXing;

// No exception may leave this function: Go cannot catch it, and the program
// would end in front of a queue.
void shim_read(const unsigned char *pixels, int width, int height, int stride, int global, int pure,
	struct shim_found *found)
{
	std::memset(found, 0, sizeof *found);
	try {
		DecodeHints hints;
		hints.setFormats(BarcodeFormat::QRCode);
		hints.setTryHarder(true).setTryRotate(false).setMaxNumberOfSymbols(1);
		hints.setTryDownscale(false);
		hints.setIsPure(pure);
		hints.setBinarizer(global ? Binarizer::GlobalHistogram : Binarizer::LocalAverage);
		Result r = ReadBarcode(ImageView(pixels, width, height, ImageFormat::Lum, stride), hints);
		if (!r.isValid())
			return;
		std::string text = r.text();
		found->text = static_cast<char *>(std::malloc(text.size() + 1));
		if (!found->text) {
			found->state = SHIM_FAILED;
			return;
		}
		std::memcpy(found->text, text.data(), text.size());
		found->length = static_cast<int>(text.size());
		found->state = SHIM_READ;
	} catch (...) {
		found->state = SHIM_FAILED;
	}
}
