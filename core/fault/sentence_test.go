package fault

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Every value that can reach a screen has a sentence and a next step of its own.
func TestEveryValueHasWords(t *testing.T) {
	type spoken interface {
		String() string
		Sentence() string
		Next() string
	}
	var all []spoken
	for i := 1; i < len(codeNames); i++ {
		all = append(all, Code(i))
	}
	for i := 1; i < len(verdictNames); i++ {
		all = append(all, Verdict(i))
	}
	for i := 1; i < len(kindNames); i++ {
		all = append(all, Kind(i))
	}
	for _, v := range all {
		for _, s := range []string{v.Sentence(), v.Next()} {
			if n := utf8.RuneCountInString(s); n < 5 || n > 32 {
				t.Errorf("%T %v: %q has %d characters, want 5 to 32", v, v, s, n)
			}
			if strings.Contains(s, "编号") {
				t.Errorf("%T %v has no sentence of its own", v, v)
			}
			if !strings.HasSuffix(s, "。") {
				t.Errorf("%T %v: %q does not end like a sentence", v, v, s)
			}
		}
	}
	if len(codeWords) != len(codeNames)-1 || len(verdictWords) != len(verdictNames)-1 || len(kindWords) != len(kindNames)-1 {
		t.Error("a table of sentences has values that the list of names lacks")
	}
}

func TestNothingIsSilentAndNewerIsNamed(t *testing.T) {
	if None.Sentence() != "" || NoVerdict.Next() != "" || NoFault.Sentence() != "" {
		t.Error("the zero value says something")
	}
	if s := Code(200).Sentence(); !strings.Contains(s, "200") {
		t.Errorf("a code from a newer server reads %q, want its number", s)
	}
	if Code(200).Next() == "" {
		t.Error("a code from a newer server has no next step")
	}
}
