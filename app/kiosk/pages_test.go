package kiosk

import (
	"maps"
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"yizhan/app/flow/checkin"
	"yizhan/app/flow/identify"
	"yizhan/app/flow/kiosk"
	"yizhan/app/flow/pickup"
	"yizhan/app/flow/settings"
	"yizhan/app/flow/wayfind"
	"yizhan/app/say"
	"yizhan/app/shell/shelltest"
	"yizhan/core/fault"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// person is what the server of these tests says about a member.
func person(m wire.Ask) wire.Told {
	t := wire.Told{N: m.N}
	p := wire.Masked{Member: "m-1", Name: "买***", Phone: "****0042", Org: "科园区电子信息产业园第一联合基层工会委员会"}
	switch m.Kind {
	case wire.AskPerson:
		t.People = []wire.Masked{p}
	case wire.AskTickets:
		t.People = []wire.Masked{{Member: m.Member, Org: p.Org}}
		t.Claims = []wire.ClaimRow{{Ticket: 1024, Activity: shelltest.Film, Pool: "film", Seats: 2, State: op.ClaimGranted, Station: shelltest.Here, Code: "2KCEABC"},
			{Ticket: 1090, Activity: shelltest.Spa, Pool: "spa", Seats: 1, State: op.ClaimWaitlisted, Place: 17, Station: shelltest.Here}}
	case wire.AskPhone:
		t.Invitation, t.Typed, t.Expires = "YIZHAN:ABCDEFGHIJKLMNOP:ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ:WSS://YIZHAN.EXAMPLE.ORG:8640/V1/SYNC", "ABCD-EFGH-2345-6722-ABCD-EFGH", shelltest.Now.UnixMilli()+600_000
	}
	return t
}

// visits open every page, each from a machine at which nobody is.
var visits = map[string]func(*machine){
	"home":       func(m *machine) {},
	"saved":      func(m *machine) { m.state.Saved = true; m.draw() },
	"activities": func(m *machine) { m.tap("活动") },
	"detail":     func(m *machine) { m.send(kiosk.Open{Activity: shelltest.Film}) },
	"opens":      func(m *machine) { m.send(kiosk.Open{Activity: shelltest.Hair}) },
	"sessions":   func(m *machine) { m.send(kiosk.Open{Activity: shelltest.Doctor}) },
	"pickup":     func(m *machine) { m.tap("领票") },
	"door":       func(m *machine) { m.tap("签到") },
	"stations":   func(m *machine) { m.tap("站点地图"); m.mapped() },
	"place":      func(m *machine) { m.tap("站点地图"); m.tap("去最近的"); m.mapped() },
	"way":        func(m *machine) { m.tap("站点地图"); m.tap("去最近的"); m.tap("怎么走"); m.mapped() },
	"take":       func(m *machine) { m.tap("站点地图"); m.tap("去最近的"); m.tap("带走路线") },
	"elsewhere":  func(m *machine) { m.tap("站点地图"); m.tap("我在别处"); m.mapped() },
	"no-map":     func(m *machine) { m.send(kiosk.Find{Message: wayfind.Mapped{}}); m.tap("站点地图") },
	"help":       func(m *machine) { m.tap("帮助") },
	"call":       func(m *machine) { m.tap("找工作人员") },
	"who":        func(m *machine) { m.tap("我的票") },
	"who-wrong": func(m *machine) {
		m.tap("我的票")
		m.send(kiosk.Asked{Message: identify.Scanned{Code: "https://example.org/"}})
	},
	"name": func(m *machine) {
		m.tap("我的票")
		m.tap("没带手机")
		m.tap("M")
		m.tap("M")
	},
	"digits": func(m *machine) { m.named("4", "2") },
	"people": func(m *machine) { m.named("0", "0", "4", "2"); m.until("这是您吗") },
	"staff": func(m *machine) {
		m.named("0", "0", "4", "2")
		m.until("这是您吗")
		m.send(kiosk.Asked{Message: identify.Choose{Index: 0}})
	},
	"sure": func(m *machine) {
		m.send(kiosk.Open{Activity: shelltest.Picking})
		m.tap("我要报名")
		m.scanned(m.phone("m-1"), "\r")
		m.until("确认报名吗")
		m.until("科园区电子")
	},
	"idle": func(m *machine) {
		m.tap("领票")
		m.now = m.now.Add(45e9)
		m.every(false)
	},
	"granted": func(m *machine) { m.outcome(op.Result{Outcome: op.Granted, Seats: 2, Ticket: 1024}) },
	"pending": func(m *machine) { m.outcome(op.Result{Outcome: op.Pending, Seats: 1}) },
	"refused": func(m *machine) { m.outcome(op.Result{Outcome: op.Refused, Code: fault.OrgCap}) },
	"unstored": func(m *machine) {
		m.outcome(op.Result{Outcome: op.Pending})
		m.state.Claim = kiosk.Claim{Unstored: true, Full: true}
		m.draw()
	},
	"mine": func(m *machine) { m.tap("我的票"); m.scanned(m.phone("m-1"), "\r"); m.until("候补第 17 位") },
	"ticket": func(m *machine) {
		m.tap("我的票")
		m.scanned(m.phone("m-1"), "\r")
		m.until("候补第 17 位")
		m.tap("远山来信")
	},
	"phone":  func(m *machine) { m.tap("登记我的手机"); m.scanned(m.phone("m-1"), "\r"); m.until("ABCD-EFGH") },
	"handed": func(m *machine) { m.scanned(m.world.Ticket, "\r"); m.until("可以发放") },
	"not-handed": func(m *machine) {
		m.scanned(m.world.Away, "\r")
		m.until("这张票不在本站领取")
	},
	"entered": func(m *machine) {
		m.tap("签到")
		m.send(kiosk.Checked{Visit: m.state.Visit, Outcome: checkin.Outcome{Verdict: fault.Valid, Seats: 2, Title: "职工技能提升课堂：电气焊与登高作业安全（第 3 期）"}})
	},
	"provisional": func(m *machine) {
		m.tap("签到")
		m.send(kiosk.Checked{Visit: m.state.Visit, Outcome: checkin.Outcome{Verdict: fault.Provisional, Seats: 2, Title: "职工技能提升课堂"}})
	},
	"which": func(m *machine) {
		m.tap("签到")
		m.send(kiosk.Doors{Visit: m.state.Visit, Entries: []checkin.Entry{{Ticket: 1, Title: "职工技能提升课堂：电气焊与登高作业安全（第 3 期）", When: say.Plain("今天 14:30")}, {Ticket: 2, Title: "羽毛球赛", When: say.Plain("今天 15:00"), Inside: true}}})
	},
	"doubt": func(m *machine) {
		m.send(kiosk.Counted{Message: pickup.Scanned{Code: "A", At: m.now}})
		m.send(kiosk.Counted{Message: pickup.Decided{Outcome: pickup.Outcome{Verdict: fault.ClockDoubt, Detail: say.Plain("本机时间：2026-11-21 14:05")}, At: m.now}})
	},
}

// named goes through the name to the digits.
func (m *machine) named(digits ...string) {
	m.tap("我的票")
	m.tap("没带手机")
	m.tap("M")
	m.tap("M")
	m.tap("下一步")
	for _, d := range digits {
		m.tap(d)
	}
}

// outcome shows what became of a claim without a server.
func (m *machine) outcome(r op.Result) {
	m.send(kiosk.Open{Activity: shelltest.Picking})
	m.tap("我要报名")
	m.scanned(m.phone("m-1"), "\r")
	m.until("确认报名吗")
	m.until("科园区电子")
	m.state.Page = kiosk.Outcome
	m.send(kiosk.Stored{Visit: m.state.Visit, Seq: 7})
	m.state.Claim.Place.Activity, m.state.Claim.Place.Pool = shelltest.Picking, "picking"
	m.send(kiosk.Decided{Visit: m.state.Visit, Result: r, Code: "2KCEABC"})
}

// reached looks for what stands out of reach: above the lower 62 % of a tall screen, or
// smaller than a finger. The line about the machine's own state is for staff.
func (m *machine) reached(page string) {
	m.Helper()
	height := m.size.Height
	for _, o := range tappables(m.env.Window.Content()) {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
		if strip, bar := at.Y < height*0.2 && at.X == 0, o.Size().Width < 10; strip || bar {
			continue // Fyne's bar only shows how far a page is scrolled; a finger drags the page
		}
		if m.size == portrait && at.Y < height*0.375 {
			m.Errorf("%s: something to tap stands at %.0f of %.0f", page, at.Y, height)
		}
		if size := o.Size(); size.Height < 60 || size.Width < 60 {
			m.Errorf("%s: %v to tap is %v", page, at, size)
		}
	}
}

// TestEveryPage opens every page in both positions of the screen and in large print:
// what is tapped stands where it can be reached.
func TestEveryPage(t *testing.T) {
	for name, size := range map[string]fyne.Size{"tall": portrait, "wide": landscape} {
		for print, suffix := range map[settings.Print]string{settings.Standard: "", settings.Large: "-large"} {
			m := town(t, size)
			m.online(person)
			ground := m.state.Find.Ground
			for _, page := range slices.Sorted(maps.Keys(visits)) {
				m.env.Choose(settings.SetPrint{Print: print})
				visits[page](m)
				if print == settings.Standard {
					m.shot(page)
				}
				m.reached(name + suffix + " " + page)
				m.send(kiosk.Find{Message: wayfind.Mapped{Ground: ground}})
				m.send(kiosk.Finish{})
				m.tick()
			}
		}
	}
}
