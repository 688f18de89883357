// Package say is text for people before its language is chosen: flows say what
// is to be read, and the view that draws it puts it into the reader's language.
package say

import (
	"fmt"
	"strings"
)

// Text is a sentence with its arguments, or a name that is the same in every
// language. The zero value is empty. Two texts are equal where reflect.DeepEqual says so.
type Text struct {
	key   string // Chinese, with fmt verbs; the key of its translations
	args  []any
	plain bool
}

// Words finds a key in the reader's language. count chooses between singular and
// plural where a language has them.
type Words func(key string, count int) string

// T makes a text from its Chinese form. It has fmt verbs where it has arguments,
// which may be texts; a translation may order them anew ("%[2]s %[1]s").
func T(chinese string, args ...any) Text { return Text{key: chinese, args: args} }

// Plain is a name, a title or a number, which no language changes.
func Plain(s string) Text { return Text{key: s, plain: s != ""} }

// Both is a sentence of the data, which has it in Chinese and maybe in English:
// a title, or whom an activity is for. Where one is missing the other is read.
func Both(chinese, english string) Text {
	switch {
	case english == "" || chinese == english:
		return Plain(chinese)
	case chinese == "":
		return Plain(english)
	}
	return T("%[1]s", Plain(chinese), Plain(english)) // the English of this key is "%[2]s"
}

// Join puts a separator, itself translated, between the texts that are not empty.
func Join(separator string, texts ...Text) Text {
	return chain(texts, func(all, t Text) Text { return T("%s%s%s", all, T(separator), t) })
}

// Sentences puts whole sentences behind each other.
func Sentences(texts ...Text) Text {
	return chain(texts, func(all, t Text) Text { return T("%s%s", all, t) }) // some languages put a space here
}

func chain(texts []Text, link func(all, t Text) Text) Text {
	var all Text
	for _, t := range texts {
		switch {
		case t.Empty():
		case all.Empty():
			all = t
		default:
			all = link(all, t)
		}
	}
	return all
}

// Empty reports whether there is nothing to read.
func (t Text) Empty() bool { return t.key == "" }

// String is the text in Chinese.
func (t Text) String() string { return t.In(func(key string, _ int) string { return key }) }

// In is the text in the language of the words.
func (t Text) In(words Words) string {
	if t.plain || t.key == "" {
		return t.key
	}
	count, args := 0, make([]any, len(t.args))
	for i := len(t.args) - 1; i >= 0; i-- {
		switch arg := t.args[i].(type) {
		case Text:
			args[i] = arg.In(words)
		case int:
			args[i], count = arg, arg // the first number counts what the sentence is about
		default:
			args[i] = arg
		}
	}
	form := words(t.key, count)
	if len(args) == 0 && !strings.Contains(form, "%%") {
		return form
	}
	return fmt.Sprintf(form, args...)
}
