package look

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"yizhan/app/say"
)

// Languages that the app speaks, as Fyne names them.
const (
	Chinese = fyne.Locale("zh-Hans")
	English = fyne.Locale("en")
)

// Locale is the language of a stored name, "zh" or "en"; Chinese for any other.
func Locale(name string) fyne.Locale {
	if name == "en" {
		return English
	}
	return Chinese
}

// Speak makes the app speak a language from now on; pages that are drawn already
// stay as they are. The files (assets/translations/en) hold each Chinese text with
// its English one, or with {"one": …, "other": …}.
func Speak(language fyne.Locale, english fs.FS) error {
	texts := map[string]any{}
	err := fs.WalkDir(english, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(english, name)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(body, &texts); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read translations: %w", err)
	}
	// Fyne's messages need both numbers wherever one is counted, and its Chinese has to know a text to prefer it to the English one.
	en, zh := map[string]any{}, map[string]any{}
	for key, text := range texts {
		zh[key] = map[string]any{"one": key, "other": key}
		en[key] = text
		if one, ok := text.(string); ok {
			en[key] = map[string]any{"one": one, "other": one}
		}
	}
	// Fyne asks the system which language to speak, and has no other switch.
	if err := errors.Join(os.Setenv("LC_ALL", ""), os.Setenv("LC_MESSAGES", ""), os.Setenv("LANG", "zh_CN.UTF-8"), os.Setenv("LANGUAGE", string(language))); err != nil {
		return fmt.Errorf("choose the language: %w", err)
	}
	return errors.Join(add(en, English), add(zh, Chinese))
}

func add(texts map[string]any, to fyne.Locale) error {
	body, err := json.Marshal(texts)
	if err != nil {
		return fmt.Errorf("write translations: %w", err)
	}
	return lang.AddTranslationsForLocale(body, to)
}

// Say is a text in the language that the app speaks.
func Say(t say.Text) string {
	return t.In(Words)
}

// Words finds a key in the language that the app speaks.
func Words(key string, count int) string { return lang.LocalizePlural(key, count) }
