package lookup

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/id"
	"yizhan/core/pinyin"
)

func TestFamilyNames(t *testing.T) {
	for name, queries := range map[string]string{
		"单雄信":     "shanxiongxin sxx shan danxiongxin dxx 单 单xx 雄信 shanxx",
		"曾国强":     "zenggq zgq zengguo ceng cgq zeng",
		"解海龙":     "xiehailong xhl jie jhl",
		"仇英":      "qiuying qy chouying",
		"区婉仪":     "ouwanyi owy quwy",
		"查良":      "zhaliang zl chal",
		"任建国":     "renjianguo rjg",
		"华小明":     "huaxm hxm",
		"盖丽":      "geli gl gaili",
		"尉迟恭":     "yuchigong ycg weichi 尉迟 gong",
		"长孙无忌":    "zhangsunwuji zswj zhsunwj changsun cs wuji",
		"朴正花":     "piaozhenghua pzh pu",
		"万俟卨":     "moqixie mqx",
		"吕绿":      "lvlv lülü ll lülv",
		"略阳":      "lueyang ly lüeyang",
		"欧阳娜娜":    "ouyangnana oynn ouynn oyang",
		"买买提·吐尔逊": "maimaitituerxun mmttex 买买提吐 mmt",
		"Aygul 李": "aygul ayg aygulli",
		"张伟":      "zhangwei zw zhw zhangw zhang zh zhan z weI ZW ＺＷ",
	} {
		n := NewName(name, nil)
		for query := range strings.FieldsSeq(queries) {
			if Parse(query).Match(n) == 0 {
				t.Errorf("%s does not find %s", query, name)
			}
		}
	}
}

func TestOthersAreNotFound(t *testing.T) {
	n := NewName("单雄信", nil)
	for query := range strings.FieldsSeq("sxxx axx shanxiongxinx sxz 单信 xsx hx shangx") {
		if Parse(query).Match(n) > 0 {
			t.Errorf("%s finds 单雄信", query)
		}
	}
}

// A desk that only knows 李*华 and LXH still finds 李小华, and by nothing else.
func TestMasked(t *testing.T) {
	plain := NewName("李小华", nil)
	n := NewName("李*华", plain.Initials())
	for query, want := range map[string]bool{"lixiaohua": true, "lxh": true, "lxiaoh": true, "李小华": true, "李xh": true, "lixu": true, "xiaohua": true,
		"lizhaohua": false, "lzh": false, "李小花": false, "lixxh": false} {
		if got := Parse(query).Match(n) > 0; got != want {
			t.Errorf("%s finds 李*华: %v", query, got)
		}
	}
	unknown := NewName("李**", nil)
	if Parse("lixh").Match(unknown) > 0 || Parse("李小华").Match(unknown) == 0 || Parse("li").Match(unknown) == 0 {
		t.Error("without initials the stars are Chinese characters only")
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string][]string{"李小华": {"LXH"}, "单小华": {"SXH", "DXH", "CXH"}, "": nil, "**": nil, "尉迟恭": {"YCG", "WCG"}} {
		if got := NewName(name, nil).Initials(); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for typed, want := range map[string]struct{ text, tail string }{
		"lxh 0001": {"lxh", "0001"}, "李小华0001": {"李小华", "0001"}, "0001": {"", "0001"}, "10012340001": {"", "0001"}, "001": {"", ""},
		" Li'xiao-HUA ": {"lixiaohua", ""}, "１２３４": {"", "1234"}, strings.Repeat("x", 99): {strings.Repeat("x", 40), ""}, "": {"", ""}, "'%;--": {"", ""},
	} {
		q := Parse(typed)
		if string(q.text) != want.text || q.Tail != want.tail || q.Empty() != (want.text+want.tail == "") || q.Named() != (want.text != "") {
			t.Errorf("%q is %q and %q, want %+v", typed, string(q.text), q.Tail, want)
		}
	}
}

// The better a name fits, the earlier it comes: whole before begun, usual readings
// before others, family name before given name.
func TestOrder(t *testing.T) {
	people := []string{"任单", "单杰明", "单杰", "山杰", "丹杰", "单解"}
	for query, want := range map[string]string{
		"shanjie": "单杰 山杰 单解 单杰明",
		"danjie":  "丹杰 单杰 单解 单杰明",
		"sj":      "单杰 山杰 单解 单杰明",
		"单杰":      "单杰 单杰明",
		"dan":     "丹杰 单杰明 单杰 单解 任单",
	} {
		var list []Candidate
		for _, p := range people {
			list = append(list, Candidate{Name: NewName(p, nil)})
		}
		var got []string
		for _, i := range Find(Parse(query), list) {
			got = append(got, people[i])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s finds %s, want %s", query, strings.Join(got, " "), want)
		}
	}
}

func TestLastFour(t *testing.T) {
	list := []Candidate{
		{Member: "m-1", Name: NewName("李小华", nil), Mark: Mark("m-1", "0001")},
		{Member: "m-2", Name: NewName("李晓花", nil), Mark: Mark("m-2", "0002")},
		{Member: "m-3", Name: NewName("李星火", nil)},
	}
	for query, want := range map[string][]int{"lxh": {0, 1, 2}, "lxh0001": {0}, "lxh 0002": {1}, "0002": {1}, "lxh 9876": nil, "": nil, "12": nil} {
		if got := Find(Parse(query), list); !slices.Equal(got, want) {
			t.Errorf("%q finds %v, want %v", query, got, want)
		}
	}
}

// A mark fits the right number always, and one wrong number in about 256.
func TestMarks(t *testing.T) {
	const m = id.Member("m-1001")
	mark, same := Mark(m, "0001"), 0
	for n := range 10_000 {
		if string(Mark(m, string([]byte{'0' + byte(n/1000), '0' + byte(n/100%10), '0' + byte(n/10%10), '0' + byte(n%10)}))) == string(mark) {
			same++
		}
	}
	if len(mark) != 1 || same < 20 || same > 70 {
		t.Errorf("%d numbers have the same mark of %d bytes, want about 39 of one", same, len(mark))
	}
}

// Whatever is typed of a name, in whatever mixture, finds it; and nothing typed is
// slow or panics.
func TestAnyMixtureFinds(t *testing.T) {
	names := []string{"单雄信", "尉迟恭", "欧阳修", "解晓东", "长孙无忌", "曾志伟", "吕布", "行如风"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "name")
		var typed strings.Builder
		for _, s := range pinyin.Sounds(name) {
			reading := rapid.SampledFrom(s.Readings).Draw(t, "reading")
			typed.WriteString(rapid.SampledFrom([]string{string(s.Rune), reading, reading[:1], reading + "'"}).Draw(t, "typed"))
		}
		if Parse(typed.String()).Match(NewName(name, nil)) == 0 {
			t.Fatalf("%s does not find %s", &typed, name)
		}
		Parse(rapid.String().Draw(t, "anything")).Match(NewName(rapid.String().Draw(t, "a name"), []string{"ABC"}))
	})
}

func BenchmarkMatch(b *testing.B) {
	n, q := NewName("单雄信", nil), Parse("shanxx")
	for b.Loop() {
		q.Match(n)
	}
}
