//go:build cgo && linux && !android && !nozxing

#define ZX_USE_UTF8
#include <ReadBarcode.h>

#include <cstdlib>
#include <cstring>

#include "shim.h"

using namespace ZXing;

// No exception may leave this function: Go cannot catch it, and the program would
// end in front of a queue.
void shim_read(const unsigned char *pixels, int width, int height, int stride, int binarizer, struct shim_text *found)
{
	static const Binarizer binarizers[] = {Binarizer::LocalAverage, Binarizer::GlobalHistogram, Binarizer::FixedThreshold};
	found->bytes = nullptr;
	found->length = 0;
	try {
		DecodeHints hints;
		hints.setFormats(BarcodeFormat::QRCode).setMaxNumberOfSymbols(1);
		hints.setTryHarder(true).setTryRotate(false).setTryDownscale(false); // symbols are found from every side; sizes are the caller's
		hints.setBinarizer(binarizers[binarizer]);
		Result result = ReadBarcode(ImageView(pixels, width, height, ImageFormat::Lum, stride), hints);
		if (!result.isValid())
			return;
		std::string text = result.text();
		found->bytes = static_cast<char *>(std::malloc(text.size() + 1));
		if (!found->bytes)
			return;
		std::memcpy(found->bytes, text.data(), text.size());
		found->length = static_cast<int>(text.size());
	} catch (...) {
	}
}
