// Package assets holds files that travel inside the program. It has no logic.
package assets

import "embed"

// Fonts is the folder of fonts. `make fonts` fills it at build time; without
// that it holds only its README and the program uses the system's fonts.
//
//go:embed fonts
var Fonts embed.FS

// Voice is the folder of fixed phrases. `make voice` fills it at build time; without
// that it holds only its README.
//
//go:embed voice
var Voice embed.FS

// English is the folder of translations into English, a file for each part of the app.
//
//go:embed translations/en
var English embed.FS

// Pinyin is the folder of the words of the pinyin keyboard. `make pinyin` fills it at
// build time; without that the keyboard types single characters.
//
//go:embed pinyin
var Pinyin embed.FS
