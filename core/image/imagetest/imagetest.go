// Package imagetest compares what was read from an image with what was written.
package imagetest

import (
	"fmt"
	"reflect"
	"time"
)

// Differ says where two graphs are not alike, "" where they are: every field but those
// tagged image:"-", and also which pointers and maps lead to the same thing. Of funcs and
// interfaces only whether they are nil is compared. Nothing may be shared by both.
func Differ(a, b any) string {
	w := walk{there: map[uintptr]uintptr{}, back: map[uintptr]uintptr{}, been: map[typed]bool{}}
	if d := w.differ(reflect.ValueOf(a), reflect.ValueOf(b)); d != "" {
		return reflect.TypeOf(a).String() + d
	}
	return ""
}

// walk remembers which address of one graph is which of the other. A thing and its first
// field have one address: a pointer to either has to lead to the same place.
type walk struct {
	there, back map[uintptr]uintptr
	been        map[typed]bool
}

// typed is a thing as what it was visited.
type typed struct {
	p uintptr
	t reflect.Type
}

// differ gives the path to a difference, and what it is.
func (w *walk) differ(a, b reflect.Value) string {
	switch a.Kind() {
	case reflect.Pointer, reflect.Map:
		if a.IsNil() || b.IsNil() {
			return unlike(a.IsNil(), b.IsNil())
		}
		return w.things(a, b)
	case reflect.Struct:
		for i := range a.NumField() {
			f := a.Type().Field(i)
			if f.Tag.Get("image") == "-" {
				continue
			}
			if d := w.differ(a.Field(i), b.Field(i)); d != "" {
				return "." + f.Name + d
			}
		}
		return ""
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return unlike(fmt.Sprint(a.IsNil(), a.Len()), fmt.Sprint(b.IsNil(), b.Len()))
		}
		fallthrough
	case reflect.Array:
		for i := range a.Len() {
			if d := w.differ(a.Index(i), b.Index(i)); d != "" {
				return fmt.Sprintf("[%d]%s", i, d)
			}
		}
		return ""
	case reflect.Func, reflect.Interface, reflect.Chan:
		return unlike(a.IsNil(), b.IsNil())
	}
	if a.Equal(b) {
		return ""
	}
	return fmt.Sprintf(" was %v and is %v", a, b)
}

// things compares what two pointers or maps lead to.
func (w *walk) things(a, b reflect.Value) string {
	p, q := a.Pointer(), b.Pointer()
	if a.Type() == reflect.TypeFor[*time.Location]() {
		return unlike(p, q) // a zone is no thing of either
	}
	if p == q {
		return " is one thing in both"
	}
	known, seen := w.there[p]
	if of, other := w.back[q]; seen && known != q || other && of != p {
		return " leads to another thing"
	}
	w.there[p], w.back[q] = q, p
	as := typed{p, a.Type()}
	if w.been[as] {
		return ""
	}
	w.been[as] = true
	if a.Kind() == reflect.Pointer {
		return w.differ(a.Elem(), b.Elem())
	}
	if a.Len() != b.Len() {
		return unlike(a.Len(), b.Len())
	}
	for each := a.MapRange(); each.Next(); {
		v := b.MapIndex(each.Key())
		if !v.IsValid() {
			return fmt.Sprintf(" has no key %v", each.Key())
		}
		if d := w.differ(each.Value(), v); d != "" {
			return fmt.Sprintf("[%v]%s", each.Key(), d)
		}
	}
	return ""
}

func unlike[T comparable](a, b T) string {
	if a == b {
		return ""
	}
	return fmt.Sprintf(" was %v and is %v", a, b)
}
