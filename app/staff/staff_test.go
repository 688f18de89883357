package staff

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yizhan/app/flow/behalf"
	"yizhan/app/flow/duty"
	"yizhan/app/flow/lock"
	"yizhan/app/flow/roster"
	"yizhan/app/flow/settings"
	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/lookup"
	people "yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

const pin = "270153"

// world is a staff device with its window.
type world struct {
	*Shell
	t    *testing.T
	link *shelltest.Link
	turn shelltest.Turn
	made shelltest.World
}

// open starts the shell of a device, a supervisor's or not, with a check-in list.
func opened(t *testing.T, supervisor bool, size fyne.Size) *world {
	t.Helper()
	env, link, turn, made := shelltest.NewDevice(t, op.Staff)
	who, err := wire.EncodeRow(wire.Enrolled{Device: shelltest.Device, Role: op.Staff, Station: shelltest.Here, Supervisor: supervisor})
	if err == nil {
		err = env.Store.SetMeta(map[string][]byte{replica.MetaIdentity: who})
	}
	if err != nil {
		t.Fatal(err)
	}
	env.Counter = shell.NewCounter(env)
	env.Window.Resize(size)
	w := &world{t: t, link: link, turn: turn, made: made}
	w.fill(env.Store)
	w.Shell = Start(env)
	return w
}

func (w *world) fill(s local.Store) {
	w.t.Helper()
	var rows []local.Row
	put := func(table, key string, v any) {
		body, err := wire.EncodeRow(v)
		if err != nil {
			w.t.Fatal(err)
		}
		rows = append(rows, local.Row{Table: table, ID: key, Seq: uint64(2100 + len(rows)), Body: body})
	}
	for i, name := range []string{"李*华", "王**", "买买提·阿***·吐尔逊", "欧阳**", "陈*"} {
		number, m := id.Ticket(2048+i*7), id.Member(fmt.Sprintf("M0%d", 100+i))
		d := wire.DoorRow{Ticket: number, Activity: shelltest.Doctor, Pool: "am", Member: m, Seats: 1 + i%2, State: op.ClaimGranted, Inside: i == 1, Came: i == 1 || i == 3, Blocked: i == 4}
		put(wire.TableDoor, fmt.Sprint(number), d)
		put(wire.TableGuest, fmt.Sprint(number), wire.GuestRow{Ticket: number, Member: m, Name: name, Initials: []string{[]string{"LXH", "WXM", "MMT", "OYF", "CL"}[i]}, Mark: lookup.Mark(m, fmt.Sprintf("000%d", i))})
	}
	put(wire.TableIncident, "12", wire.IncidentRow{Seq: 12, Word: op.Overridden, Ticket: 1031, Device: "staff-QK7P2", Verdict: fault.TooLate, Station: shelltest.There, By: "老李", Reason: "本人有特殊困难，已核对",
		At: shelltest.Now.Add(-2 * time.Hour).UnixMilli(), SettledAt: shelltest.Now.Add(-time.Hour).UnixMilli(), SettledBy: "staff-QK7P2", Note: "已与本人核对", Handled: true})
	taken := []op.Taken{{From: 41, N: 1}}
	signed, err := ticket.Certify(w.made.Key, ticket.Certificate{Deployment: 1, Lease: 7, Device: w.made.Key.Public(), Activity: 5, Policy: op.Hard, Ranges: ticket.Ranges(taken)})
	if err != nil {
		w.t.Fatal(err)
	}
	lease := op.Lease{ID: 7, Activity: shelltest.Picking, Pool: "picking", Taken: taken, Policy: op.Hard, Expires: shelltest.Now.UnixMilli() + 3_600_000}
	put(wire.TableLease, "7", wire.LeaseRow{Lease: lease, Certificate: signed, Secret: make([]byte, 16)})
	for _, m := range []id.Member{"M0100", "M0101"} {
		put(wire.TablePerson, string(m), wire.PersonRow{Person: people.Person{ID: m, Org: "C001", Sex: "F"}})
	}
	if err := s.Apply(local.Checkpoint{To: 2300, Rows: rows}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) has(text string) bool {
	var all strings.Builder
	for _, part := range line.FindAllStringSubmatch(test.RenderToMarkup(w.env.Window.Canvas()), -1) {
		all.WriteString(part[1])
	}
	return strings.Contains(all.String(), text)
}

// line is one line of text in markup: a sentence may have several.
var line = regexp.MustCompile(`<text[^>]*>([^<]*)</text>`)

func (w *world) want(text string) {
	w.t.Helper()
	w.turn.Until(w.t, "screen says "+text, func() bool { return w.has(text) })
}

func (w *world) wantNot(text string) {
	w.t.Helper()
	if w.has(text) {
		w.t.Errorf("the screen says %q", text)
	}
}

// open types the PIN, which is chosen at the first use.
func (w *world) unlocked() {
	w.t.Helper()
	times := 1
	if !w.Shell.lock.Set {
		times = 2
	}
	for range times {
		for i := range len(pin) {
			w.toLock(lock.Digit{Key: pin[i], Now: w.env.Now()})
		}
	}
	w.turn.Until(w.t, "the PIN opens", func() bool { return w.Shell.lock.Open })
}

// queued gives the ops in the outbox.
func (w *world) queued() (ops []op.Op) {
	w.t.Helper()
	queue, err := w.env.Store.Queue()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, q := range queue {
		o, err := op.Decode(q.Bytes)
		if err != nil {
			w.t.Fatal(err)
		}
		ops = append(ops, o)
	}
	return ops
}

func (w *world) last() op.Op {
	w.t.Helper()
	all := w.queued()
	if len(all) == 0 {
		w.t.Fatal("nothing is queued")
	}
	return all[len(all)-1]
}

// shoot writes a picture of the window where YIZHAN_SHOTS names a folder.
func (w *world) shoot(name string) {
	w.t.Helper()
	dir := os.Getenv("YIZHAN_SHOTS")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err == nil {
		defer f.Close()
		err = png.Encode(f, w.env.Window.Canvas().Capture())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

var (
	phone  = fyne.NewSize(390, 844)
	tablet = fyne.NewSize(1024, 768)
)

// TestScreens goes through every page at both sizes, in standard and in large print.
func TestScreens(t *testing.T) {
	for _, c := range []struct {
		name  string
		size  fyne.Size
		print settings.Print
	}{{"phone", phone, settings.Standard}, {"phone_large", phone, settings.Large}, {"tablet", tablet, settings.Standard}, {"tablet_large", tablet, settings.Large}} {
		t.Run(c.name, func(t *testing.T) {
			w := opened(t, true, c.size)
			w.env.Choose(settings.SetPrint{Print: c.print})
			look := func(page, says string) {
				t.Helper()
				w.want(says)
				w.shoot(c.name + "_" + page)
				if c.name == "phone" || c.name == "tablet" && (page == "counter" || page == "names") {
					test.AssertRendersToMarkup(t, c.name+"_"+page+".xml", w.env.Window.Canvas())
				}
			}
			look("counter", "请扫描票面二维码")
			w.open(short)
			look("short", "短码只能找到票")
			w.show(names)
			look("pin", "请设置 6 位密码")
			w.unlocked()
			look("names", "应到 7")
			w.toRoster(roster.Open{Ticket: 2062})
			look("guest", "买买提")
			w.toRoster(roster.Wrote{Reason: "手机没电"})
			w.toRoster(roster.Pass{})
			w.want("还没有到入场时间")
			w.shoot(c.name + "_guest_refused")
			w.show(todo)
			look("todo", "待处理 2")
			w.toDuty(duty.Open{Seq: 9})
			look("incident", "这一次")
			w.show(more)
			look("more", "会员办理")
			w.open(device)
			look("device", "主管")
			w.open(own)
			look("own", "还没有码")
			w.open(member)
			look("member", "请会员出示会员码")
			w.toBehalf(behalf.Take{Person: behalf.Person{Member: "M0100", Name: "买买提·阿***·吐尔逊", Org: "云鹭市科园区第一建设工程集团有限公司工会委员会"}})
			look("offers", "本机可发")
			w.toBehalf(behalf.Pick{Activity: shelltest.Film})
			w.toBehalf(behalf.SetSeats{Seats: 2})
			look("details", "请先核对随行子女")
			w.toBehalf(behalf.Back{})
			w.toBehalf(behalf.Pick{Activity: shelltest.Picking})
			w.toBehalf(behalf.Confirm{})
			w.want("没有网络也算数")
			w.shoot(c.name + "_granted") // its code is another one each time
		})
	}
}

func (w *world) refusedTicket() string {
	w.t.Helper()
	code, err := ticket.Seal(w.made.Key, ticket.Ticket{Deployment: 1, ID: 1025, Activity: 2, Seats: 1, Station: 1, Secret: ticket.Secret([]byte("master"), 1025, 0)})
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// TestOverruling: the spa package is collected next week; a supervisor hands it over today.
func TestOverruling(t *testing.T) {
	w := opened(t, true, phone)
	w.scanned(w.refusedTicket())
	w.want("还没有到领取时间")
	w.shoot("phone_refused")
	if !w.has("主管放行") {
		t.Fatal("a supervisor cannot overrule")
	}
	w.askWhy(w.desk.Subject())
	w.want("请设置 6 位密码")
	w.unlocked()
	w.want("放行并记录")
	w.shoot("phone_overrule")
	before := len(w.queued())
	w.submit()
	if len(w.queued()) != before {
		t.Fatal("handed over without a reason")
	}
	w.typed.SetText("本人有特殊困难，已核对")
	w.submit()
	w.want("主管放行，已经记录")
	w.shoot("phone_overruled")
	if o := w.last(); o.Kind != op.Redeem || !o.Override || o.Reason != "本人有特殊困难，已核对" || o.Verdict != fault.TooEarly {
		t.Errorf("recorded %+v", o)
	}
}

func (w *world) scanned(code string) {
	w.env.Window.Canvas().Unfocus()
	for _, r := range code {
		w.env.Window.Canvas().OnTypedRune()(r)
	}
	w.env.Window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyReturn})
}

func TestAStewardOverrulesNothing(t *testing.T) {
	w := opened(t, false, phone)
	w.scanned(w.refusedTicket())
	w.want("还没有到领取时间")
	w.wantNot("主管放行")
	w.askWhy(w.desk.Subject())
	if w.at != counter {
		t.Error("a steward is asked why")
	}
	w.show(names)
	w.unlocked()
	w.want("输入短码查找")
	w.open(member)
	w.want("请会员出示会员码")
	w.wantNot("按姓名查找")
}

func TestAShortCode(t *testing.T) {
	w := opened(t, false, phone)
	w.want("今天已发 0 份")
	w.open(short)
	if w.env.Window.Canvas().OnTypedRune() != nil {
		t.Error("scans are taken while a code is typed")
	}
	w.typed.SetText(strings.ToLower(ticket.Short(1024)))
	w.submit()
	w.want("可以发放")
	w.shoot("phone_good")
	if o := w.last(); o.Ticket != 1024 || o.Verdict != fault.Valid {
		t.Errorf("recorded %+v", o)
	}
	w.link.Clock = func() time.Time { return shelltest.Now.Add(time.Minute) }
	w.desk.Tick()
	w.want("今天已发 1 份")
	w.want("上一张：可以发放")
	w.open(short)
	w.typed.SetText("99999")
	w.submit()
	w.want("短码不对")
}

func TestNamesLock(t *testing.T) {
	w := opened(t, true, phone)
	w.show(names)
	w.wantNot("李*华")
	w.unlocked()
	w.want("李*华")
	w.toRoster(roster.Search{Query: "mmt"})
	w.wantNot("李*华")
	w.want("买买提")
	w.toLock(lock.Tick{Now: shelltest.Now.Add(3 * time.Minute)})
	w.draw()
	w.want("请输入密码")
	w.wantNot("买买提")
	if len(w.roster.Sessions) != 0 {
		t.Error("names stay in memory behind the lock")
	}
	for range 5 {
		for range lock.Digits {
			w.toLock(lock.Digit{Key: '8', Now: shelltest.Now})
		}
		w.turn.Until(t, "the PIN is compared", func() bool { return !w.Shell.lock.Busy })
	}
	w.want("暂时不能输入")
	w.shoot("phone_locked")
	again := Start(w.env)
	if again.lock.Wait == 0 || !again.lock.Set {
		t.Errorf("a restart gives new tries: %+v", again.lock)
	}
}

func TestCheckingInByHand(t *testing.T) {
	w := opened(t, false, phone)
	now := time.Date(2026, 11, 23, 7, 30, 0, 0, shelltest.Zone) // the door opens two hours before
	w.link.Clock = func() time.Time { return now }
	w.show(names)
	w.unlocked()
	w.toRoster(roster.Open{Ticket: 2048})
	w.toRoster(roster.Wrote{Reason: "没有带手机"})
	w.toRoster(roster.Pass{})
	w.want("已登记入场")
	if o := w.last(); o.Kind != op.CheckIn || o.Ticket != 2048 || o.Reason != "没有带手机" || o.Out || o.Verdict != fault.Valid {
		t.Errorf("recorded %+v", o)
	}
	w.link.Fail = local.ErrFull
	w.toRoster(roster.Wrote{Reason: "接孩子"})
	w.toRoster(roster.Pass{Out: true})
	w.want("存储空间满了")
	w.link.Fail = nil
	w.toRoster(roster.Pass{Out: true})
	w.want("已登记出场")
}

func TestSettling(t *testing.T) {
	w := opened(t, false, phone)
	w.show(todo)
	w.toDuty(duty.Open{Seq: 9})
	w.toDuty(duty.Wrote{Note: "已收回"})
	w.link.Fail = local.ErrFull
	w.toDuty(duty.Settle{Handled: true})
	w.want("没有记下")
	w.link.Fail = nil
	w.toDuty(duty.Settle{Handled: true})
	w.want("已记下")
	if o := w.last(); o.Kind != op.Settle || o.About != 9 || !o.Handled || o.Reason != "已收回" || o.EnteredBy != string(shelltest.Device) {
		t.Errorf("recorded %+v", o)
	}
	w.toDuty(duty.Open{})
	w.want("待处理 1")
}

// TestForAMember gives out a lent seat with no network, and leaves the rest to the server.
func TestForAMember(t *testing.T) {
	w := opened(t, true, phone)
	w.open(member)
	w.want("请设置 6 位密码")
	w.unlocked()
	w.want("请会员出示会员码")
	find := func(query, says string) {
		t.Helper()
		w.toBehalf(behalf.Typed{Query: query})
		w.toBehalf(behalf.Search{})
		w.want(says)
	}
	find("lxh", "李*华")
	find("zzz 0042", "没有找到")
	w.link.Set(func(l *shelltest.Link) {
		l.Tells = func(a wire.Ask) wire.Told {
			return wire.Told{People: []wire.Masked{{Member: "M0100", Name: "周**", Org: "云鹭公交工会"}}}
		}
	})
	find("zzz 0042", "周**")
	w.toBehalf(behalf.Take{Person: w.behalf.Found[0]})
	w.toBehalf(behalf.Pick{Activity: shelltest.Picking})
	w.link.Fail = local.ErrFull
	w.toBehalf(behalf.Confirm{})
	w.want("没有办成")
	w.link.Fail = nil
	w.toBehalf(behalf.Confirm{})
	w.want("没有网络也算数")
	granted, err := w.env.Store.Rows(wire.TableGrant)
	if err != nil || len(granted) != 1 || w.behalf.Decided.Code == "" {
		t.Fatalf("%d grants are stored, %v", len(granted), err)
	}
	w.toBehalf(behalf.Finish{})
	w.wantNot("周**")
	w.toBehalf(behalf.Take{Person: behalf.Person{Member: "M0101"}})
	w.toBehalf(behalf.Pick{Activity: shelltest.Picking})
	w.toBehalf(behalf.Confirm{})
	w.want("未通过")
	w.toBehalf(behalf.Back{})
	w.toBehalf(behalf.Act{Action: behalf.GiveBack})
	w.toBehalf(behalf.Pick{Activity: shelltest.Film})
	w.toBehalf(behalf.Confirm{})
	w.want("已提交 · 待确认")
	if o := w.last(); o.Kind != op.Cancel || o.Member != "M0101" || o.Activity != shelltest.Film {
		t.Errorf("queued %+v", o)
	}
	w.back()
	if w.behalf.Person.Member != "" || w.at != counter {
		t.Errorf("the person is not forgotten: %+v", w.behalf.Person)
	}
}

// TestTheServersAnswer is shown where it comes at once.
func TestTheServersAnswer(t *testing.T) {
	w := opened(t, false, phone)
	w.link.Set(func(l *shelltest.Link) { l.Stand.Online = true })
	w.open(member)
	w.toBehalf(behalf.Take{Person: behalf.Person{Member: "M0009"}})
	w.toBehalf(behalf.Act{Action: behalf.Move})
	w.toBehalf(behalf.Pick{Activity: shelltest.Film})
	w.toBehalf(behalf.PickStation{Station: shelltest.There})
	w.toBehalf(behalf.Confirm{})
	w.turn.Until(t, "it is queued", func() bool { return len(w.queued()) == 1 })
	w.link.Answer(t, 1, op.Result{Outcome: op.OK})
	w.want("已换站")
	w.shoot("phone_moved")
}

func TestTwoColumns(t *testing.T) {
	w := opened(t, false, tablet)
	w.want("请扫描票面二维码")
	w.want("请设置 6 位密码")
	w.show(todo)
	w.want("请扫描票面二维码")
	w.want("待处理 2")
	w.scanned(w.made.Ticket)
	w.want("可以发放")
	w.wantNot("待处理 2") // a verdict fills the window
	w.shoot("tablet_good")
	w.env.Window.Resize(phone)
	w.draw()
	if w.wide {
		t.Error("a narrow window has two columns")
	}
}
