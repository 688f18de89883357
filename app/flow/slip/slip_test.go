package slip

import (
	"errors"
	"strings"
	"testing"
	"time"

	"yizhan/app/escpos"
	"yizhan/app/flow"
	"yizhan/app/paper"
	"yizhan/app/say"
	"yizhan/core/activity"
	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/wire"
)

var (
	zone = time.FixedZone("Asia/Shanghai", 8*60*60)
	now  = time.Date(2026, 11, 21, 14, 5, 0, 0, zone)
)

func matter(t *testing.T) Matter {
	t.Helper()
	rules, err := activity.Compile(activity.Spec{ID: "film", Title: "观影券", Audience: "m.org == 'x'", Sessions: []activity.Session{{ID: "a", Starts: "2026-11-22T19:30:00", Ends: "2026-11-22T21:30:00", Total: 9}},
		Windows: activity.Windows{Pickup: []string{"2026-11-21T09:00:00", "2026-11-22T16:00:00"}}, PickupHours: []string{"09:00", "16:00"},
		AudienceWhy: activity.Text{ZH: "只限园区企业职工参加。"}}, zone)
	if err != nil {
		t.Fatal(err)
	}
	return Matter{Title: "观影券", Rules: rules, Pool: "a", Seats: 2, Ticket: 1024, Code: "2KCEV", Holder: "欧阳明娜",
		Collect: wire.StationRow{Name: "仙桥站", Address: "仙桥路 18 号", Phone: "100-0000-0018"}, Here: wire.StationRow{Name: "科园站", Phone: "100-0000-0019"}}
}

// read gives all that is on a slip, a line each.
func read(s paper.Slip) string {
	lines := []string{s.Kind.Name().String() + "，" + s.Kind.Worth().String(), s.Here.String(), s.Title.String()}
	for _, l := range s.Lines {
		lines = append(lines, l.Label.String()+"："+l.Text.String())
	}
	lines = append(lines, "码"+s.Code, "短"+s.Short)
	for _, n := range s.Notes {
		lines = append(lines, n.String())
	}
	return strings.Join(append(lines, s.Printed.String()), "\n")
}

func TestSlips(t *testing.T) {
	m := matter(t)
	lent := m
	lent.Unconfirmed = true
	for _, c := range []struct {
		name string
		slip paper.Slip
		want string
	}{
		{"ticket", Ticket(m, now), `领票凭证，凭此码领取，请妥善保管
科园站
观影券
数量：2 张
场次：11月22日（周日）19:30
持票人：欧**娜
领取地点：仙桥站，仙桥路 18 号
领取时间：11月21日（周六）09:00 至 11月22日（周日）16:00，每天 09:00–16:00
码2KCEV
短01008
请在领取时间内到领取地点出示二维码；扫不出来，就报上面的短码。
咨询电话：100-0000-0018
2026-11-21 14:05 打印`},
		{"lease that may be void", Ticket(lent, now), `预约受理凭条，不代表已取得名额
科园站
观影券
数量：2 张
场次：11月22日（周日）19:30
持票人：欧**娜
领取地点：仙桥站，仙桥路 18 号
领取时间：11月21日（周六）09:00 至 11月22日（周日）16:00，每天 09:00–16:00
码2KCEV
短01008
这张票要等发放的设备联网上报以后才有效，领取时会再核对。
请在领取时间内到领取地点出示二维码；扫不出来，就报上面的短码。
咨询电话：100-0000-0018
2026-11-21 14:05 打印`},
		{"pending", Pending(Matter{Title: "观影券", Seats: 1, Reference: "D-KIOSK-1-37", Here: m.Here}, now), `预约受理凭条，不代表已取得名额
科园站
观影券
数量：1 张
受理编号：D-KIOSK-1-37
码
短
现在没有网络。申请已存在本机，联网后自动提交；先后按服务器收到的次序排。
这张凭条不能用来领取。有没有名额，以确认结果为准；可以在任何一个站点查询。
咨询电话：100-0000-0019
2026-11-21 14:05 打印`},
		{"refused", Refusal(Matter{Title: "观影券", Rules: m.Rules, Here: m.Here}, fault.NotEligible, now), `未办成告知单，没有占用名额
科园站
观影券
场次：11月22日（周日）19:30
码
短
只限园区企业职工参加。
对范围有疑问，请联系所在单位工会。
咨询电话：100-0000-0019
2026-11-21 14:05 打印`},
		{"handed over", HandOver(Matter{Title: "观影券", Seats: 2, Ticket: 1024, Code: "2KCEV", Collect: m.Collect}, now.UnixMilli(), now), `领取回执，已经领取，不能再次领取

观影券
数量：2 张
领取时间：11月21日（周六）14:05
领取地点：仙桥站
码
短01008
咨询电话：100-0000-0018
2026-11-21 14:05 打印`},
	} {
		if got := read(c.slip); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// What gives no right to anything carries no code.
func TestOfClaim(t *testing.T) {
	for state, want := range map[op.ClaimState]paper.Kind{op.ClaimGranted: paper.Ticket, op.ClaimWaitlisted: paper.Provisional, op.ClaimEntered: paper.Provisional, op.ClaimRedeemed: paper.HandOver} {
		s, ok := OfClaim(wire.ClaimRow{Ticket: 1024, Seats: 1, State: state, Place: 7, Code: "2KCEV"}, Matter{Title: "观影券"}, now)
		if !ok || s.Kind != want || (s.Code != "") != (want == paper.Ticket) {
			t.Errorf("%v gives kind %v with code %q, %v", state, s.Kind, s.Code, ok)
		}
	}
	if s, _ := OfClaim(wire.ClaimRow{State: op.ClaimWaitlisted, Place: 7}, Matter{}, now); !strings.Contains(read(s), "候补第 7 位") {
		t.Errorf("the place in the line is not said: %s", read(s))
	}
	for _, state := range []op.ClaimState{op.ClaimLapsed, op.ClaimCancelled, op.ClaimNotDrawn, op.ClaimReturned, 99} {
		if _, ok := OfClaim(wire.ClaimRow{State: state}, Matter{}, now); ok {
			t.Errorf("a claim in state %v has a slip", state)
		}
	}
}

func TestMask(t *testing.T) {
	for name, want := range map[string]string{"": "", "王": "王", "王明": "王*", "王小明": "王*明", "欧阳明娜": "欧**娜", "王*明": "王*明", " 王明 ": "王*"} {
		if got := Mask(name); got != want {
			t.Errorf("%q is printed as %q, want %q", name, got, want)
		}
	}
}

func TestPrinting(t *testing.T) {
	first, second := paper.Slip{Title: say.Plain("1")}, paper.Slip{Title: say.Plain("2")}
	var s State
	step := func(m Message, prints string, phase Phase) {
		t.Helper()
		var todo *paper.Slip
		s, todo = s.Update(m)
		got := ""
		if todo != nil {
			got = todo.Title.String()
		}
		if got != prints || s.Phase != phase {
			t.Fatalf("%#v prints %q and leaves phase %v, want %q and %v", m, got, s.Phase, prints, phase)
		}
	}
	step(Again{}, "", Idle)
	step(Print{first}, "1", Printing)
	step(Print{second}, "", Printing) // a second tap
	step(Again{}, "", Printing)
	step(Finished{Err: &escpos.Error{Trouble: escpos.PaperOut}}, "", Failed)
	if o := s.Outcome(); o.Tone != flow.Bad || o.Sentence.String() != "打印机缺纸，请工作人员换纸。票已保存，不会丢。" || !o.Again {
		t.Errorf("out of paper: %+v %s", o, o.Sentence)
	}
	step(Again{}, "1", Printing)
	step(Finished{Status: escpos.Status{Known: true, PaperLow: true}}, "", Printed)
	if o := s.Outcome(); o.Tone != flow.Good || !strings.Contains(o.Next.String(), "快用完") {
		t.Errorf("printed: %+v", o)
	}
	step(Print{second}, "2", Printing)
	step(Forget{}, "", Idle)
	if s.Last != nil {
		t.Error("the slip of a person who has gone is kept")
	}
	step(Finished{}, "", Idle)
	step(Again{}, "", Idle)
	step(Print{first}, "1", Printing)
	step(Finished{}, "", Printed)
	if o := s.Outcome(); o.Tone != flow.Wait {
		t.Errorf("a printer that says nothing is believed: %+v", o)
	}
}

// Each trouble has a sentence of its own, and something to do.
func TestTroubles(t *testing.T) {
	seen := map[string]bool{}
	for trouble := escpos.PaperOut; trouble <= escpos.NotDrawn; trouble++ {
		sentence, next := Words(trouble)
		if seen[sentence.String()] || next.Empty() || strings.HasPrefix(trouble.String(), "trouble ") {
			t.Errorf("%v: %q %q", trouble, sentence, next)
		}
		seen[sentence.String()] = true
	}
	if TroubleOf(errors.New("x")) != escpos.Failed || TroubleOf(nil) != escpos.None {
		t.Error("an error that is no trouble")
	}
	s := State{Phase: Failed, Trouble: escpos.Stuck, Last: &paper.Slip{Kind: paper.Refusal}}
	if got := s.Outcome().Sentence.String(); !strings.HasSuffix(got, "记录已保存，不会丢。") {
		t.Errorf("who has no ticket reads %q", got)
	}
}

func TestHealth(t *testing.T) {
	for _, c := range []struct {
		found Finished
		tone  flow.Tone
		words string
	}{
		{Finished{Status: escpos.Status{Known: true}}, flow.Good, "正常，有纸"},
		{Finished{Status: escpos.Status{Known: true, PaperLow: true}}, flow.Wait, "快用完"},
		{Finished{}, flow.Wait, "不报告"},
		{Finished{Status: escpos.Status{Known: true, CoverOpen: true}}, flow.Bad, "盖子"},
		{Finished{Err: &escpos.Error{Trouble: escpos.Forbidden}}, flow.Bad, "权限"},
		{Finished{Err: &escpos.Error{Trouble: escpos.NoPrinter}}, flow.Plain, "没有接"},
	} {
		if o := Health(c.found); o.Tone != c.tone || !strings.Contains(o.Sentence.String(), c.words) || o.Word.Empty() {
			t.Errorf("%+v: %v %q", c.found, o.Tone, o.Sentence)
		}
	}
}
