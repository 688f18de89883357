package staff

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yizhan/app/flow/lock"
	"yizhan/app/flow/wayfind"
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
	return openedIn(t, supervisor, size, func(*shell.Env) {})
}

// openedIn is opened in a world that was made otherwise.
func openedIn(t *testing.T, supervisor bool, size fyne.Size, make func(*shell.Env)) *world {
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
	make(env)
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

// mapped waits until all of the map is drawn, where it is on the screen.
func (w *world) mapped() {
	w.t.Helper()
	if w.at == way && w.seek.Page != wayfind.Take && w.seek.Ground.Graph != nil {
		w.turn.Until(w.t, "map is drawn", w.chart.Map.Drawn)
	}
}

// shoot puts the page onto a sheet for docs/SCREENS.md; a sheet shows large print too.
func (w *world) shoot(name string) {
	w.t.Helper()
	size, page, _ := strings.Cut(name, "_")
	album := shelltest.Album{Env: w.env, Name: "staff-" + size, Width: 270, Ready: w.mapped}
	if size == "tablet" {
		album.Width = 512
	}
	if !strings.HasPrefix(page, "large_") {
		album.Take(w.t, page)
	}
}
