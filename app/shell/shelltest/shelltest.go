// Package shelltest gives the tests of the shells a small world: a filled store,
// a link without a network, and a UI goroutine that the test itself turns.
package shelltest

import (
	"context"
	"crypto/rand"
	"fmt"
	"image/color"
	"strconv"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"yizhan/app/look"
	"yizhan/app/paper"
	"yizhan/app/shell"
	"yizhan/assets"
	"yizhan/core/id"
	"yizhan/core/link"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// Zone is the one of the world.
var Zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Now is when golden pictures are taken: a Saturday afternoon.
var Now = time.Date(2026, 11, 21, 14, 5, 0, 0, Zone)

// Names of the world.
const (
	Film    id.Activity = "film"    // open, a claim of this member is granted
	Spa     id.Activity = "spa"     // full, waitlisted
	Hair    id.Activity = "hair"    // opens later
	Doctor  id.Activity = "doctor"  // sessions
	Picking id.Activity = "picking" // open, nothing asked yet, two stations
	Quiz    id.Activity = "quiz"    // over
	Here    id.Station  = "S001"
	There   id.Station  = "S002"
	Device  id.Device   = "D-KIOSK-1"
)

const deployment = 1

// World is what Fill has made.
type World struct {
	Key    seal.Private
	Now    time.Time
	Ticket string // code of a ticket bound here, two seats, not handed over
	Second string // another one
	Away   string // bound to the other station
}

// Fill writes a device of a role and all that a server would have told it. Times
// are relative to now.
func Fill(s local.Store, role op.Role, now time.Time) (World, error) {
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		return World{}, err
	}
	w := World{Key: key, Now: now}
	w.Ticket, err = w.Code(1024, 2, 1)
	if err != nil {
		return w, err
	}
	w.Second, _ = w.Code(1025, 1, 1)
	w.Away, _ = w.Code(1026, 1, 2)
	who := wire.Enrolled{Device: Device, Role: role, Station: Here, Org: "C001"}
	if role == op.Phone {
		who = wire.Enrolled{Device: "D-PHONE-1", Role: role, Member: "M0001", Org: "C001"}
	}
	identity, err := wire.EncodeRow(who)
	if err != nil {
		return w, err
	}
	file, err := key.Marshal() // any key will do: there is no server to prove it to
	if err != nil {
		return w, err
	}
	if err := s.SetMeta(map[string][]byte{replica.MetaIdentity: identity, replica.MetaKey: file}); err != nil {
		return w, err
	}
	rows, err := w.rows(role)
	if err != nil {
		return w, err
	}
	return w, s.Apply(local.Checkpoint{To: 2000, Rows: rows})
}

// Code signs a ticket; station is the number of a place.
func (w World) Code(t id.Ticket, seats int, station uint32) (string, error) {
	return ticket.Seal(w.Key, ticket.Ticket{Deployment: deployment, ID: t, Activity: 1, Seats: seats, Station: station,
		Secret: ticket.Secret([]byte("master"), t, 0)})
}

func (w World) rows(role op.Role) ([]local.Row, error) {
	var rows []local.Row
	var failed error
	put := func(table, key string, v any) {
		body, err := wire.EncodeRow(v)
		if err != nil {
			failed = err
		}
		rows = append(rows, local.Row{Table: table, ID: key, Seq: uint64(len(rows) + 1), Body: body})
	}
	for i, spec := range specs(w.Now) {
		put(wire.TableActivity, spec[0], wire.ActivityRow{ID: id.Activity(spec[0]), Number: uint32(i + 1), Revision: 1, Spec: []byte(spec[1])})
	}
	put(wire.TablePool, "spa/spa", wire.PoolRow{Activity: Spa, Pool: "spa", Full: true})
	put(wire.TablePool, "doctor/am", wire.PoolRow{Activity: Doctor, Pool: "am", Full: true})
	put(wire.TableStation, string(Here), wire.StationRow{ID: Here, Number: 1, Name: "仙桥街道职工服务站", Address: "仙桥路 18 号院东门北侧", Lat: 31.25, Lon: 120.61, Datum: "WGS84", Hours: "08:30-17:30",
		Phone: "100-0000-0018", Authority: Device})
	put(wire.TableStation, string(There), wire.StationRow{ID: There, Number: 2, Name: "科园区爱心驿站（创业大街与科技三路交叉口东北角地铁站 B 出口旁）",
		Address: "科技三路 9 号", Lat: 31.2507, Lon: 120.6105, Datum: "GCJ02", Phone: "100-0000-0019", Authority: "D-KIOSK-2"})
	put(wire.TableKey, "k", wire.KeyRow{KID: w.Key.Public().KID(), PublicKey: w.Key.Public().Marshal(), Algorithm: w.Key.Public().Algorithm(), Number: deployment})
	mark, err := wire.EncodeRow(replica.Mark{Time: w.Now.Add(-time.Minute).UnixMilli()})
	if err != nil {
		return nil, err
	}
	rows = append(rows, local.Row{Table: replica.TableReplica, ID: replica.MarkID, Body: mark})
	if role == op.Phone {
		w.claims(put)
	} else {
		for i := range 2 {
			t := id.Ticket(1024 + i)
			put(wire.TableTicket, rowID(t), wire.TicketRow{Ticket: t, Activity: Film, Pool: "film", Seats: 2 - i, State: op.ClaimGranted, Station: Here})
		}
		put(wire.TableTask, "7", wire.TaskRow{Seq: 7, Kind: "private_screening", Org: "C001", Activity: Film, At: w.Now.Add(-time.Hour).UnixMilli()})
		put(wire.TableIncident, "9", wire.IncidentRow{Seq: 9, Word: "handed_over_already_redeemed", Ticket: 1030, Device: "D-KIOSK-2", At: w.Now.Add(-time.Hour).UnixMilli()})
	}
	return rows, failed
}

func rowID(t id.Ticket) string { return strconv.FormatUint(uint64(t), 10) }

func (w World) claims(put func(table, key string, v any)) {
	at := w.Now.Add(-time.Hour).UnixMilli()
	put(wire.TableMe, "M0001", wire.MeRow{Member: "M0001", Org: "C001", Name: "科园第一企业工会"})
	put(wire.TableClaim, "1024", wire.ClaimRow{Ticket: 1024, Activity: Film, Pool: "film", Seats: 2, State: op.ClaimGranted, Station: Here, Code: w.Ticket, At: at})
	put(wire.TableClaim, "1090", wire.ClaimRow{Ticket: 1090, Activity: Spa, Pool: "spa", Seats: 1, State: op.ClaimWaitlisted, Place: 17, Station: Here, At: at})
	put(wire.TableClaim, "900", wire.ClaimRow{Ticket: 900, Activity: Quiz, Pool: "quiz", Seats: 1, State: op.ClaimRedeemed, Station: There, At: at - 1e9})
}

func specs(now time.Time) [][2]string {
	now = now.In(Zone)
	at := func(days, hour int) string {
		return time.Date(now.Year(), now.Month(), now.Day()+days, hour, 0, 0, 0, Zone).Format("2006-01-02T15:04:05")
	}
	window := func(name string, a, b string) string { return fmt.Sprintf(`%q:[%q,%q]`, name, a, b) }
	return [][2]string{
		{string(Film), `{"id":"film","title":"《远山来信》首映专场：科园区职工家庭观影（可带一名 1.4 米以下子女）","audience":"under(m, \"PARK\")",
			"audience_why":"仅限科园区的会员","pools":[{"id":"film","total":2000}],"limits":[{"per":"member","max":1,"max_with_child":2},{"per":"org","max":200}],
			"when_full":"waitlist","windows":{` + window("claim", at(-1, 9), at(2, 18)) + `,` + window("pickup", at(-1, 9), at(4, 16)) + `},
			"pickup":{"stations":["S001","S002"],"bind":true}}`},
		{string(Spa), `{"id":"spa","title":"三八节美容护理套餐","pools":[{"id":"spa","total":1000}],"when_full":"waitlist","audience":"m.sex == \"F\"","audience_why":"仅限女会员",
			"limits":[{"per":"member","max":1}],"windows":{` + window("claim", at(-2, 9), at(1, 18)) + `,` + window("pickup", at(7, 9), at(8, 16)) + `},
			"pickup_hours":["09:00","16:00"],"pickup":{"stations":["S001"],"bind":true}}`},
		{string(Hair), `{"id":"hair","title":"免费理发","pools":[{"id":"hair","total":50}],"limits":[{"per":"member","max":1}],
			"windows":{` + window("claim", at(1, 9), at(9, 18)) + `},"pickup":{"stations":["S001"]}}`},
		{string(Doctor), `{"id":"doctor","title":"职工预约挂号：市人民医院","limits":[{"per":"member","max":1}],"horizon":{"from_days":2,"to_days":7},
			"sessions":[{"id":"am","starts":"` + at(2, 8) + `","ends":"` + at(2, 12) + `","total":20},{"id":"pm","starts":"` + at(2, 13) + `","ends":"` + at(2, 17) + `","total":20},
			{"id":"far","starts":"` + at(9, 8) + `","ends":"` + at(9, 12) + `","total":20}]}`},
		{string(Picking), `{"id":"picking","title":"草莓采摘家庭日","pools":[{"id":"picking","total":120}],"limits":[{"per":"member","max":1,"max_with_child":3}],
			"windows":{` + window("claim", at(-1, 9), at(3, 18)) + `,` + window("pickup", at(4, 9), at(5, 16)) + `},"pickup":{"stations":["S001","S002"],"bind":true}}`},
		{string(Quiz), `{"id":"quiz","title":"安全生产知识竞赛纪念品","pools":[{"id":"quiz","total":300}],"windows":{` + window("claim", at(-9, 9), at(-2, 18)) + `}}`},
	}
}

// Link is a link whose server is the test.
type Link struct {
	Store local.Store
	Clock func() time.Time
	Fail  error // given by Do instead of storing

	mu      sync.Mutex
	Stand   link.Status // guarded by mu once the shell runs
	Counts  *wire.Gauge // guarded by mu once the shell runs
	answers map[uint64]chan op.Result
	notify  func()
	Enrols  func(code string) error
	Tells   func(wire.Ask) wire.Told // nil: nobody answers; guarded by mu once the shell runs
}

// Identity reads it from the store.
func (l *Link) Identity() (wire.Enrolled, bool) {
	var who wire.Enrolled
	body, err := l.Store.Meta(replica.MetaIdentity)
	if err != nil || body == nil || wire.DecodeRow(body, &who) != nil {
		return who, false
	}
	return who, true
}

// Enrol asks the test.
func (l *Link) Enrol(_ context.Context, code string) (wire.Enrolled, error) {
	return wire.Enrolled{}, l.Enrols(code)
}

// Do queues an op as the real link does.
func (l *Link) Do(o op.Op, rows ...local.Row) (uint64, error) {
	return l.DoRows(o, func(uint64) ([]local.Row, error) { return rows, nil })
}

// DoRows queues an op together with rows that carry its number.
func (l *Link) DoRows(o op.Op, rows func(uint64) ([]local.Row, error)) (uint64, error) {
	if l.Fail != nil {
		return 0, l.Fail
	}
	st, err := l.Store.State()
	if err != nil {
		return 0, err
	}
	body, err := op.Encode(&o)
	if err != nil {
		return 0, err
	}
	changed, err := rows(st.Last + 1)
	if err != nil {
		return 0, err
	}
	q := local.Queued{Seq: st.Last + 1, Hash: op.Chain(st.Hash, body), Bytes: body, At: l.Clock().UnixMilli()}
	return q.Seq, l.Store.Append(q, changed...)
}

// OnRecall implements shell.Link; this server asks for nothing.
func (l *Link) OnRecall(func(wire.Recall) error) {}

// OnAnswer implements shell.Link; the test looks at the results itself.
func (l *Link) OnAnswer(func(map[uint64]op.Result) error) {}

func (l *Link) answer(seq uint64) chan op.Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answers == nil {
		l.answers = map[uint64]chan op.Result{}
	}
	if l.answers[seq] == nil {
		l.answers[seq] = make(chan op.Result, 1)
	}
	return l.answers[seq]
}

// Wait waits for Answer.
func (l *Link) Wait(ctx context.Context, seq uint64) (op.Result, error) {
	select {
	case r := <-l.answer(seq):
		return r, nil
	case <-ctx.Done():
		return op.Result{}, ctx.Err()
	}
}

// Answer is the server's answer to an op, with the rows that come with it; the
// op leaves the outbox, as after a checkpoint.
func (l *Link) Answer(t testing.TB, seq uint64, r op.Result, rows ...local.Row) {
	t.Helper()
	body, err := wire.EncodeRow(r)
	if err == nil {
		err = l.Store.Answer(map[uint64][]byte{seq: body})
	}
	if err == nil {
		err = l.Store.Apply(local.Checkpoint{To: 3000 + seq, Acked: seq, Rows: rows})
	}
	if err != nil {
		t.Fatal(err)
	}
	l.answer(seq) <- r
	l.News()
}

// Notify remembers one listener.
func (l *Link) Notify(fn func()) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notify = fn
	return func() {}
}

// News calls the listener.
func (l *Link) News() {
	l.mu.Lock()
	fn := l.notify
	l.mu.Unlock()
	if fn != nil {
		fn()
	}
}

// Status is what the test set, with the true number of waiting ops.
func (l *Link) Status() link.Status {
	l.mu.Lock()
	st := l.Stand
	l.mu.Unlock()
	queue, _ := l.Store.Queue()
	for _, q := range queue {
		if q.Result == nil {
			if st.Waiting == 0 {
				st.OldestWaiting = time.UnixMilli(q.At)
			}
			st.Waiting++
		}
	}
	return st
}

// Set changes the status, or the counts, while a shell runs.
func (l *Link) Set(change func(*Link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

// Watch is not needed: Counts are what the test set.
func (l *Link) Watch(id.Activity) {}

// Gauge gives the counts of an activity.
func (l *Link) Gauge(a id.Activity) (wire.Gauge, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Counts == nil || l.Counts.Activity != a {
		return wire.Gauge{}, false
	}
	return *l.Counts, true
}

// Ask gives what the test set, which may take its time.
func (l *Link) Ask(_ context.Context, m wire.Ask) (wire.Told, error) {
	l.mu.Lock()
	tells := l.Tells
	l.mu.Unlock()
	if tells == nil {
		return wire.Told{}, link.ErrOffline
	}
	return tells(m), nil
}

// SetOnline does nothing: there is no network.
func (l *Link) SetOnline(bool) {}

// Turn is the UI goroutine: functions wait until the test turns it.
type Turn chan func()

// NewTurn makes one with room for what a test can cause.
func NewTurn() Turn { return make(Turn, 256) }

// Do is what fyne.Do is in the app.
func (t Turn) Do(fn func()) { t <- fn }

// Until runs functions until a condition holds; the test fails if nothing comes any more.
func (t Turn) Until(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case fn := <-t:
			fn()
		case <-deadline:
			tb.Fatalf("%s: did not happen", what)
		}
	}
}

// NewDevice is a filled device of a role with its window, on Fyne's test driver.
func NewDevice(t testing.TB, role op.Role) (*shell.Env, *Link, Turn, World) {
	t.Helper()
	store := memory.New()
	w, err := Fill(store, role, Now)
	if err != nil {
		t.Fatal(err)
	}
	env, l, turn := NewEnv(t, store)
	return env, l, turn, w
}

// NewEnv makes the parts around a store.
func NewEnv(t testing.TB, store local.Store) (*shell.Env, *Link, Turn) {
	t.Helper()
	theme, err := look.NewTheme(look.Phone, assets.Fonts)
	if err != nil {
		t.Fatalf("pictures need the bundled font, run `make fonts`: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	a := test.NewTempApp(t)
	a.Settings().SetTheme(theme)
	l := &Link{Store: store, Clock: func() time.Time { return Now }, Stand: link.Status{AsOf: Now.Add(-time.Minute)}}
	turn := NewTurn()
	window := test.NewTempWindow(t, canvas.NewRectangle(color.Transparent))
	window.SetPadded(false)
	window.Resize(fyne.NewSize(412, 915))
	env := &shell.Env{Ctx: ctx, Store: store, Link: l, Theme: theme, App: a, Taste: &shell.Taste{}, Window: window, Zone: Zone,
		Now: func() time.Time { return l.Clock() }, Do: turn.Do, Server: "ws://127.0.0.1:8640/v1/sync",
		Press: shell.NewPress(nil, paper.Narrow)}
	env.Forget()
	env.Counter, env.Holder = shell.NewCounter(env), shell.NewHolder(env)
	return env, l, turn
}
