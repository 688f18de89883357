// Package jsoncheck compares a JSON document with the Go type that it is meant
// for and names every key and value that does not fit, with its path and line:
// encoding/json alone stops at the first mistake and does not say where it is.
package jsoncheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Problem is one mistake in a document.
type Problem struct {
	Path string // "pools[0].total"; empty for the document itself
	Line int    // from 1; 0 where no line is known
	What string
}

func (p Problem) String() string {
	at := p.Path
	if p.Line > 0 {
		at = strings.TrimPrefix(fmt.Sprintf("%s (line %d)", at, p.Line), " ")
	}
	return strings.TrimPrefix(at+": "+p.What, ": ")
}

// Problems is a list of mistakes that is also an error.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// With adds what was found by reading the decoded document, with its lines; what
// stands at a place that was wrong already is left out.
func (ps Problems) With(more Problems, data []byte) Problems {
	known, lines := len(ps), Lines(data)
	for _, p := range more {
		if !slices.ContainsFunc(ps[:known], func(old Problem) bool { return old.Path == p.Path }) {
			p.Line = lines[p.Path]
			ps = append(ps, p)
		}
	}
	return ps
}

// Decode checks data against the type of into and decodes what fits, so that the
// reader can look for more mistakes. The error is Problems.
func Decode(data []byte, into any) error {
	coding := encoded(data)
	data = bytes.TrimPrefix(data, []byte(mark))
	w := walker{data: data, dec: json.NewDecoder(bytes.NewReader(data)), problems: coding}
	w.dec.UseNumber()
	if err := w.value("", reflect.TypeOf(into).Elem()); errors.Is(err, io.EOF) {
		w.add("", "the document ends too early")
	} else if errors.Is(err, errDeep) {
		w.add("", err.Error())
	} else if err != nil {
		w.add("", "not JSON: "+err.Error())
	} else if _, err := w.dec.Token(); err != io.EOF {
		w.add("", "something follows the end of the document")
	}
	err := json.Unmarshal(w.readable(), into)
	switch {
	case len(w.problems) > 0:
		return w.problems
	case err != nil:
		return Problems{{What: err.Error()}}
	}
	return nil
}

// mark is the byte order mark that Windows editors put before UTF-8.
const mark = "\ufeff"

// encoded refuses what is not UTF-8, as Windows editors save it: encoding/json
// would quietly put a replacement character in the place of every wrong byte.
func encoded(data []byte) Problems {
	if bytes.HasPrefix(data, []byte(mark)) {
		return Problems{{Line: 1, What: "begins with a byte order mark; save it as UTF-8 without one (without BOM)"}}
	}
	if utf8.Valid(data) {
		return nil
	}
	valid := 0
	for {
		r, n := utf8.DecodeRune(data[valid:])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		valid += n
	}
	return Problems{{Line: 1 + bytes.Count(data[:valid], []byte("\n")), What: "not UTF-8; save the file as UTF-8"}}
}

type walker struct {
	data     []byte
	dec      *json.Decoder
	problems Problems
	lines    map[string]int // nil unless wanted
	wrong    [][2]int       // from and to of values that refused to read themselves
	depth    int            // of the value that is being read
}

// maxDepth bounds nesting: every level costs stack and a longer path, and a
// hostile document has as many levels as bytes.
const maxDepth = 100

var errDeep = fmt.Errorf("more than %d levels stand inside each other", maxDepth)

// readable is the document without the values that refused to read themselves:
// encoding/json would stop at the first of them and lose all that follows. A type
// that reads itself must take null as no value, as json.Unmarshaler says.
func (w *walker) readable() []byte {
	var out []byte
	last := 0
	for _, r := range w.wrong {
		out = append(append(out, w.data[last:r[0]]...), "null"...)
		last = r[1]
	}
	return append(out, w.data[last:]...)
}

func (w *walker) add(path, what string) {
	w.problems = append(w.problems, Problem{path, w.line(), what})
}

func (w *walker) line() int {
	return 1 + bytes.Count(w.data[:min(int(w.dec.InputOffset()), len(w.data))], []byte("\n"))
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// value reads one JSON value; t nil means that its place is unknown already.
func (w *walker) value(path string, t reflect.Type) error {
	if w.depth++; w.depth > maxDepth {
		return errDeep
	}
	defer func() { w.depth-- }()
	start := int(w.dec.InputOffset())
	tok, err := w.dec.Token()
	if err != nil {
		return err
	}
	line := w.line()
	if w.lines != nil {
		w.lines[path] = line
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() == reflect.Interface || !reflect.PointerTo(t).Implements(unmarshaler) {
		return w.inside(path, t, tok)
	}
	if err := w.inside(path, nil, tok); err != nil || tok == nil {
		return err
	}
	// The type reads itself; what it finds is wrong stands below this path.
	end := int(w.dec.InputOffset())
	raw := bytes.TrimLeft(w.data[start:end], " \t\r\n,:")
	err = reflect.New(t).Interface().(json.Unmarshaler).UnmarshalJSON(raw)
	if err != nil {
		w.wrong = append(w.wrong, [2]int{end - len(raw), end})
	}
	var below Problems
	switch {
	case errors.As(err, &below):
		for _, p := range below {
			p.Path = strings.TrimSuffix(path+"."+p.Path, ".")
			p.Line = line + max(p.Line, 1) - 1
			w.problems = append(w.problems, p)
		}
	case err != nil:
		w.problems = append(w.problems, Problem{path, line, err.Error()})
	}
	return nil
}

// inside reads what follows the first token of a value.
func (w *walker) inside(path string, t reflect.Type, tok json.Token) error {
	if t != nil && t.Kind() == reflect.Interface {
		t = nil
	}
	switch tok {
	case json.Delim('{'):
		return w.object(path, t)
	case json.Delim('['):
		return w.array(path, t)
	}
	if t != nil && tok != nil {
		w.scalar(path, t, tok)
	}
	return nil
}

func (w *walker) object(path string, t reflect.Type) error {
	fields := map[string]reflect.Type{}
	open := t == nil
	switch {
	case t == nil:
	case t.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				fields[name] = f.Type
			}
		}
	case t.Kind() == reflect.Map:
		open = true
	default:
		w.add(path, "an object stands where "+words(t)+" is meant")
		open, t = true, nil
	}
	seen := map[string]bool{}
	for w.dec.More() {
		tok, err := w.dec.Token()
		if err != nil {
			return err
		}
		key := tok.(string)
		inner, known := fields[key]
		if t != nil && t.Kind() == reflect.Map {
			inner = t.Elem()
		}
		at := strings.TrimPrefix(path+"."+key, ".")
		switch {
		case seen[key]:
			w.add(at, "this key stands twice")
		case !known && !open:
			w.add(at, "unknown key"+nearest(key, fields))
		}
		seen[key] = true
		if err := w.value(at, inner); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

func (w *walker) array(path string, t reflect.Type) error {
	var inner reflect.Type
	switch {
	case t == nil:
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		inner = t.Elem()
	default:
		w.add(path, "a list stands where "+words(t)+" is meant")
	}
	for i := 0; w.dec.More(); i++ {
		if err := w.value(path+"["+strconv.Itoa(i)+"]", inner); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

func (w *walker) scalar(path string, t reflect.Type, tok json.Token) {
	ok := false
	switch v := tok.(type) {
	case string:
		ok = t.Kind() == reflect.String
	case bool:
		ok = t.Kind() == reflect.Bool
	case json.Number:
		_, err := v.Int64()
		ok = t.Kind() == reflect.Float64 || (t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64 && err == nil)
	}
	if !ok {
		w.add(path, fmt.Sprintf("%v stands where %s is meant", tok, words(t)))
	}
}

func words(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// nearest offers the known keys, so that a typing mistake is found at a glance.
func nearest(key string, fields map[string]reflect.Type) string {
	for name := range fields {
		if strings.EqualFold(name, key) || strings.TrimSuffix(name, "s") == strings.TrimSuffix(key, "s") ||
			strings.ReplaceAll(name, "_", "") == strings.ReplaceAll(strings.ToLower(key), "_", "") {
			return fmt.Sprintf(" (did you mean %q?)", name)
		}
	}
	return ""
}

// Lines maps the path of every value of a document to its line, for mistakes
// that only the reader of the document can find.
func Lines(data []byte) map[string]int {
	w := walker{data: data, dec: json.NewDecoder(bytes.NewReader(data)), lines: map[string]int{}}
	if err := w.value("", nil); err != nil {
		return nil
	}
	return w.lines
}
