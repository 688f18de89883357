package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestGB2312(t *testing.T) {
	hanzi := 0
	for _, r := range gb2312() {
		if unicode.Is(unicode.Han, r) && r >= 0x4e00 {
			hanzi++
		}
	}
	if hanzi != 6763 {
		t.Errorf("%d characters, the standard has 6763", hanzi)
	}
	for _, r := range "啊门令直骨齄，。《》①Ａ" {
		if !slices.Contains(gb2312(), r) {
			t.Errorf("%c is missing", r)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, r := range "aZ09 ·“”‘’…—×÷°“（）：；！？￥○●✓−＋–" {
		if !slices.Contains(plain(), r) && !slices.Contains(gb2312(), r) {
			t.Errorf("%c is missing", r)
		}
	}
}

func TestStandardTable(t *testing.T) {
	var full strings.Builder
	full.WriteString("# comment\nU+3400\tkOther\tx\n")
	for i := range 8105 {
		fmt.Fprintf(&full, "U+%04X\tkTGH\t2013:%d\n", 0x20000+i, i+1)
	}
	if rs, err := standardTable(strings.NewReader(full.String())); err != nil || len(rs) != 8105 || rs[0] != 0x20000 {
		t.Errorf("read %d characters, %v", len(rs), err)
	}
	for _, bad := range []string{"", "U+3447\tkTGH\t2013:1\n", "U+XYZ\tkTGH\t2013:1\n"} {
		if _, err := standardTable(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken for the table", bad)
		}
	}
}
