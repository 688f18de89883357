package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"yizhan/core/fault"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/schedule"
	"yizhan/core/seal"
	"yizhan/core/station"
)

var update = flag.Bool("update", false, "write testdata anew; only for new messages, never for changed bytes")

// vector is a value in both its forms; other languages read the same file.
type vector struct {
	Name string `json:"name"`
	Note string `json:"note,omitempty"`
	Diag string `json:"diagnostic"` // CBOR diagnostic notation (RFC 8949 §8)
	Hex  string `json:"hex"`
}

func codec(t testing.TB) *Codec {
	t.Helper()
	c, err := NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func must1[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Keys and nonces of the vectors are fixed bytes and protect nothing.
func handshake(t testing.TB) (Hello, Challenge, Enrol, Proof, map[string]Transcript) {
	key := func(fill byte) seal.Private {
		return must1[seal.Private](t)(seal.Generate(bytes.NewReader(bytes.Repeat([]byte{fill}, 32))))
	}
	server, device := key(0x53), key(0x44)
	sign := func(k seal.Private, context seal.Context, tr Transcript) []byte {
		return k.SignBytes(context, must1[[]byte](t)(tr.Bytes()))
	}
	hello := Hello{Min: 1, Max: 1, Device: "kiosk-1", Nonce: bytes.Repeat([]byte{0xaa}, 16), App: "yizhan 0.1"}
	c := Challenge{Version: 1, Deployment: "yunlu", Nonce: bytes.Repeat([]byte{0xbb}, 16), Time: 1790000000000, Key: server.Public().Marshal()}
	tr := Transcript{Version: 1, Deployment: c.Deployment, Hello: hello.Nonce, Challenge: c.Nonce, Time: c.Time, Key: c.Key}
	signed := map[string]Transcript{"challenge": tr}
	c.Signature = sign(server, SignChallenge, tr)
	tr.Device = hello.Device
	signed["proof"] = tr
	proof := Proof{Signature: sign(device, SignProof, tr), Cursor: 1200}
	enrol := Enrol{Code: "ABCDEFGHIJKLMNOP", PublicKey: device.Public().Marshal()}
	tr.Device, tr.Code, tr.PublicKey = "", enrol.Code, enrol.PublicKey
	signed["enrol"] = tr
	enrol.Signature = sign(device, SignEnrol, tr)
	tr.Device = hello.Device
	signed["enrol_again"] = tr
	return hello, c, enrol, proof, signed
}

// leaving gives an order to wipe in the session of handshake, and its receipt.
func leaving(t testing.TB) (Wipe, Wiped) {
	key := func(fill byte) seal.Private {
		return must1[seal.Private](t)(seal.Generate(bytes.NewReader(bytes.Repeat([]byte{fill}, 32))))
	}
	hello, c, _, _, signed := handshake(t)
	order := Order{Transcript: must1[[]byte](t)(signed["proof"].Bytes()), Taken: 41}
	wipe := Wipe{Taken: order.Taken, Signature: key(0x53).SignBytes(SignWipe, must1[[]byte](t)(order.Bytes()))}
	wiped := Wiped{Deployment: c.Deployment, Device: hello.Device, Nonce: c.Nonce, Time: c.Time, Last: order.Taken}
	wiped.Signature = key(0x44).SignBytes(SignWiped, must1[[]byte](t)(wiped.Receipt()))
	return wipe, wiped
}

func messages(t testing.TB) map[string]Message {
	hello, challenge, enrol, proof, _ := handshake(t)
	wipe, wiped := leaving(t)
	again := enrol
	again.Former = &Enrolled{Device: "kiosk-1", Role: op.Kiosk, Station: "st-7"}
	claim := must1[[]byte](t)(op.Encode(&op.Op{Kind: op.Claim, Activity: "premiere", Pool: "main", Member: "m-1001", Seats: 2,
		At: 1790000001000, EnteredBy: "m-1001", Channel: op.ByPhone}))
	cancel := must1[[]byte](t)(op.Encode(&op.Op{Kind: op.Cancel, Activity: "premiere", Pool: "main", Member: "m-1001", Seats: 1, At: 1790000002000}))
	pool := must1[[]byte](t)(EncodeRow(PoolRow{Activity: "premiere", Pool: "main", Full: true}))
	previous := op.Hash{}
	return map[string]Message{
		"hello":            hello,
		"hello_enrol":      Hello{Min: 1, Max: 3, Nonce: hello.Nonce},
		"challenge":        challenge,
		"enrol":            enrol,
		"enrol_again":      again,
		"enrolled":         Enrolled{Device: "kiosk-1", Role: op.Kiosk, Station: "st-7"},
		"enrolled_phone":   Enrolled{Device: "phone-9", Role: op.Phone, Member: "m-1001", Org: "org-12"},
		"proof":            proof,
		"welcome":          Welcome{Time: 1790000000100, LastOp: 2, LastSum: bytes.Repeat([]byte{0xcc}, 16), Head: 1300},
		"proof_known":      Proof{Signature: proof.Signature, Cursor: 1200, Known: &Known{Epoch: 1, Receipt: []byte{1, 2, 3}}},
		"proof_stamp":      Proof{Signature: proof.Signature, Cursor: 1200, Known: &Known{Epoch: 1, Receipt: []byte{1, 2, 3}, Stamp: []byte{7, 8}}},
		"checkpoint_stamp": Checkpoint{From: 1200, To: 1301, Acked: 1, Last: true, Time: 1790000001005, Stamp: []byte{7, 8}},
		"welcome_restored": Welcome{Time: 1790000000100, LastOp: 2, LastSum: bytes.Repeat([]byte{0xcc}, 16), Head: 1300, Epoch: 2},
		"welcome_phone":    Welcome{Time: 1790000000100, Head: 1300, Pass: []byte{0xd2, 0x84}},
		"welcome_new":      Welcome{Time: 1790000000100, Head: 1300},
		"ops":              Ops{First: 1, Previous: previous[:], Ops: [][]byte{claim, cancel}},
		"results":          Results{First: 1, Results: []op.Result{{Outcome: op.Granted, Seats: 2, Ticket: 1301, Seq: 1301}, {Outcome: op.Refused, Code: fault.Barred, Seq: 1302}}},
		"ops_again":        Ops{First: 3, Previous: bytes.Repeat([]byte{0xcc}, 16), Ops: [][]byte{claim, cancel}, Receipts: [][]byte{{1, 2, 3}, {}}},
		"results_receipts": Results{First: 1, Results: []op.Result{{Outcome: op.Granted, Seats: 2, Ticket: 1301, Seq: 1301}, {Outcome: op.Refused, Code: fault.Barred, Seq: 1302}}, Receipts: [][]byte{{1, 2, 3}, {4}}},
		"results_group":    Results{First: 3, Results: []op.Result{{Outcome: op.Granted, Granted: 5, Waitlisted: 1, Refused: map[fault.Code]int{fault.SoldOut: 2, fault.MemberCap: 1, fault.Barred: 3}, Tasks: []string{"review"}, Seq: 1400}}},
		"checkpoint":       Checkpoint{From: 1200, To: 1301, Acked: 1, Rows: []RowChange{{Table: TablePool, ID: "premiere/main", Seq: 1301, Body: pool}, {Table: TableDoor, ID: "7", Seq: 1290, Gone: true, Body: []byte{}}}, Last: true, Time: 1790000001005},
		"checkpoint_reset": Checkpoint{To: 1301, Reset: true, Time: 1790000001005},
		"proof_scopes": Proof{Signature: proof.Signature, Cursor: 1200, Held: &Held{Scopes: []string{"fleet", "station/st-7"},
			Staged: []Staged{{Scope: "door", Seq: 830, Table: TableDoor, ID: "815", Fresh: true}}, Window: 1179649}},
		"proof_nothing_held": Proof{Signature: proof.Signature, Held: &Held{Scopes: []string{}, Window: 1179649}},
		"checkpoint_scopes": Checkpoint{From: 1200, To: 1301, Acked: 1, Rows: []RowChange{{Table: TablePool, ID: "premiere/main", Seq: 1301, Body: pool},
			{Table: TableDoor, ID: "7", Seq: 1290, Gone: true, Body: []byte{}}}, Last: true, Time: 1790000001005,
			Parts: []Part{{Scope: "public", Rows: 1, Fresh: true, Buckets: []byte{}}, {Scope: "door", Rows: 1, Buckets: []byte{}}},
			Take:  []string{"public"}, Drop: []string{"org/o-9"}, Sums: map[string][]byte{"public": bytes.Repeat([]byte{0xdd}, 16)}, More: true},
		"checkpoint_repair": Checkpoint{From: 1301, To: 1301, Acked: 1, Rows: []RowChange{{Table: TablePool, ID: "premiere/main", Seq: 1301, Body: pool}}, Last: true,
			Time: 1790000001005, Parts: []Part{{Scope: "public", Rows: 1, Buckets: []byte{231}}}},
		"differ":              Differ{Sums: map[string][]byte{"public": bytes.Repeat([]byte{0xee}, 4096)}},
		"credit":              Credit{Bytes: 131072},
		"relay":               Relay{Device: "staff-3", First: 1, Previous: previous[:], Ops: [][]byte{claim, cancel}, Judged: []fault.Verdict{0, fault.AlreadyRedeemed}, Receipts: [][]byte{{}, {1, 2}}},
		"relay_wiped":         Relay{Device: wiped.Device, Wiped: &wiped},
		"relay_enrol":         Relay{Code: "ABCD-EFGH", PublicKey: bytes.Repeat([]byte{5}, 32)},
		"relay_whole":         Relay{Device: "staff-3", Whole: true},
		"relay_enrol_again":   Relay{Code: "ABCD-EFGH", PublicKey: bytes.Repeat([]byte{5}, 32), Former: &Enrolled{Device: "staff-3", Role: op.Staff, Station: "st-7", Upstream: "hub-1"}},
		"relayed":             Relayed{Device: "staff-3", First: 1, Results: []op.Result{{Outcome: op.Granted, Seats: 2, Ticket: 1301, Seq: 1301}}, Kind: fault.Busy, Detail: "later", LastOp: 1, LastSum: bytes.Repeat([]byte{0xcc}, 16), Receipts: [][]byte{{4}}},
		"relayed_enrol":       Relayed{Device: "staff-3", Enrolled: &Enrolled{Device: "staff-3", Role: op.Staff, Station: "st-7", Upstream: "hub-1"}},
		"enrolled_hub":        Enrolled{Device: "staff-3", Role: op.Staff, Station: "st-7", Upstream: "hub-1"},
		"enrolled_supervisor": Enrolled{Device: "staff-4", Role: op.Staff, Station: "st-7", Supervisor: true},
		"gauge":               Gauge{Activity: "premiere", Free: map[id.Pool]int{"main": 12, "a": 0, "夜场": 300}, Waiting: map[id.Pool]int{"main": 3}, Time: 1790000001500},
		"watch":               Watch{Activity: "premiere"},
		"watch_stop":          Watch{},
		"sync":                Sync{N: 4},
		"fault":               Fault{Kind: fault.Gap, Detail: "have 2, got 5", Next: 3},
		"fault_busy":          Fault{Kind: fault.Busy},
		"ask":                 Ask{N: 1, Kind: AskPerson, Name: "WXL", Phone: "0042"},
		"ask_tickets":         Ask{N: 2, Kind: AskTickets, Member: "m-1001", Proof: []byte{0xd2, 1, 2}},
		"told":                Told{N: 1, People: []Masked{{Member: "m-1001", Name: "王**", Phone: "****0042", Org: "云鹭公交工会"}}},
		"told_tickets":        Told{N: 2, People: []Masked{{Member: "m-1001"}}, Claims: []ClaimRow{{Ticket: 1301, Activity: "premiere", Pool: "main", Seats: 2, State: op.ClaimGranted, Code: "2KCET", At: 1790000001000}}},
		"told_phone":          Told{N: 3, Invitation: "YIZHAN:ABCD", Typed: "ABCD-EFGH", Expires: 1790000601000},
		"told_refused":        Told{N: 4, Code: fault.NotAuthorised},
		"told_busy":           Told{N: 5, Kind: fault.Busy},
		"recall":              Recall{Tickets: []Bound{{Ticket: 1301, Epoch: 1}, {Ticket: 1302}}},
		"recall_station":      Recall{Station: "st-7"},
		"wipe":                wipe,
		"wiped":               wiped,
	}
}

// leaseTicket is serial 41 of lease 900.
const leaseTicket = 1<<62 | 900<<24 | 41

func rowValues() map[string]any {
	return map[string]any{
		TableActivity: &ActivityRow{ID: "premiere", Number: 3, Revision: 2, Spec: []byte(`{"id":"premiere"}`)},
		TablePool:     &PoolRow{Activity: "premiere", Pool: "main", Full: true},
		TableStation: &StationRow{ID: "st-7", Number: 7, Name: "云鹭驿站", Lat: 31.25, Lon: 120.6170001, Datum: "GCJ02", Address: "湖滨路 7 号", Hours: "09:00-21:00",
			Phone: "100-0000", Facilities: []string{"饮水", "充电"}, Kind: "indoor", Status: "open", Authority: "kiosk-1"},
		TableKey:                 &KeyRow{KID: []byte{1, 2, 3, 4}, PublicKey: bytes.Repeat([]byte{5}, 32), Algorithm: seal.EdDSA, Number: 1},
		TableRevoked:             &RevokedRow{PublicKey: bytes.Repeat([]byte{5}, 32)},
		TableCalendar:            &CalendarRow{Year: 2026, Days: []schedule.Day{{Date: "2026-02-14", Name: "春节"}, {Date: "2026-02-16", Name: "春节", Off: true}}},
		TableCalendar + "_empty": &CalendarRow{Year: 2027},
		TableStation + "_closed": &StationRow{ID: "st-8", Number: 8, Name: "云鹭广场驿站", Lat: 31.25, Lon: 120.6170001, Datum: "BD09", Hours: "工作日 08:30-12:00、14:00-17:30；周末 休息",
			Facilities: []string{"water", "toilet"}, Kind: "care", Checked: "2026-11-02", Landmark: "地铁 B 口旁", Photo: strings.Repeat("ab", 32),
			Closure: &station.Closure{From: "2026-11-22", Until: "2026-12-05", Why: "装修"}},
		TableMap:      &MapRow{Area: "yunlu", Name: "云鹭市", Made: "2026-01-02", Blob: bytes.Repeat([]byte{5}, 32), Bytes: 1_400_000},
		TableClaim:    &ClaimRow{Ticket: 1301, Activity: "premiere", Pool: "main", Seats: 2, State: op.ClaimGranted, Place: 17, Station: "st-7", Epoch: 1, Code: "2KCET", At: 1790000001000},
		TableMessage:  &MessageRow{Seq: 1305, Kind: "granted", Activity: "premiere", Pool: "main", Ticket: 1301, At: 1790000001000},
		TableMe:       &MeRow{Member: "m-1001", Org: "org-12", Name: "云鹭公交工会"},
		TableTicket:   &TicketRow{Ticket: 1301, Activity: "premiere", Pool: "main", Seats: 2, State: op.ClaimGranted, Epoch: 1, Station: "st-7"},
		TableDoor:     &DoorRow{Ticket: 1301, Activity: "premiere", Pool: "main", Member: "m-1001", Seats: 2, State: op.ClaimRedeemed, Inside: true},
		TableGuest:    &GuestRow{Ticket: 1301, Member: "m-1001", Name: "李*华", Initials: []string{"LXH"}, Mark: []byte{7}},
		TableTask:     &TaskRow{Seq: 1306, Kind: "review", Org: "org-12", Activity: "premiere", At: 1790000001000},
		TableIncident: &IncidentRow{Seq: 1307, Word: "double_hand_over", Ticket: 1301, Device: "kiosk-1", Verdict: fault.AlreadyRedeemed, At: 1790000001000},
		TableUsed:     &UsedRow{Ticket: 1301, Seq: 5, At: 1790000009000, Kind: op.Redeem, Out: true},

		TableTicket + "_blocked": &TicketRow{Ticket: 1301, Activity: "premiere", Pool: "main", Seats: 2, State: op.ClaimGranted, Epoch: 1, Station: "st-7", Member: "m-1001", Blocked: true},
		TableClaim + "_blocked":  &ClaimRow{Ticket: leaseTicket, Activity: "premiere", Pool: "main", Seats: 1, State: op.ClaimGranted, Code: "2KCETIQ", At: 1790000000000, Blocked: true},
		TableDoor + "_blocked":   &DoorRow{Ticket: leaseTicket, Activity: "premiere", Pool: "main", Member: "m-1001", Seats: 1, State: op.ClaimGranted, Blocked: true},
		TableIncident + "_first": &IncidentRow{Seq: 1402, Word: "handed_over_already_redeemed", Ticket: 1301, Device: "kiosk-2", Verdict: fault.AlreadyRedeemed, At: 1790000005000,
			Station: "st-8", By: "s-4", ScannedAt: 1790000001000, Reason: "换站", FirstDevice: "kiosk-1", FirstStation: "st-7", FirstAt: 1790000000000, FirstBy: "s-3"},
		TableIncident + "_twice": &IncidentRow{Seq: 1401, Word: "serial_granted_twice", Ticket: leaseTicket, Device: "kiosk-1", At: 1790000000000, Member: "m-1002"},
		TableLease: &LeaseRow{Lease: op.Lease{ID: 900, Device: "kiosk-1", Activity: "premiere", Pool: "main", Seats: 40, Taken: []op.Taken{{Part: 1, From: 41, N: 40}},
			Policy: op.VoidUnreported, SetAside: "frontline", Members: []op.Borrower{{Member: "m-1001", Held: []int{0, 1}}}, Org: "org-12", Lasts: 86_400_000, VoidAfter: 3_600_000,
			Expires: 1790086400000, Revision: 2}, Over: op.LeaseExpired, Certificate: []byte{0xd2}, Secret: bytes.Repeat([]byte{7}, 16)},
		TableLease + "_shared": &LeaseRow{Lease: op.Lease{ID: 901, Device: "kiosk-1", Activity: "premiere", Pool: "main", Seats: 2, Taken: []op.Taken{{From: 1, N: 2}},
			Policy: op.Hard, Lasts: 86_400_000, Expires: 1790086400000, Revision: 2}, Elsewhere: []id.Member{"m-1001", "m-1002"}},
		TablePerson:             &PersonRow{Person: member.Person{ID: "m-1001", Org: "org-12", Sex: "F", Birth: "1990-02-03", Tags: []string{"model"}, Children: 1, LivesIn: "org-2", Barred: true}},
		TableOrg:                &OrgRow{ID: "org-12", Parent: "city"},
		TableHeld:               &HeldRow{Ticket: 1301, Activity: "premiere", Pool: "main", Member: "m-1001", Org: "org-12", Seats: 2, State: op.ClaimGranted},
		TableVoid:               &VoidRow{Lease: 900, Taken: []op.Taken{{Part: 1, From: 50, N: 31}}, InDoubt: true},
		TableUsed + "_given":    &UsedRow{Ticket: 1301, Seq: 6, At: 1790000009000, Kind: op.Release, Epoch: 1},
		TableTicket + "_sealed": &TicketRow{Ticket: 1301, Activity: "premiere", Pool: "main", Seats: 2, State: op.ClaimGranted, Epoch: 1, Station: "st-7", Member: "m-1001", Sealed: []byte{1, 2, 3}},
		TableUsed + "_asked":    &UsedRow{Ticket: 1301, Seq: 7, At: 1790000009000, Kind: op.Redeem, Asked: true},
		TableDoor + "_came":     &DoorRow{Ticket: 1301, Activity: "premiere", Pool: "main", Member: "m-1001", Seats: 2, State: op.ClaimGranted, Came: true},
		TableScanner:            &ScannerRow{Device: "staff-3", Role: op.Staff, Station: "st-7", Org: "org-12", PublicKey: bytes.Repeat([]byte{5}, 32), Gone: true},
		TableUsed + "_clock":    &UsedRow{At: 1790000009000, Boot: "5f2b", Since: 3600000},
		TableUsed + "_by":       &UsedRow{Ticket: 1301, Seq: 7, At: 1790000009000, Kind: op.Redeem, Epoch: 1, By: "staff-3"},
		TableTask + "_settled":  &TaskRow{Seq: 1306, Kind: "review", Org: "org-12", Activity: "premiere", At: 1790000001000, SettledAt: 1790000009000, SettledBy: "s-3", Note: "已安排专场", Handled: true},
		TableIncident + "_seen": &IncidentRow{Seq: 1307, Word: "override", Ticket: 1301, Device: "kiosk-1", Verdict: fault.TooLate, At: 1790000001000, SettledAt: 1790000009000, SettledBy: "s-3",
			Note: "已与本人核对", Handled: true},
		TableScanner + "_supervisor": &ScannerRow{Device: "staff-4", Role: op.Staff, Station: "st-7", PublicKey: bytes.Repeat([]byte{6}, 32), Supervisor: true},
	}
}

// golden compares with a file of testdata: the values in it stay as they are for ever.
func golden(t *testing.T, file string, got map[string]vector) []vector {
	t.Helper()
	var want []vector
	if old, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(old, &want); err != nil {
			t.Fatal(err)
		}
	} else if !*update {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, w := range want {
		seen[w.Name] = true
		if g, ok := got[w.Name]; ok && g != w {
			if want[i] = g; !*update {
				t.Errorf("%s changed:\n got %+v\nwant %+v", w.Name, g, w)
			}
		} else if !ok {
			t.Errorf("%s is in %s and not in the test", w.Name, file)
		}
	}
	for name, g := range got {
		if !seen[name] {
			if want = append(want, g); !*update {
				t.Errorf("%s is not in %s: run with -update", name, file)
			}
		}
	}
	if *update {
		writeSorted(t, file, want)
	}
	return want
}

func TestMessageVectors(t *testing.T) {
	c, got, types := codec(t), map[string]vector{}, map[Type]bool{}
	for name, m := range messages(t) {
		// Uncompressed, because the bytes of a compressor differ from version to version.
		frame := append([]byte{flagRaw}, must1[[]byte](t)(c.open(must1[[]byte](t)(c.Encode(m))))...)
		got[name] = vector{Name: name, Diag: must1[string](t)(cbor.Diagnose(frame[1:])), Hex: hex.EncodeToString(frame)}
		types[m.Type()] = true
	}
	for _, v := range golden(t, "testdata/messages.json", got) {
		m := must1[Message](t)(c.Decode(must1[[]byte](t)(hex.DecodeString(v.Hex))))
		if want := messages(t)[v.Name]; !reflect.DeepEqual(m, want) {
			t.Errorf("%s reads as %+v, want %+v", v.Name, m, want)
		}
	}
	for n := range 256 {
		m, _ := decode(Type(n), []byte{0xa0})
		if known := m != nil; known != types[Type(n)] {
			t.Errorf("message type %d is known: %v, has a vector: %v", n, known, types[Type(n)])
		}
	}
}

// The signatures over these bytes are in the message vectors of the same names;
// the keys' seeds are 32 times 0x53 (server) and 32 times 0x44 (device).
func TestTranscriptVectors(t *testing.T) {
	got := map[string]vector{}
	_, _, _, _, signed := handshake(t)
	for name, tr := range signed {
		b := must1[[]byte](t)(tr.Bytes())
		got[name] = vector{Name: name, Diag: must1[string](t)(cbor.Diagnose(b)), Hex: hex.EncodeToString(b)}
		if tr.Binding = []byte{}; !bytes.Equal(b, must1[[]byte](t)(tr.Bytes())) {
			t.Errorf("%s: a binding that is nil and one that is empty are signed as different bytes", name)
		}
	}
	golden(t, "testdata/transcripts.json", got)
}

func TestRowVectors(t *testing.T) {
	got := map[string]vector{}
	for name, row := range rowValues() {
		body := must1[[]byte](t)(EncodeRow(row))
		got[name] = vector{Name: name, Diag: must1[string](t)(cbor.Diagnose(body)), Hex: hex.EncodeToString(body)}
	}
	for _, v := range golden(t, "testdata/rows.json", got) {
		want := rowValues()[v.Name]
		row := reflect.New(reflect.TypeOf(want).Elem()).Interface()
		if err := DecodeRow(must1[[]byte](t)(hex.DecodeString(v.Hex)), row); err != nil || !reflect.DeepEqual(row, want) {
			t.Errorf("%s reads as %+v (%v), want %+v", v.Name, row, err, want)
		}
	}
}

// A compressed frame of today must be readable for ever; its bytes may differ
// with the compressor's version, so nothing compares them.
func TestCompressedVector(t *testing.T) {
	const file = "testdata/compressed.hex"
	c := codec(t)
	want := big(200)
	if *update {
		frame := must1[[]byte](t)(c.Encode(want))
		if err := os.WriteFile(file, []byte(hex.EncodeToString(frame)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := must1[[]byte](t)(os.ReadFile(file))
	frame := must1[[]byte](t)(hex.DecodeString(string(bytes.TrimSpace(text))))
	if frame[0] != flagZstd {
		t.Fatalf("flags are %d, want %d", frame[0], flagZstd)
	}
	if m := must1[Message](t)(c.Decode(frame)); !reflect.DeepEqual(m, want) {
		t.Errorf("compressed checkpoint reads as %+v", m)
	}
}
