package ime

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yizhan/assets"
)

// words is the dictionary that the app is built with.
func words(t testing.TB) *Dict {
	t.Helper()
	text, err := fs.ReadFile(assets.Pinyin, "pinyin/words.txt")
	if err != nil {
		t.Fatalf("these tests need the words, run `make pinyin`: %v", err)
	}
	d, err := Load(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func texts(all []Candidate) (list []string) {
	for _, c := range all {
		list = append(list, c.Text)
	}
	return list
}

// Each line: what is typed, and the words that must be among the first so many.
func TestCandidates(t *testing.T) {
	d := words(t)
	for _, c := range []struct {
		typed string
		among int
		want  string
	}{
		{"nihao", 1, "你好"}, {"yizhan", 1, "驿站"}, {"gonghui", 1, "工会"}, {"gh", 6, "工会"}, {"yz", 8, "驿站"},
		{"dianyingpiao", 1, "电影票"}, {"dyp", 3, "电影票"}, {"liliao", 1, "理疗"}, {"qiandao", 1, "签到"},
		{"xian", 10, "先 现 西安"}, {"xi'an", 1, "西安"}, {"fangan", 3, "方案 反感"}, {"nv", 1, "女"}, {"lv", 5, "绿"}, {"lve", 3, "略"}, {"lue", 3, "略"},
		{"zhongguo", 1, "中国"}, {"zg", 6, "中国"}, {"zhongg", 8, "中国"}, {"nih", 3, "你好"}, {"n", 8, "你"}, {"zh", 8, "这 中"},
		{"gongz", 6, "工作"}, {"shouji", 2, "手机"}, {"hw", 12, "还未"},
		{"wodehuiyuanma", 1, "我的会员码"}, {"qingwenzaifuwuzhanlingqu", 1, "请问在服务站领取"},
		{"kongtiaohuaile", 1, "空调坏了"}, {"SHOUJI", 2, "手机"},
	} {
		got := texts(d.Candidates(c.typed))
		for want := range strings.FieldsSeq(c.want) {
			if at := slices.Index(got, want); at < 0 || at >= c.among {
				t.Errorf("%s: %s is at %d of %v", c.typed, want, at, got[:min(len(got), 12)])
			}
		}
	}
}

// Longer words come first; then what the first syllables alone may be.
func TestWholePhraseThenShorter(t *testing.T) {
	d := words(t)
	all := d.Candidates("nihaoma")
	letters := len("nihaoma")
	for _, c := range all {
		if c.Letters > letters {
			t.Fatalf("%s takes %d letters after one that takes %d", c.Text, c.Letters, letters)
		}
		letters = c.Letters
	}
	if got := texts(all); !slices.Contains(got, "你好") || !slices.Contains(got, "你") {
		t.Errorf("nihaoma: %v", got)
	}
}

func TestNoPinyin(t *testing.T) {
	d := words(t)
	for _, typed := range []string{"", "'", "'''", "vvv", "i", "uuu", "ü", "1", "nihaoi", "你好"} {
		if got := d.Candidates(typed); len(got) != 0 {
			t.Errorf("%q: %v", typed, texts(got))
		}
	}
}

// Whatever is typed, candidates take at least one letter and at most all, each once.
func TestAnyTyping(t *testing.T) {
	d := words(t)
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.StringMatching(`[a-z']{0,40}`).Draw(t, "typed")
		seen := map[string]bool{}
		for _, c := range d.Candidates(typed) {
			if c.Letters < 1 || c.Letters > len(typed) || c.Text == "" || seen[c.Text] && c.Letters < len(strings.TrimRight(typed, "'")) {
				t.Fatalf("%q: %+v", typed, c)
			}
			seen[c.Text] = true
		}
	})
}

func TestCharacters(t *testing.T) {
	d := Characters()
	for typed, want := range map[string]string{"ni": "你", "nv": "女", "zhan": "站", "xian": "现"} {
		if got := texts(d.Candidates(typed)); !slices.Contains(got, want) {
			t.Errorf("%s: no %s in %v", typed, want, got)
		}
	}
	if !d.Poor() || words(t).Poor() {
		t.Error("who types cannot know that words are missing")
	}
}

func TestLoadNamesTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"a\t啊 5\nb": "line 2", "a\t啊": "line 1", "b\t不 1\na\t啊 1": "line 2 is out of order", "\t啊 1": "line 1", "a\t啊 1\na\t阿 1\n": "line 2",
	} {
		if _, err := Load(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func BenchmarkKeystroke(b *testing.B) {
	d := words(b)
	for _, typed := range []string{"z", "zsy", "gonghuihuiyuan", "shishishishishishishi", "qingwenzaifuwuzhanlingqudianyingpiao"} {
		b.Run(typed, func(b *testing.B) {
			for b.Loop() {
				d.Candidates(typed)
			}
		})
	}
}
