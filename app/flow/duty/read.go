package duty

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

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
	"override_unentitled":          say.T("不是主管的设备放行"),
	"quarantine_full":              say.T("停用设备的记录太多，没有全部收下"),
	"restored_late":                say.T("服务器恢复后才报上来的票，已暂停使用"),
	"serial_granted_twice":         say.T("同一个名额发给了两个人"),
	"granted_void":                 say.T("预留名额收回以后还在发放"),
	"granted_outside_lease":        say.T("名额发给了预留对象以外的人"),
	"granted_unknown_member":       say.T("名额发给了查不到的人"),
	"foreign_lease":                say.T("用了查不到的预留名额"),
	"foreign_serials":              say.T("发放了不属于这台设备的名额"),
	"over_member_cap":              say.T("超过了每人限额"),
	"over_org_cap":                 say.T("超过了单位限额"),
	"over_series_cap":              say.T("超过了系列活动限额"),
	"over_guest_share":             say.T("超过了非会员名额"),
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

// Data is what a device holds of tasks and incidents.
type Data struct {
	Items []Item
	Epoch int // of the server
}

// reader joins rows with the names that people know.
type reader struct {
	now      time.Time
	titles   map[id.Activity]string
	stations map[id.Station]string
}

// Read gives the items, newest first, and what this device said about them itself.
// Rows that cannot be read are left out.
func Read(s local.Store, now time.Time) (Data, error) {
	var d Data
	titles, err := flow.Titles(s)
	r := reader{now, titles, map[id.Station]string{}}
	if err == nil {
		err = flow.Each(s, wire.TableStation, func(row wire.StationRow) { r.stations[row.ID] = row.Name })
	}
	if err == nil {
		err = flow.Each(s, wire.TableTask, func(t wire.TaskRow) { d.Items = append(d.Items, r.task(t)) })
	}
	if err == nil {
		err = flow.Each(s, wire.TableIncident, func(i wire.IncidentRow) { d.Items = append(d.Items, r.incident(i)) })
	}
	if err == nil {
		err = own(s, d.Items)
	}
	mark, ok, unread := s.Get(replica.TableReplica, replica.MarkID)
	if err == nil && unread == nil && ok {
		var m replica.Mark
		unread = wire.DecodeRow(mark.Body, &m)
		d.Epoch = m.Epoch
	}
	slices.SortFunc(d.Items, func(x, y Item) int { return cmp.Compare(y.Seq, x.Seq) })
	return d, cmp.Or(err, unread)
}

// own marks what waits in this device's outbox.
func own(s local.Store, items []Item) error {
	queue, err := s.Queue()
	if err != nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	for _, q := range queue {
		o, err := op.Decode(q.Bytes)
		if err != nil || o.Kind != op.Settle {
			continue
		}
		if i := slices.IndexFunc(items, func(i Item) bool { return i.Seq == o.About }); i >= 0 {
			items[i].Seen, items[i].Handled, items[i].Waiting = true, items[i].Handled || o.Handled, q.Result == nil
			items[i] = items[i].badge()
		}
	}
	return nil
}

func (r reader) task(t wire.TaskRow) Item {
	title := say.Plain(cmp.Or(r.titles[t.Activity], string(t.Activity)))
	i := Item{Seq: t.Seq, Title: tell(t.Kind), Note: say.Join(" · ", say.Plain(string(t.Org)), title, r.clock(t.At)), Badge: say.T("待办"), Tone: flow.Wait}
	i.fact(say.T("活动"), title)
	i.fact(say.T("单位"), say.Plain(string(t.Org)))
	i.fact(say.T("时间"), r.moment(t.At))
	return r.settled(i, t.SettledAt, t.SettledBy, t.Note, t.Handled)
}

func (r reader) incident(n wire.IncidentRow) Item {
	var number, device, first say.Text
	if n.Ticket != 0 {
		number = say.T("票 %s", ticket.Short(n.Ticket))
	}
	if n.Device != "" {
		device = say.T("设备 %s", string(n.Device))
	}
	if n.FirstDevice != "" {
		first = say.T("此前：%s 设备 %s", r.clock(n.FirstAt), string(n.FirstDevice))
	}
	i := Item{Seq: n.Seq, Title: tell(n.Word), Note: say.Join(" · ", number, r.clock(n.At), device, first), Badge: say.T("异常"), Tone: flow.Bad}
	if n.Ticket != 0 {
		i.fact(say.T("票"), say.Plain(ticket.Short(n.Ticket)))
	}
	at := n.At
	if n.ScannedAt != 0 {
		at = n.ScannedAt
	}
	i.fact(say.T("这一次"), r.scan(at, n.Station, n.Device, n.By))
	if n.FirstAt != 0 {
		i.fact(say.T("上一次"), r.scan(n.FirstAt, n.FirstStation, n.FirstDevice, n.FirstBy))
	}
	if n.Verdict != fault.NoVerdict && n.Verdict != fault.Valid {
		i.fact(say.T("当时的核对结果"), flow.Sentence(n.Verdict))
	}
	i.fact(say.T("放行理由"), say.Plain(n.Reason))
	i.fact(say.T("另外发给了"), say.Plain(string(n.Member)))
	return r.settled(i, n.SettledAt, n.SettledBy, n.Note, n.Handled)
}

// scan says who scanned where and when.
func (r reader) scan(at int64, st id.Station, d id.Device, by string) say.Text {
	var place, device, who say.Text
	if st != "" {
		place = say.Plain(cmp.Or(r.stations[st], string(st)))
	}
	if d != "" {
		device = say.T("设备 %s", string(d))
	}
	if by != "" && by != string(d) {
		who = say.T("经办 %s", by)
	}
	return say.Join(" · ", r.moment(at), place, device, who)
}

func (r reader) settled(i Item, at int64, by, note string, handled bool) Item {
	if at == 0 {
		return i
	}
	i.Seen, i.Handled = true, handled
	i.fact(say.T("谁看过"), say.Join(" · ", r.moment(at), say.Plain(by)))
	i.fact(say.T("处理说明"), say.Plain(note))
	return i.badge()
}

// badge says how far staff are.
func (i Item) badge() Item {
	switch {
	case i.Handled:
		i.Badge, i.Tone = say.T("已处理"), flow.Good
	case i.Seen:
		i.Badge, i.Tone = say.T("已看过"), flow.Wait
	}
	return i
}

func (i *Item) fact(label, text say.Text) {
	if !text.Empty() {
		i.Facts = append(i.Facts, Fact{label, text})
	}
}

func (r reader) clock(at int64) say.Text  { return flow.Clock(time.UnixMilli(at), r.now) }
func (r reader) moment(at int64) say.Text { return flow.Moment(at, r.now) }
