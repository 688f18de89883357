package op

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"yizhan/core/fault"
	"yizhan/core/member"
	"yizhan/core/schedule"
	"yizhan/core/station"
)

var update = flag.Bool("update", false, "write testdata anew; only for new vectors, never for changed bytes")

// vector is a value in both its forms; other languages read the same file.
type vector struct {
	Name string `json:"name"`
	Diag string `json:"diagnostic"` // CBOR diagnostic notation (RFC 8949 §8)
	Hex  string `json:"hex"`
}

const at = 1790000001000

func ops() map[string]Op {
	enrolment := &Enrolment{CodeHash: bytes.Repeat([]byte{1}, 32), Device: "phone-9", Role: Phone, Station: "st-7", Member: "m-1001", Org: "org-12",
		Expires: at + 1, PublicKey: bytes.Repeat([]byte{2}, 32)}
	return map[string]Op{
		"claim":       {Kind: Claim, Activity: "premiere", Pool: "main", Member: "m-1001", Seats: 2, Station: "st-7", At: at, EnteredBy: "m-1001", Channel: ByPhone},
		"claim_kiosk": {Kind: Claim, Activity: "premiere", Pool: "main", Member: "m-1001", Seats: 2, At: at, EnteredBy: "kiosk-1", Channel: ByKiosk, Proof: []byte{0xd2, 0x84}},
		"group_claim": {Kind: GroupClaim, Activity: "premiere", Pool: "夜场", Org: "org-12", Lines: []Line{{Member: "m-1001", Seats: 2}, {Member: "m-1002", Seats: 1}}, At: at, Channel: ByStaff},
		"cancel":      {Kind: Cancel, Activity: "premiere", Pool: "main", Member: "m-1001", Seats: 1, At: at},
		"redeem":      {Kind: Redeem, Ticket: 1301, Epoch: 1, Verdict: fault.Valid, At: at, EnteredBy: "s-3", Channel: ByKiosk},
		"redeem_over": {Kind: Redeem, Ticket: 1301, Verdict: fault.WrongStation, Override: true, Reason: "换站", At: at},
		"lease_scan":  {Kind: Redeem, Ticket: 1<<62 | 77<<24 | 801, Seats: 2, Verdict: fault.Valid, Shown: []byte{0xd2, 0x84}, At: at},
		"scan":        {Kind: Redeem, Verdict: fault.Unknown, Scanned: "https://exampl", At: at},
		"check_in":    {Kind: CheckIn, Ticket: 1301, Activity: "premiere", Pool: "main", Out: true, Verdict: fault.Valid, At: at},
		"rebind":      {Kind: Rebind, Member: "m-1001", Activity: "premiere", Station: "st-8", At: at},
		"tick":        {Kind: Tick},
		"parted":      {Kind: Parted},
		"put_orgs":    {Kind: PutOrgs, Orgs: []member.Org{{ID: "org-12", Name: "云鹭公交工会", Parent: "city", Kind: "basic", Digest: []byte{9}}}},
		"put_people": {Kind: PutPeople, People: []member.Person{{ID: "m-1001", Org: "org-12", Sex: "F", Birth: "1990-02-03", Tags: []string{"model"}, Children: 1,
			LivesIn: "org-2", Barred: true, Digest: []byte{9}, Sealed: []byte{8}}}},
		"put_stations": {Kind: PutStations, Stations: []station.Station{{ID: "st-7", Name: "云鹭驿站", Lat: 31.25, Lon: 120.6170001, Datum: "GCJ02", Kind: "indoor",
			Address: "湖滨路 7 号", Hours: "09:00-21:00", Phone: "100-0000", Facilities: []string{"饮水"}, Status: "open", Checked: "2026-01-02", Digest: []byte{9}}}},
		"put_stations_whole": {Kind: PutStations, Stations: []station.Station{{ID: "st-8", Name: "云鹭广场驿站", Lat: 31.25, Lon: 120.6170001, Datum: "BD09", Kind: "care",
			Hours: "工作日 08:30-12:00、14:00-17:30；周末 休息", Facilities: []string{"water"}, Landmark: "地铁 B 口旁", Photo: strings.Repeat("ab", 32),
			Closure: &station.Closure{From: "2026-11-22", Until: "2026-12-05", Why: "装修"}}}},
		"amend_station":  {Kind: AmendStation, Station: "st-8", Amend: &station.Amend{Closure: &station.Closure{From: "2026-11-22", Until: "2026-12-05", Why: "装修"}}},
		"reopen_station": {Kind: AmendStation, Station: "st-8", Amend: &station.Amend{Open: true, Checked: "2026-11-22"}},
		"photo_station":  {Kind: AmendStation, Station: "st-8", Amend: &station.Amend{Photo: strings.Repeat("ab", 32)}},
		"bare_station":   {Kind: AmendStation, Station: "st-8", Amend: &station.Amend{NoPhoto: true}},
		"put_calendar":   {Kind: PutCalendar, Calendar: &schedule.Year{Year: 2026, Days: []schedule.Day{{Date: "2026-02-14", Name: "春节"}, {Date: "2026-02-16", Name: "春节", Off: true}}}},
		"publish":        {Kind: Publish, Spec: []byte(`{"id":"premiere"}`)},
		"offer":          {Kind: Offer, Enrolment: enrolment},
		"enrol":          {Kind: Enrol, Enrolment: enrolment},
		"draw":           {Kind: Draw, Activity: "premiere", Seed: "20260102"},
		"revoke":         {Kind: Revoke, Device: "phone-9", Reason: "lost"},
		"lease_claim": {Kind: Claim, Activity: "premiere", Pool: "main", Member: "m-1001", Seats: 1, Ticket: 1<<62 | 900<<24 | 41, Lease: 900,
			Taken: []Taken{{Part: 1, From: 41, N: 1}}, Outcome: Granted, Code: fault.LeaseExhausted, At: at, Channel: ByStaff},
		"reopen":           {Kind: Reopen, Activity: "premiere"},
		"restore":          {Kind: Restore, Epoch: 2},
		"return_lease":     {Kind: ReturnLease, Lease: 900, At: at},
		"lend":             {Kind: Lend, Lending: lease()},
		"release":          {Kind: Release, Ticket: 1301, Epoch: 1, At: at},
		"release_all":      {Kind: Release, Station: "st-7", At: at},
		"undo":             {Kind: Redeem, Ticket: 1301, Epoch: 1, Undo: true, At: at},
		"redeem_bound":     {Kind: Redeem, Ticket: 1301, Epoch: 1, Verdict: fault.Valid, Bound: true, At: at, Channel: ByStaff},
		"redeem_asked":     {Kind: Redeem, Ticket: 1301, Epoch: 1, Verdict: fault.Valid, Asked: true, At: at, Channel: ByKiosk},
		"offer_scanner":    {Kind: Offer, Enrolment: &Enrolment{CodeHash: bytes.Repeat([]byte{1}, 32), Device: "staff-3", Role: Staff, Station: "st-7", Upstream: "hub-1"}},
		"offer_supervisor": {Kind: Offer, Enrolment: &Enrolment{CodeHash: bytes.Repeat([]byte{1}, 32), Device: "staff-4", Role: Staff, Supervisor: true}},
		"settle":           {Kind: Settle, About: 1307, Epoch: 1, Handled: true, Reason: "核对无误", At: at, EnteredBy: "s-3", Channel: ByStaff},
		"authority":        {Kind: SetAuthority, Station: "st-7", Device: "kiosk-2"},
		"accept":           {Kind: Accept, Kept: &Kept{Seq: 1410, Hash: bytes.Repeat([]byte{0xd1}, 16), Bytes: []byte{0xa1, 1, 4}}},
		"put_map":          {Kind: PutMap, Override: true, Map: &Map{Area: "yunlu", Name: "云鹭市", Made: "2026-01-02", Blob: bytes.Repeat([]byte{5}, 32), Bytes: 1_400_000}},
		"erase":            {Kind: Erase, Member: "m-1001"},
		"revoke_wiped":     {Kind: Revoke, Device: "kiosk-1", Kept: &Kept{Bytes: []byte{0xa1, 1, 2}}},
	}
}

func lease() *Lease {
	return &Lease{ID: 900, Device: "staff-2", Activity: "premiere", Pool: "main", Seats: 40, Taken: []Taken{{Part: 1, From: 41, N: 40}}, Policy: VoidUnreported,
		SetAside: "frontline", Members: []Borrower{{Member: "m-1001", Held: []int{0, 1}}}, Org: "org-12", Lasts: 86_400_000, VoidAfter: 3_600_000, Expires: at + 86_400_000, Revision: 2}
}

// claimed is what most entries of a journal look like.
func claimed() Entry {
	return Entry{Kind: Claimed, At: at, Device: "phone-31415", DevSeq: 3, Chain: bytes.Repeat([]byte{0xcc}, 16), Member: "m-1001271", Org: "org-12",
		Activity: "premiere", Pool: "main", Seats: 2, Taken: []Taken{{Part: 0, From: 1321, N: 2}}, Outcome: Granted, Place: 661, DeviceAt: at - 40, Channel: ByPhone}
}

func entries() map[string]Entry {
	all := map[string]Entry{
		"claimed": claimed(),
		"claimed_waiting": {Kind: Claimed, At: at, Device: "phone-9", DevSeq: 4, Chain: bytes.Repeat([]byte{0xcd}, 16), Member: "m-1001", Org: "org-12", Activity: "premiere",
			Pool: "main", Seats: 1, Outcome: Waitlisted, Place: 9, Station: "st-7", By: "s-3", Channel: ByStaff, Parts: []int{1, 0}, Guest: true},
		"claimed_refused": {Kind: Claimed, At: at, Member: "m-1002", Org: "org-12", Activity: "premiere", Pool: "main", Seats: 1, Outcome: Refused, Code: fault.NotEligible, Place: 662},
		"promoted":        {Kind: Promoted, At: at, Ticket: 1302, Taken: []Taken{{Part: 1, From: 5, N: 1}, {Part: 0, From: 7, N: 2}}},
		"released":        {Kind: Released, At: at, Ticket: 1301, Seats: 1, Taken: []Taken{{From: 1322, N: 1}}, Epoch: 1},
		"redeemed":        {Kind: Redeemed, At: at, Ticket: 1301, Device: "kiosk-1", DevSeq: 1, Chain: bytes.Repeat([]byte{0xce}, 16), Verdict: fault.Valid, DeviceAt: at - 9000, Override: true, Reason: "换站"},
		"checked_in":      {Kind: CheckedIn, At: at, Ticket: 1301, Out: true},
		"claimed_lease": {Kind: Claimed, At: at, Device: "staff-2", DevSeq: 2, Chain: bytes.Repeat([]byte{0xd0}, 16), Member: "m-1001", Org: "org-12", Activity: "premiere", Pool: "main",
			Seats: 1, Taken: []Taken{{Part: 1, From: 41, N: 1}}, Outcome: Granted, Ticket: 1<<62 | 900<<24 | 41, LeaseID: 900, Blocked: true},
		"lent": {Kind: Lent, At: at, Lease: lease()},
		"claimed_again": {Kind: Claimed, At: at, Device: "phone-9", DevSeq: 4, Chain: bytes.Repeat([]byte{0xd1}, 16), Member: "m-1001", Org: "org-12", Activity: "premiere", Pool: "main",
			Seats: 1, Taken: []Taken{{From: 1321, N: 1}}, Outcome: Granted, Ticket: 1321, Whole: &Whole{Before: 2, After: 1, Seq: 1321, Epoch: 1, At: at - 60_000}},
		"restored":    {Kind: Restored, At: at, Epoch: 1},
		"reopened":    {Kind: Reopened, At: at, Activity: "premiere"},
		"lease_ended": {Kind: LeaseEnded, At: at, LeaseID: 900, Word: LeaseReturned, Taken: []Taken{{Part: 1, From: 42, N: 39}}},
		"given_up":    {Kind: GivenUp, At: at, Device: "kiosk-1", DevSeq: 2, Chain: bytes.Repeat([]byte{0xd1}, 16), Ticket: 1301, Epoch: 1},
		"authority":   {Kind: AuthoritySet, At: at, Station: "st-7", Authority: "kiosk-2", Blocked: true},
		"undone":      {Kind: Undone, At: at, Device: "kiosk-1", DevSeq: 3, Chain: bytes.Repeat([]byte{0xd2}, 16), Ticket: 1301, Epoch: 1, DeviceAt: at - 40},
		"quarantined": {Kind: Quarantined, At: at, Device: "kiosk-1", Word: "revoked", Kept: &Kept{Seq: 41, Hash: bytes.Repeat([]byte{0xd1}, 16), Bytes: []byte{0xa1, 1, 4}}},
		"wiped":       {Kind: Wiped, At: at, Device: "kiosk-1", Kept: &Kept{Bytes: []byte{0xa1, 1, 2}}},
		"settled": {Kind: Settled, At: at, Device: "staff-4", DevSeq: 5, Chain: bytes.Repeat([]byte{0xd3}, 16), About: 1307, Handled: true, Reason: "核对无误", By: "s-3",
			Channel: ByStaff, DeviceAt: at - 40, Outcome: OK},
		"map_put":   {Kind: MapPut, At: at, Map: &Map{Area: "yunlu", Name: "云鹭市", Made: "2026-01-02", Blob: bytes.Repeat([]byte{5}, 32), Bytes: 1_400_000}},
		"calendar":  {Kind: CalendarPut, At: at, Calendar: &schedule.Year{Year: 2026, Days: []schedule.Day{{Date: "2026-02-14", Name: "春节"}, {Date: "2026-02-16", Name: "春节", Off: true}}}},
		"erased":    {Kind: Erased, At: at, Member: "m-1001"},
		"accepted":  {Kind: Done, At: at, Device: "kiosk-1", Kept: &Kept{Seq: 1410}},
		"task":      {Kind: TaskMade, At: at, Org: "org-12", Activity: "premiere", Word: "review"},
		"published": {Kind: Published, At: at, Activity: "premiere", Spec: []byte(`{}`), Number: 3, Revision: 2},
		"drawn":     {Kind: Drawn, At: at, Activity: "premiere", Seed: "20260102", Digest: "ab12"},
		"done": {Kind: Done, At: at, Device: "staff-2", DevSeq: 1, Chain: bytes.Repeat([]byte{0xcf}, 16), Result: &Result{Outcome: Granted, Code: fault.SoldOut, Seats: 1, Place: 2, Ticket: 3,
			Verdict: fault.Valid, Granted: 5, Waitlisted: 1, Refused: map[fault.Code]int{fault.SoldOut: 2, fault.Barred: 3, fault.MemberCap: 1}, Tasks: []string{"review"}, Digest: "ab12", Seq: 4}},
	}
	for name, o := range ops() { // what the server's own ops bring in is written as it came
		switch o.Kind {
		case PutOrgs, PutPeople, PutStations, Offer:
			all[name] = Entry{Kind: Ticked, At: at, Orgs: o.Orgs, People: o.People, Stations: o.Stations, Enrolment: o.Enrolment}
		}
	}
	return all
}

func encodeEntry(t testing.TB, e Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := EncodeEntry(&b, &e); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeOp(t testing.TB, o Op) []byte {
	t.Helper()
	b, err := Encode(&o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// golden compares with a file of testdata: devices have chained these bytes and journals hold them.
func golden(t *testing.T, file string, got map[string][]byte) {
	t.Helper()
	var want, now []vector
	for name, b := range got {
		diag, err := cbor.Diagnose(b)
		if err != nil {
			t.Fatal(err)
		}
		now = append(now, vector{name, diag, hex.EncodeToString(b)})
	}
	slices.SortFunc(now, func(a, b vector) int { return cmp.Compare(a.Name, b.Name) })
	if *update {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := errors.Join(e.Encode(now), os.WriteFile(file, b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(file)
	if err = errors.Join(err, json.Unmarshal(old, &want)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(now, want) {
		t.Errorf("%s does not hold these bytes (new vectors: run with -update; changed ones break devices and journals):\n got %+v\nwant %+v", file, now, want)
	}
}

func TestOpVectors(t *testing.T) {
	got := map[string][]byte{}
	for name, o := range ops() {
		got[name] = encodeOp(t, o)
		if back, err := Decode(got[name]); err != nil || !reflect.DeepEqual(back, o) {
			t.Errorf("%s reads as %+v (%v), want %+v", name, back, err, o)
		}
	}
	golden(t, "testdata/ops.json", got)
	all := make([]any, 0, len(got))
	for _, o := range ops() {
		all = append(all, o)
	}
	wantEveryField(t, all)
}

func TestEntryVectors(t *testing.T) {
	got := map[string][]byte{}
	var all []any
	for name, e := range entries() {
		got[name] = encodeEntry(t, e)
		for range 8 {
			if again := encodeEntry(t, e); !bytes.Equal(again, got[name]) {
				t.Fatalf("%s is written as %x and as %x", name, got[name], again)
			}
		}
		back, err := DecodeBatch(77, got[name])
		if e.Seq = 77; err != nil || len(back) != 1 || !reflect.DeepEqual(back[0], e) {
			t.Errorf("%s reads as %+v (%v), want %+v", name, back, err, e)
		}
		all = append(all, e)
	}
	golden(t, "testdata/entries.json", got)
	wantEveryField(t, all)
}

// wantEveryField finds a field that was added without a vector.
func wantEveryField(t *testing.T, values []any) {
	t.Helper()
	used, known := map[string]bool{}, map[string]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				f := v.Type().Field(i)
				if f.Name == "_" {
					continue
				}
				name := v.Type().String() + "." + f.Name
				known[name] = true
				used[name] = used[name] || !v.Field(i).IsZero()
				walk(v.Field(i))
			}
		}
	}
	for _, v := range values {
		walk(reflect.ValueOf(v))
	}
	for name := range known {
		if !used[name] {
			t.Errorf("%s is in no vector", name)
		}
	}
}

func TestBatch(t *testing.T) {
	var b bytes.Buffer
	var want []Entry
	for _, e := range entries() {
		if err := EncodeEntry(&b, &e); err != nil {
			t.Fatal(err)
		}
		e.Seq = 1000 + uint64(len(want))
		want = append(want, e)
	}
	got, err := DecodeBatch(1000, b.Bytes())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("batch reads as %+v (%v), want %+v", got, err, want)
	}
	if _, err := DecodeBatch(1000, b.Bytes()[:b.Len()-1]); err == nil {
		t.Error("a cut batch was read")
	}
	if empty, err := DecodeBatch(1, nil); err != nil || len(empty) != 0 {
		t.Errorf("an empty batch reads as %v (%v)", empty, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":            "",
		"cut":                "a1 01",
		"trailing byte":      "a1 01 01 00",
		"array":              "80",
		"text":               "61 61",
		"unknown field":      "a2 01 01 18 63 00",
		"text key":           "a1 61 31 01",
		"duplicate key":      "a2 01 01 01 02",
		"indefinite map":     "bf 01 01 ff",
		"indefinite text":    "a2 01 01 02 7f 61 61 ff",
		"tag":                "c1 a1 01 01",
		"not UTF-8":          "a2 01 01 02 61 ff",
		"bytes for text":     "a2 01 01 02 41 61",
		"kind over a byte":   "a1 01 19 0100",
		"negative kind":      "a1 01 20",
		"negative ticket":    "a2 01 04 09 20",
		"line of one":        "a2 01 02 08 81 81 61 61",
		"line of three":      "a2 01 02 08 81 83 61 61 01 01",
		"lines without end":  "a2 01 02 08 9a ffffffff",
		"text without end":   "a2 01 01 02 7b 00ffffffffffffff",
		"deep":               "a2 01 01 08" + strings.Repeat("81", 20) + "00",
		"seats over 64 bits": "a2 01 01 07 c2 49 010000000000000000",
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if o, err := Decode(b); err == nil || !strings.HasPrefix(err.Error(), "decode op: ") {
			t.Errorf("%s reads as %+v (%v), want an error", name, o, err)
		}
	}
}

func TestChain(t *testing.T) {
	first := Chain(Hash{}, encodeOp(t, ops()["claim"]))
	second := Chain(first, encodeOp(t, ops()["cancel"]))
	for want, got := range map[string]Hash{"312361f617296c32cd612d1ed43c9910": first, "fe16eaf4ac7a867f49f4a2613d415128": second} {
		if hex.EncodeToString(got[:]) != want {
			t.Errorf("chain hash is %x, want %s", got, want)
		}
	}
}

func TestOpsComeBack(t *testing.T) {
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		want := Op{Kind: Kind(rapid.Uint8().Draw(t, "kind")), Seats: rapid.Int().Draw(t, "seats"), At: rapid.Int64().Draw(t, "at"),
			EnteredBy: text.Draw(t, "by"), Reason: text.Draw(t, "reason"), Scanned: text.Draw(t, "scanned"), Override: rapid.Bool().Draw(t, "override"),
			Epoch: rapid.Int().Draw(t, "epoch"), Verdict: fault.Verdict(rapid.Uint8().Draw(t, "verdict"))}
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			want.Lines = append(want.Lines, Line{Seats: rapid.Int().Draw(t, "line")})
		}
		b, err := Encode(&want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(b); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v came back as %+v (%v)", want, got, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, o := range ops() {
		f.Add(encodeOp(f, o))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := Decode(b)
		if err != nil {
			return
		}
		once := encodeOp(t, o)
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("%x was written and cannot be read: %v", once, err)
		}
		if twice := encodeOp(t, again); !bytes.Equal(once, twice) {
			t.Fatalf("%x became %x", once, twice)
		}
	})
}

func FuzzDecodeBatch(f *testing.F) {
	var all []byte
	for _, e := range entries() {
		b := encodeEntry(f, e)
		f.Add(b)
		all = append(all, b...)
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, body []byte) {
		batch, err := DecodeBatch(1, body)
		if err != nil {
			return
		}
		var once bytes.Buffer
		for i := range batch {
			if err := EncodeEntry(&once, &batch[i]); err != nil {
				t.Fatalf("%+v was read and cannot be written: %v", batch[i], err)
			}
		}
		again, err := DecodeBatch(1, once.Bytes())
		if err != nil || len(again) != len(batch) {
			t.Fatalf("%d entries were written and read as %d (%v)", len(batch), len(again), err)
		}
	})
}

func BenchmarkEncodeClaimed(b *testing.B) {
	e := claimed()
	var w bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		w.Reset()
		if err := EncodeEntry(&w, &e); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(w.Len()), "bytes")
}

func BenchmarkDecodeClaimed(b *testing.B) {
	body := encodeEntry(b, claimed())
	d := NewDecoder()
	var entries []Entry
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if entries, err = d.Batch(entries[:0], 1, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeClaim(b *testing.B) {
	body := encodeOp(b, ops()["claim"])
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}
