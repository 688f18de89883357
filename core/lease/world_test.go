package lease

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"yizhan/core/clock"
	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

const deployment = 7

// outbox queues ops in a store as link.Device does, without a link. It can fail
// before it has stored, and after.
type outbox struct {
	store  local.Store
	before error
	after  error
}

func (o *outbox) DoRows(x op.Op, rows func(uint64) ([]local.Row, error)) (uint64, error) {
	if o.before != nil {
		return 0, o.before
	}
	state, err := o.store.State()
	if err != nil {
		return 0, err
	}
	body, err := op.Encode(&x)
	if err != nil {
		return 0, err
	}
	changed, err := rows(state.Last + 1)
	if err != nil {
		return 0, err
	}
	err = o.store.Append(local.Queued{Seq: state.Last + 1, Hash: op.Chain(state.Hash, body), Bytes: body, At: x.At}, changed...)
	return state.Last + 1, errors.Join(err, o.after)
}

// world is a staff device with a lease, and what a server told it.
type world struct {
	testing.TB
	store  *memory.Store
	outbox *outbox
	holder *Holder
	status Status
	server seal.Private
	device seal.Private
	keeps  bool
	seq    uint64
	now    int64 // true time, of the server
	skew   int64 // device clock minus true time
	boot   string
	start  int64 // when the machine was started
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, now: at(t, "2017-03-08T09:00:00"), boot: "b1", store: memory.New()}
	w.start = w.now - 5000
	w.server, w.device = key(t, 1), key(t, 9)
	w.restart()
	file, err := w.device.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.SetMeta(map[string][]byte{replica.MetaKey: file}); err != nil {
		t.Fatal(err)
	}
	public := w.server.Public()
	w.tell(wire.TableKey, fmt.Sprintf("%x", public.KID()), wire.KeyRow{KID: public.KID(), PublicKey: public.Marshal(), Algorithm: public.Algorithm(), Number: deployment})
	w.tell(wire.TableActivity, "gift", wire.ActivityRow{ID: "gift", Number: 31, Spec: []byte(gift)})
	w.tell(wire.TableStation, "ST1", wire.StationRow{ID: "ST1", Number: 12})
	for _, m := range []id.Member{"F1", "F2", "F3", "F4"} {
		w.tell(wire.TablePerson, string(m), wire.PersonRow{Person: member.Person{ID: m, Org: "FH", Sex: "F"}})
	}
	w.tell(wire.TableOrg, "FH", wire.OrgRow{ID: "FH"})
	w.handshake()
	return w
}

func key(t testing.TB, fill byte) seal.Private {
	t.Helper()
	k, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{fill}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// restart puts a new process over the store.
func (w *world) restart() {
	w.store = w.store.Reopen()
	w.outbox = &outbox{store: w.store}
	w.holder = New(Config{Keeps: w.keeps, Store: w.store, Outbox: w.outbox, Zone: shanghai, Status: func() Status { return w.status },
		Boot: func() (string, time.Duration) { return w.boot, time.Duration(w.now-w.start) * time.Millisecond }})
}

func (w *world) wall() time.Time { return time.UnixMilli(w.now + w.skew) }

// handshake is what link keeps of one.
func (w *world) handshake() {
	w.Helper()
	values, err := clock.WriteAnchor(clock.Anchor{Boot: w.boot, Since: time.Duration(w.now-w.start) * time.Millisecond, Server: w.now, Offset: -w.skew})
	if err == nil {
		err = w.store.SetMeta(values)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) tell(table, key string, row any) {
	w.Helper()
	w.seq++
	body, err := wire.EncodeRow(row)
	if err == nil {
		err = w.store.Apply(local.Checkpoint{To: w.seq, Rows: []local.Row{{Table: table, ID: key, Seq: w.seq, Body: body}}})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// lend tells the device about a lease, certified for its key.
func (w *world) lend(l op.Lease, over string) op.Lease {
	w.Helper()
	if l.ID == 0 {
		l.ID = 7
	}
	if l.Expires == 0 {
		l.Expires = w.now + time.Hour.Milliseconds()
	}
	if l.Policy == 0 {
		l.Policy = op.Hard
	}
	l.Activity, l.Pool = "gift", "sets"
	signed, err := ticket.Certify(w.server, ticket.Certificate{Deployment: deployment, Lease: l.ID, Device: w.device.Public(), Activity: 31,
		Policy: l.Policy, Ranges: ticket.Ranges(l.Taken)})
	if err != nil {
		w.Fatal(err)
	}
	secret := ticket.LeaseSecret([]byte("master"), l.ID)
	w.tell(wire.TableLease, strconv.FormatUint(l.ID, 10), wire.LeaseRow{Lease: l, Over: over, Certificate: signed, Secret: secret[:]})
	return l
}

func (w *world) claim(m id.Member, seats int) (op.Result, bool) {
	w.Helper()
	r, _, handled, err := w.holder.Claim(op.Op{Member: m, Activity: "gift", Seats: seats, Station: "ST1"}, w.wall())
	if err != nil {
		w.Fatal(err)
	}
	return r, handled
}

func (w *world) wantCode(m id.Member, seats int, code fault.Code) {
	w.Helper()
	r, handled := w.claim(m, seats)
	if !handled || r.Code != code || (r.Outcome == op.Granted) != (code == fault.None) {
		w.Fatalf("%s asked %d: %+v, handled %v, want %v", m, seats, r, handled, code)
	}
}

func (w *world) wantUnhandled(m id.Member) {
	w.Helper()
	if r, handled := w.claim(m, 1); handled {
		w.Fatalf("%s was answered %+v; the server decides", m, r)
	}
}

func (w *world) ops() (ops []op.Op) {
	w.Helper()
	queue, err := w.store.Queue()
	if err != nil {
		w.Fatal(err)
	}
	for _, q := range queue {
		o, err := op.Decode(q.Bytes)
		if err != nil {
			w.Fatal(err)
		}
		ops = append(ops, o)
	}
	return ops
}

func (w *world) grants() []wire.GrantRow {
	w.Helper()
	rows, err := read[wire.GrantRow](w.store, wire.TableGrant)
	if err != nil {
		w.Fatal(err)
	}
	return rows
}
