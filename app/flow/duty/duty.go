// Package duty is what staff have to look at: tasks, and incidents that went wrong.
package duty

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Line is one thing to look at.
type Line struct {
	Title say.Text
	Note  say.Text
	Badge say.Text
	Tone  flow.Tone
}

// words of tasks and incidents; others are shown as they came.
var words = map[string]say.Text{
	"private_screening":            say.T("可以考虑安排专场"),
	"override":                     say.T("人工放行"),
	"checked_in_twice":             say.T("同一张票入场两次"),
	"handed_over_already_redeemed": say.T("同一张票领了两次"),
	"checked_in_unknown":           say.T("查不到的票入了场"),
	"checked_in_cancelled":         say.T("退掉的票入了场"),
	"checked_in_not_approved":      say.T("没有核准的票入了场"),
	"checked_in_again":             say.T("出场后不能再进的票又入了场"),
	"checked_in_blocked":           say.T("被暂停使用的票入了场"),
	"handed_over_unknown":          say.T("发放了查不到的票"),
	"handed_over_unproven":         say.T("发放了没有上报、也没有出示的票"),
	"checked_in_unproven":          say.T("没有上报、也没有出示的票入了场"),
	"forked":                       say.T("设备记录对不上，已停用"),
}

// tell puts a word of the server into a text; what was handed over against a
// verdict carries the verdict's own sentence.
func tell(word string) say.Text {
	if text, ok := words[word]; ok {
		return text
	}
	if name, ok := strings.CutPrefix(word, "handed_over_"); ok {
		if v, ok := fault.ParseVerdict(name); ok {
			return say.T("已经发放，但是%s", flow.Sentence(v))
		}
	}
	return say.Plain(word)
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
		all = append(all, dated{Line{tell(t.Kind),
			say.Join(" · ", say.Plain(string(t.Org)), say.Plain(cmp.Or(titles[t.Activity], string(t.Activity))), flow.Clock(time.UnixMilli(t.At), now)),
			say.T("待办"), flow.Wait}, t.Seq})
	})
	if err != nil {
		return nil, err
	}
	err = flow.Each(s, wire.TableIncident, func(i wire.IncidentRow) {
		var number, device, first say.Text
		if i.Ticket != 0 {
			number = say.T("票 %s", ticket.Short(i.Ticket))
		}
		if i.Device != "" {
			device = say.T("设备 %s", string(i.Device))
		}
		if i.FirstDevice != "" {
			first = say.T("此前：%s 设备 %s", flow.Clock(time.UnixMilli(i.FirstAt), now), string(i.FirstDevice))
		}
		note := say.Join(" · ", number, flow.Clock(time.UnixMilli(i.At), now), device, first)
		all = append(all, dated{Line{tell(i.Word), note, say.T("异常"), flow.Bad}, i.Seq})
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
