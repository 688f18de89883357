package wire

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const someCode = "ABCDEFGH23456722"

func TestInvitations(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	whole := Fingerprint(key)
	for text, want := range map[string]Invitation{
		"ABCD-EFGH-2345-6722-" + whole[:4] + "-" + whole[4:8]:          {Code: someCode, Key: whole[:8]},
		" abcd efgh 2345 6722 " + strings.ToLower(whole[:8]):           {Code: someCode, Key: whole[:8]},
		"ＡＢＣＤ－ＥＦＧＨ－２３４５－６７２２－" + whole[:8]:                             {Code: someCode, Key: whole[:8]},
		"YZ1" + someCode + whole + "WSS://UNION.EXAMPLE:8640":          {Code: someCode, Key: whole, Server: "wss://union.example:8640/v1/sync"},
		"yz1" + strings.ToLower(someCode+whole) + "ｗｓ：／／10.0.0.7:8640": {Code: someCode, Key: whole, Server: "ws://10.0.0.7:8640/v1/sync"},
		"YZ1" + someCode + whole:                       {Code: someCode, Key: whole},
		"YZ1" + someCode + whole + "HTTPS://ELSEWHERE": {Code: someCode, Key: whole},
		"ABCD-EFGH-2345-6722":                          {Code: "ABCD-EFGH-2345-6722"},
		"PHONE-CODE":                                   {Code: "PHONE-CODE"},
		"YZ1" + someCode:                               {Code: "YZ1" + someCode},
		"":                                             {},
	} {
		if got := ParseInvitation(text); got != want {
			t.Errorf("%q reads as %+v, want %+v", text, got, want)
		}
	}
	other := bytes.Repeat([]byte{8}, 32)
	for _, i := range []Invitation{{Key: whole}, {Key: whole[:8]}} {
		if !i.Fits(key) || i.Fits(other) {
			t.Errorf("%q fits %v, and another key %v", i.Key, i.Fits(key), i.Fits(other))
		}
	}
	if !(Invitation{}).Fits(other) {
		t.Error("an invitation without a key fits nobody")
	}
}

func TestInvitationsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.StringOfN(rapid.RuneFrom([]rune("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")), codeLen, codeLen, -1)
		want := Invitation{Code: letters.Draw(t, "code"), Key: Fingerprint(rapid.SliceOf(rapid.Byte()).Draw(t, "key"))}
		if rapid.Bool().Draw(t, "address") {
			want.Server = "wss://" + rapid.StringMatching(`[a-z][a-z0-9-]{0,20}\.[a-z]{2,5}`).Draw(t, "host") + ":8640" + sessions
		}
		if got := ParseInvitation(want.QR()); got != want {
			t.Fatalf("%q reads as %+v, want %+v", want.QR(), got, want)
		}
		if got := ParseInvitation(want.Typed()); got.Code != want.Code || got.Key != want.Key[:shortLen] || len(want.Typed()) != 29 {
			t.Fatalf("%q reads as %+v", want.Typed(), got)
		}
	})
}
