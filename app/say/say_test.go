package say

import (
	"reflect"
	"testing"
)

func TestTextIsReadInTheReadersLanguage(t *testing.T) {
	english := func(key string, count int) string {
		switch {
		case key == "%d 张" && count == 1:
			return "%d ticket"
		case key == "%s%s":
			return "%s %s"
		}
		return map[string]string{"%d 张": "%d tickets", "%s在%s领取。": "Collect at %[2]s, %[1]s.", "、": ", ", "%s%s%s": "%s%s%s", "今天": "today",
			"已领 100%%。": "100%% collected.", "好。": "Good.", "“%s”": "“%s”", "%[1]s": "%[2]s"}[key]
	}
	for _, c := range []struct {
		text             Text
		chinese, english string
	}{
		{Text{}, "", ""},
		{Plain("50% 仙桥站"), "50% 仙桥站", "50% 仙桥站"},
		{T("%d 张", 1), "1 张", "1 ticket"},
		{T("%d 张", 2), "2 张", "2 tickets"},
		{T("%s在%s领取。", T("今天"), Plain("仙桥站")), "今天在仙桥站领取。", "Collect at 仙桥站, today."},
		{T("已领 100%%。"), "已领 100%。", "100% collected."},
		{Join("、", T("%d 张", 1), Text{}, Plain("A"), Plain("B")), "1 张、A、B", "1 ticket, A, B"},
		{Sentences(T("好。"), Text{}, T("好。")), "好。好。", "Good. Good."},
		{Join("、"), "", ""},
		{Both("仅限女会员", "women only"), "仅限女会员", "women only"},
		{Both("仅限女会员", ""), "仅限女会员", "仅限女会员"},
		{Both("", "women only"), "women only", "women only"},
		{Both("", ""), "", ""},
	} {
		if got := c.text.String(); got != c.chinese {
			t.Errorf("in Chinese %q, want %q", got, c.chinese)
		}
		if got := c.text.In(english); got != c.english {
			t.Errorf("in English %q, want %q", got, c.english)
		}
		if c.text.Empty() != (c.chinese == "") {
			t.Errorf("%q: empty is %v", c.chinese, c.text.Empty())
		}
	}
	if !reflect.DeepEqual(T("%d 张", 1), T("%d 张", 1)) || reflect.DeepEqual(T("%d 张", 1), T("%d 张", 2)) {
		t.Error("a view cannot see whether a text has changed")
	}
}
