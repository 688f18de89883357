package shell

import (
	"io/fs"
	"log/slog"
	"sync"

	"yizhan/app/flow/ime"
	"yizhan/assets"
)

// Words is the dictionary of the pinyin keyboard, read when it is wanted first. A
// program that was built without one has single characters, and the keyboard says so.
var Words = sync.OnceValue(func() *ime.Dict {
	text, err := fs.ReadFile(assets.Pinyin, "pinyin/words.txt")
	if err == nil {
		var words *ime.Dict
		if words, err = ime.Load(string(text)); err == nil {
			return words
		}
	}
	slog.Warn("no pinyin words in this build, typing single characters: run `make pinyin` and build again", "error", err)
	return ime.Characters()
})
