package look

import (
	"reflect"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Walk visits what can be seen of an object and of everything in it, from the
// outside in. Fyne's own widgets are visited, but not what they are made of.
func Walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	visit(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			Walk(child, visit)
		}
	case *container.Scroll:
		Walk(o.Content, visit)
	case fyne.Widget:
		if !strings.HasPrefix(reflect.TypeOf(o).Elem().PkgPath(), "yizhan/") {
			return
		}
		for _, child := range o.CreateRenderer().Objects() { // of ours these keep what they draw in the widget itself
			Walk(child, visit)
		}
	}
}

// Reads gives what a person reads on an object itself; empty for most.
func Reads(o fyne.CanvasObject) string {
	if t, ok := o.(*Text); ok {
		return t.text
	}
	return ""
}

// ReadsIn gives all that can be read on an object.
func ReadsIn(o fyne.CanvasObject) string {
	var words []string
	Walk(o, func(o fyne.CanvasObject) {
		if text := Reads(o); text != "" {
			words = append(words, text)
		}
	})
	return strings.Join(words, " ")
}
