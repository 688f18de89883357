package membercode

import (
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"yizhan/core/local"
	"yizhan/core/local/memory"
	"yizhan/core/replica"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

func row(t testing.TB, table, id string, seq uint64, v any) local.Row {
	t.Helper()
	body, err := wire.EncodeRow(v)
	if err != nil {
		t.Fatal(err)
	}
	return local.Row{Table: table, ID: id, Seq: seq, Body: body}
}

// told is the store of a device that knows the server's key.
func told(t testing.TB, server seal.Private) local.Store {
	t.Helper()
	store := memory.New()
	public := server.Public()
	if err := store.Apply(local.Checkpoint{To: 1, Rows: []local.Row{row(t, wire.TableKey, hex.EncodeToString(public.KID()), 1,
		wire.KeyRow{KID: public.KID(), PublicKey: public.Marshal(), Algorithm: public.Algorithm(), Number: here})}}); err != nil {
		t.Fatal(err)
	}
	return store
}

func TestDesk(t *testing.T) {
	server, phone, other := key(t, 1), key(t, 2), key(t, 3)
	pass, theirs := certified(t, server, phone, nil), certified(t, server, other, nil)
	card := must(Card(server, here, "m-1001"))
	d := NewDesk(told(t, server))
	for i, c := range []struct {
		code string
		at   time.Duration
		want error
	}{
		{made(t, phone, pass, noon), 0, nil},
		{made(t, phone, pass, noon), 10 * time.Second, ErrRepeat},              // a picture, or the same code held over the scanner again
		{made(t, other, theirs, noon), 11 * time.Second, nil},                  // somebody else's
		{made(t, phone, pass, noon.Add(Step)), 35 * time.Second, nil},          // the next code of the same phone
		{made(t, phone, pass, noon), 40 * time.Second, ErrRepeat},              // an older one than was read
		{made(t, phone, pass, noon), 5 * time.Minute, ErrOld},                  // a picture of five minutes ago
		{made(t, phone, pass, noon.Add(time.Hour)), 5 * time.Minute, ErrEarly}, // a phone whose clock is an hour ahead
		{made(t, phone, pass, noon.Add(time.Minute)), 10 * time.Second, nil},   // a minute ahead
		{made(t, phone, pass, noon.Add(5*time.Minute)), 5 * time.Minute, nil},  //
		{card, 0, nil},                         //
		{card, time.Hour, nil},                 // a card is the same each time
		{"https://example.org", 0, ErrNotCode}, //
		{made(t, phone, certified(t, phone, phone, nil), noon), 0, ErrForeign}, // a pass of the phone's own making
		{made(t, phone, pass, noon.Add(Life+Step)), Life + Step, ErrOver},      //
	} {
		if s, err := d.Read(c.code, noon.Add(c.at)); !errors.Is(err, c.want) {
			t.Errorf("scan %d: %+v, %v; want %v", i, s, err, c.want)
		}
	}
	if len(d.last) > 1 {
		t.Errorf("the desk remembers %d phones after two weeks", len(d.last))
	}
}

func TestDeskRefusesRevokedPhones(t *testing.T) {
	server, phone := key(t, 1), key(t, 2)
	store := told(t, server)
	public := phone.Public().Marshal()
	if err := store.Apply(local.Checkpoint{To: 2, Rows: []local.Row{row(t, wire.TableRevoked, hex.EncodeToString(public), 2, wire.RevokedRow{PublicKey: public})}}); err != nil {
		t.Fatal(err)
	}
	s, err := NewDesk(store).Read(made(t, phone, certified(t, server, phone, nil), noon), noon)
	if !errors.Is(err, ErrRevoked) || s.Member != "m-1001" {
		t.Errorf("%+v, %v; want %v", s, err, ErrRevoked)
	}
	if _, err := NewDesk(memory.New()).Read("", noon); !errors.Is(err, ErrNoKeys) {
		t.Errorf("a device that was never online says %v", err)
	}
}

func TestOwn(t *testing.T) {
	server, phone := key(t, 1), key(t, 2)
	store := memory.New()
	if _, _, err := Own(store, noon); !errors.Is(err, ErrNoPass) {
		t.Errorf("a phone without a pass says %v", err)
	}
	if err := store.SetMeta(map[string][]byte{replica.MetaKey: must(phone.Marshal()), replica.MetaPass: certified(t, server, phone, nil)}); err != nil {
		t.Fatal(err)
	}
	at := noon.Add(7 * time.Second)
	code, next, err := Own(store, at)
	if err != nil || !next.Equal(noon.Add(Step)) {
		t.Fatalf("the next code follows at %v, %v", next, err)
	}
	if s, err := NewDesk(told(t, server)).Read(code, at); err != nil || s.Member != "m-1001" || s.Strength != Strong {
		t.Errorf("%+v, %v", s, err)
	}
}
