package roster

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// pieces are what worksheets are made of, well-formed and not.
var pieces = []string{
	`<row r="2">`, `<row>`, `</row>`, `<row r="9"/>`, `<x:row r="4">`, `</x:row>`, `<c r="B2" t="inlineStr">`, `<c t="s">`, `<c r='C3'>`, `<c r="B2" s="1"/>`, `</c>`, `</c >`,
	`<v>`, `</v>`, `<is>`, `<t xml:space="preserve">`, `<t>`, `</t>`, `</is>`, `<v/>`, `<rPh sb="0">`, `</rPh>`, `1`, ` 7 `, `李小华`, `a&amp;b`, `&lt;`, `&#20013;`, `&nope;`, `&amp`,
	`<mergeCell ref="A1:B2"/>`, `<mergeCell ref="A1&#58;B2"/>`, "\r\n", "\n", "\t", `<!-- <v> -->`, `<![CDATA[5]]>`, `]]>`, `<?php x?>`, `<c r="A1" r="B1">`, `<c r="A>1">`, `<c r=A1>`, `<c r = "A1">`,
	`<1>`, `<>`, `< v>`, `</>`, `<`, `>`, "\x01", "\xff", "\uFFFE", `<a:b:c>`, `_x000D_`, `<sheetData>`, `</sheetData>`, `<t/>`, `<v a="1"b="2">`, `<row r="2" >`,
}

// TestScan: whatever the file holds, the quick reader either gives what encoding/xml
// gives, or leaves it to that.
func TestScan(t *testing.T) {
	scanned := 0
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 30).Draw(rt, "pieces"), "")
		if rapid.Bool().Draw(rt, "common") { // mostly what real files hold
			text = strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces[:25]), 0, 60).Draw(rt, "common pieces"), "")
		}
		head := rapid.SampledFrom([]string{"", `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`, `<?xml version="1.0" encoding="GBK"?>`}).Draw(rt, "head")
		data := []byte(head + text)
		var quick, whole sheet
		done, err := quick.scanCells(data, []string{"零", "一"})
		if !done {
			return
		}
		scanned++
		want := whole.parseCells(data, []string{"零", "一"})
		if (err == nil) != (want == nil) || err == nil && !reflect.DeepEqual(quick, whole) {
			rt.Fatalf("%q\nquick %+v, %v\nwhole %+v, %v", data, quick, err, whole, want)
		}
	})
	if scanned == 0 {
		t.Error("nothing was read quickly")
	}
}

// TestScanRealSheet: what excelize writes is read quickly.
func TestScanRealSheet(t *testing.T) {
	row := `<row r="2"><c r="A2" t="inlineStr"><is><t>李小华</t></is></c><c r="B2"><v>36526</v></c><c r="C2" t="s"><v>1</v></c></row>`
	var s sheet
	done, err := s.scanCells([]byte(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`+row+`</sheetData></worksheet>`), []string{"", "女"})
	want := []cell{{text: "李小华"}, {text: "36526", number: true}, {text: "女"}}
	if !done || err != nil || len(s.rows) != 1 || !reflect.DeepEqual(s.rows[0].cells, want) {
		t.Errorf("read %+v, %v, %v", s.rows, done, err)
	}
}
