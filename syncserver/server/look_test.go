package server

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"yizhan/syncserver/roster"
)

// What is read fast is what encoding/json reads, and ordinary people are.
func TestReadPersonal(t *testing.T) {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "苏小雨", "欧阳晓月", `","phone":"1`, `\`, "<b>", "a\x00b", "\xff", "张\u2028伟"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		p := roster.Person{Name: text.Draw(t, "name"), IDType: "居民身份证", IDNumber: text.Draw(t, "number"), Phone: text.Draw(t, "phone"), OrgName: text.Draw(t, "org")}
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var want personal
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		if got, ok := readPersonal(data); ok && got != want {
			t.Fatalf("%s is read as %+v", data, got)
		}
	})
	data, err := json.Marshal(roster.Person{Name: "欧阳晓月", IDType: "居民身份证", IDNumber: "999000199001010011", Phone: "+8610012340001", Org: "C1", OrgName: `"一"`})
	if got, ok := readPersonal(data); err != nil || !ok || got != (personal{"欧阳晓月", "+8610012340001"}) {
		t.Errorf("an ordinary person is read as %+v, %v", got, ok)
	}
}
