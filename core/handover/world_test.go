package handover

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/seal"
	"yizhan/core/ticket"
	"yizhan/core/wire"
)

// outbox queues ops in a store as link.Device does, without a link.
type outbox struct {
	store local.Store
	fail  error
}

func (o *outbox) DoRows(x op.Op, rows func(uint64) ([]local.Row, error)) (uint64, error) {
	if o.fail != nil {
		return 0, o.fail
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
	return state.Last + 1, o.store.Append(local.Queued{Seq: state.Last + 1, Hash: op.Chain(state.Hash, body), Bytes: body, At: x.At}, changed...)
}

const (
	deployment = 7
	spaNumber  = 31
	diyNumber  = 32
	hqNumber   = 1
	st1Number  = 2
)

const spa = `{"id": "spa", "title": "温泉套票", "pools": [{"id": "sets", "total": 1000}],
	"audience": "from_a_newer_server(m)", "future_rule": {"x": 1},
	"windows": {"claim": ["2017-03-08T10:00:00", "2017-03-09T00:00:00"], "pickup": ["2017-03-15T00:00:00", "2017-03-17T00:00:00"]},
	"pickup_hours": ["09:00", "16:00"], "pickup": {"stations": ["HQ", "ST1"], "bind": true}}`

const diy = `{"id": "diy", "title": "口红制作", "check_in": {"opens": "2h", "closes": "10m"}, "sessions": [
	{"id": "am", "starts": "2017-03-15T10:00:00", "ends": "2017-03-15T11:00:00", "total": 30},
	{"id": "pm", "starts": "2017-03-15T14:00:00", "ends": "2017-03-15T16:00:00", "total": 30}]}`

// world is one device K-HQ at station HQ, with what a server has told it.
type world struct {
	testing.TB
	store   local.Store
	outbox  *outbox
	counter *Counter
	status  Status
	key     seal.Private
	seq     uint64 // journal Seq of the last row that the server sent
}

func newWorld(t testing.TB, store local.Store) *world {
	t.Helper()
	key, err := seal.Generate(bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, key: key}
	w.restart(store)
	public := key.Public()
	w.tell(wire.TableKey, fmt.Sprintf("%x", public.KID()), wire.KeyRow{KID: public.KID(), PublicKey: public.Marshal(), Algorithm: public.Algorithm(), Number: deployment})
	w.tell(wire.TableStation, "HQ", wire.StationRow{ID: "HQ", Number: hqNumber, Name: "领物处", Authority: "K-HQ"})
	w.tell(wire.TableStation, "ST1", wire.StationRow{ID: "ST1", Number: st1Number, Name: "卢桥爱心驿站", Authority: "K-ST1"})
	w.tell(wire.TableActivity, "spa", wire.ActivityRow{ID: "spa", Number: spaNumber, Spec: []byte(spa)})
	w.tell(wire.TableActivity, "diy", wire.ActivityRow{ID: "diy", Number: diyNumber, Spec: []byte(diy)})
	return w
}

// restart puts a new process over a store.
func (w *world) restart(store local.Store) {
	w.store, w.outbox = store, &outbox{store: store}
	w.counter = New(Config{Store: store, Outbox: w.outbox, Device: "K-HQ", Station: "HQ", Supervisor: true, Channel: op.ByKiosk, Zone: shanghai,
		Status: func() Status { return w.status }})
}

func (w *world) tell(table, key string, row any) {
	w.Helper()
	w.seq++
	body, err := wire.EncodeRow(row)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.store.Apply(local.Checkpoint{To: w.seq, Rows: []local.Row{{Table: table, ID: key, Seq: w.seq, Body: body}}}); err != nil {
		w.Fatal(err)
	}
}

// answer does what a server does with the whole outbox: answers, then a checkpoint.
func (w *world) answer(rows ...local.Row) {
	w.Helper()
	queue, err := w.store.Queue()
	if err != nil || len(queue) == 0 {
		w.Fatalf("%d ops, %v", len(queue), err)
	}
	results := map[uint64][]byte{}
	for _, q := range queue {
		results[q.Seq] = []byte{0xa0}
	}
	w.seq++
	if err := errors.Join(w.store.Answer(results), w.store.Apply(local.Checkpoint{To: w.seq, Acked: queue[len(queue)-1].Seq, Rows: rows})); err != nil {
		w.Fatal(err)
	}
}

func (w *world) code(change func(*ticket.Ticket)) string {
	w.Helper()
	x := ticket.Ticket{Deployment: deployment, ID: 100, Epoch: 1, Activity: spaNumber, Seats: 2, Station: hqNumber,
		Secret: ticket.Secret([]byte("master"), 100, 1)}
	if change != nil {
		change(&x)
	}
	code, err := ticket.Seal(w.key, x)
	if err != nil {
		w.Fatal(err)
	}
	return code
}

func (w *world) bound(t id.Ticket, state op.ClaimState, epoch int) {
	w.Helper()
	w.tell(wire.TableTicket, number(t), wire.TicketRow{Ticket: t, Activity: "spa", Pool: "sets", Seats: 2, State: state, Epoch: epoch, Station: "HQ"})
}

func (w *world) door(t id.Ticket, state op.ClaimState, inside bool) {
	w.Helper()
	w.tell(wire.TableDoor, number(t), wire.DoorRow{Ticket: t, Activity: "diy", Pool: "am", Member: "W1", Seats: 1, State: state, Inside: inside})
}

// last gives the op that was queued last, and how many there are.
func (w *world) last() (op.Op, int) {
	w.Helper()
	queue, err := w.store.Queue()
	if err != nil || len(queue) == 0 {
		w.Fatalf("%d ops, %v", len(queue), err)
	}
	o, err := op.Decode(queue[len(queue)-1].Bytes)
	if err != nil {
		w.Fatal(err)
	}
	return o, len(queue)
}

var noon = time.Date(2017, 3, 15, 12, 0, 0, 0, shanghai)
