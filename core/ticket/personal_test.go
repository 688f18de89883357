package ticket

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// sealedName is in the field: the same secret and name must give it for ever.
const sealedName = "0112c5629e90689bc610d2268388ff4cff76f06eada229ad519c4b5a50e24e795fc6c094544155c39857082d05f49cc4c5babc81cddaae1348b8bbaf486fc1ba27a3154bb30475646de55d4190e03fe94a0c777281ad3fe8f527806f46"

func TestPersonal(t *testing.T) {
	secret := Secret([]byte("master"), 123456, 1)
	want := Personal{Name: "王*明"}
	sealed, err := SealPersonal(secret, want)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sealed); got != sealedName {
		t.Errorf("sealed as %s, want %s", got, sealedName)
	}
	if got, err := OpenPersonal(secret, sealed); err != nil || got != want {
		t.Errorf("opened as %+v, %v", got, err)
	}
	longer, err := SealPersonal(secret, Personal{Name: "欧阳" + strings.Repeat("*", 9) + "明"})
	if err != nil || len(longer) != len(sealed) {
		t.Errorf("a longer name has %d bytes, a shorter one %d, %v", len(longer), len(sealed), err)
	}
	for name, open := range map[string]func() (Personal, error){
		"another ticket's secret": func() (Personal, error) { return OpenPersonal(Secret([]byte("master"), 123457, 1), sealed) },
		"the next epoch's secret": func() (Personal, error) { return OpenPersonal(Secret([]byte("master"), 123456, 2), sealed) },
		"nothing":                 func() (Personal, error) { return OpenPersonal(secret, nil) },
		"cut":                     func() (Personal, error) { return OpenPersonal(secret, sealed[:len(sealed)-1]) },
		"another algorithm": func() (Personal, error) {
			other := bytes.Clone(sealed)
			other[0]++
			return OpenPersonal(secret, other)
		},
		"altered": func() (Personal, error) {
			other := bytes.Clone(sealed)
			other[20] ^= 1
			return OpenPersonal(secret, other)
		},
	} {
		if got, err := open(); !errors.Is(err, ErrSealed) || got != (Personal{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
