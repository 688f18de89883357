// Package duty is what staff have to look at: tasks, and incidents that went wrong.
package duty

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"yizhan/app/flow"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Line is one thing to look at.
type Line struct {
	Title string
	Note  string
	Badge string
	Tone  flow.Tone
}

// words of tasks and incidents; others are shown as they came.
var words = map[string]string{
	"private_screening":            "可以考虑安排专场",
	"override":                     "人工放行",
	"checked_in_twice":             "同一张票入场两次",
	"handed_over_already_redeemed": "同一张票领了两次",
	"checked_in_unknown":           "查不到的票入了场",
	"checked_in_cancelled":         "退掉的票入了场",
	"checked_in_not_approved":      "没有核准的票入了场",
	"checked_in_again":             "出场后不能再进的票又入了场",
	"checked_in_blocked":           "被暂停使用的票入了场",
	"handed_over_unknown":          "发放了查不到的票",
	"forked":                       "设备记录对不上，已停用",
}

// say puts a word of the server into Chinese; what was handed over against a
// verdict carries the verdict's own sentence.
func say(word string) string {
	if text, ok := words[word]; ok {
		return text
	}
	if name, ok := strings.CutPrefix(word, "handed_over_"); ok {
		if v, ok := fault.ParseVerdict(name); ok {
			return "已经发放，但是" + v.Sentence()
		}
	}
	return word
}

// Read gives the lines, newest first. Rows that cannot be read are left out.
func Read(s local.Store, now time.Time) ([]Line, error) {
	titles, err := titles(s)
	if err != nil {
		return nil, err
	}
	type dated struct {
		Line
		seq uint64
	}
	var all []dated
	err = flow.Each(s, wire.TableTask, func(t wire.TaskRow) {
		all = append(all, dated{Line{say(t.Kind),
			fmt.Sprintf("%s · %s · %s", t.Org, cmp.Or(titles[t.Activity], string(t.Activity)), flow.Clock(time.UnixMilli(t.At), now).String()),
			"待办", flow.Wait}, t.Seq})
	})
	if err != nil {
		return nil, err
	}
	err = flow.Each(s, wire.TableIncident, func(i wire.IncidentRow) {
		note := flow.Clock(time.UnixMilli(i.At), now).String()
		if i.Ticket != 0 {
			note = "票 " + ticket.Short(i.Ticket) + " · " + note
		}
		if i.Device != "" {
			note += " · 设备 " + string(i.Device)
		}
		if i.FirstDevice != "" {
			note += " · 此前：" + flow.Clock(time.UnixMilli(i.FirstAt), now).String() + " 设备 " + string(i.FirstDevice)
		}
		all = append(all, dated{Line{say(i.Word), note, "异常", flow.Bad}, i.Seq})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(x, y dated) int { return cmp.Compare(y.seq, x.seq) })
	lines := make([]Line, len(all))
	for i, d := range all {
		lines[i] = d.Line
	}
	return lines, nil
}

func titles(s local.Store) (map[id.Activity]string, error) {
	m := map[id.Activity]string{}
	err := flow.Each(s, wire.TableActivity, func(row wire.ActivityRow) {
		var spec activity.Spec
		if json.Unmarshal(row.Spec, &spec) == nil {
			m[row.ID] = spec.Title
		}
	})
	return m, err
}
