package pinyin

import (
	"slices"
	"strings"
	"testing"

	spell "github.com/mozillazg/go-pinyin"
)

func TestReadings(t *testing.T) {
	for r, want := range map[rune]string{'单': "dan chan shan", '女': "nv ru", '略': "lue", '绿': "lv lu", '中': "zhong", '驿': "yi", '站': "zhan", 'a': "", '*': "", '·': "", '1': ""} {
		if got := strings.Join(Readings(r), " "); got != want {
			t.Errorf("%c is read %q, want %q", r, got, want)
		}
	}
}

// Every reading in the library is a syllable of the table, but for a few sounds that
// are no syllables and stand beside others.
func TestEveryCharacterCanBeTyped(t *testing.T) {
	silent := 0
	for r := range spell.PinyinDict {
		if r < 0x9fff && len(Readings(rune(r))) == 0 {
			silent++
		}
	}
	if silent > 40 { // 呣, 呒 and the like
		t.Errorf("%d characters have no reading", silent)
	}
	if !slices.IsSorted(Syllables) || len(slices.Compact(slices.Clone(Syllables))) != len(Syllables) {
		t.Error("the syllables are not in order")
	}
	for _, s := range Syllables {
		if len(s) > Longest {
			t.Errorf("%s has more than %d letters", s, Longest)
		}
	}
}

func TestSounds(t *testing.T) {
	for name, want := range map[string]string{
		"单雄信":    "shan xiong xin",
		"雄单":     "xiong dan",
		"单":      "shan",
		"尉迟恭":    "yu chi gong",
		"尉迟":     "wei chi", // a family name of one character and a given name
		"长孙无忌":   "zhang sun wu ji",
		"长江":     "chang jiang",
		"盖丽":     "ge/gai li",
		"区查":     "ou cha",
		"卜算子":    "bu suan zi",
		"吾布力·艾山": "wu bu li ai shan",
		" Ana 华": "ana hua",
		"":       "",
		"***":    "",
		"解·1珍 ":  "xie zhen",
		"万俟卨":    "mo qi xie",
		"欧阳翠花":   "ou yang cui hua",
	} {
		var got []string
		for _, s := range Sounds(name) {
			got = append(got, strings.Join(s.Readings[:s.Usual], "/"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is read %q, want %q", name, strings.Join(got, " "), want)
		}
	}
}

// The table may hold nothing that would never be found by it.
func TestFamilyTable(t *testing.T) {
	for name, sounds := range family {
		if len([]rune(name)) != len(sounds) || len(sounds) > 2 {
			t.Errorf("%s has %d sounds", name, len(sounds))
		}
		for _, readings := range sounds {
			for _, r := range readings {
				if !IsSyllable(r) {
					t.Errorf("%s: %s is no syllable", name, r)
				}
			}
		}
	}
}
