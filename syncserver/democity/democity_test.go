package democity_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"yizhan/core/activity"
	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/syncserver/democity"
	"yizhan/syncserver/roster"
)

var (
	zone = time.FixedZone("CST", 8*3600)
	now  = time.Date(2026, 11, 21, 10, 0, 0, 0, zone)
)

func TestSameSeedSameCity(t *testing.T) {
	a, b := city(t, 1, democity.Small), city(t, 1, democity.Small)
	if !reflect.DeepEqual(a, b) {
		t.Error("two cities of one seed differ")
	}
	if c := city(t, 2, democity.Small); reflect.DeepEqual(a.People[:100], c.People[:100]) {
		t.Error("another seed gives the same people")
	}
	if _, err := democity.New(democity.Options{Tier: "XXL", Now: now}); err == nil {
		t.Error("an unknown tier was accepted")
	}
}

func city(t testing.TB, seed int64, tier string) *democity.City {
	t.Helper()
	c, err := democity.New(democity.Options{Seed: seed, Tier: tier, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParkHasItsShape(t *testing.T) {
	c := city(t, 1, democity.Park)
	var huge, large, small, companies, joint int
	for _, o := range c.Orgs {
		if o.Parent != c.Park {
			continue
		}
		companies++
		switch {
		case o.Members > 1000:
			huge, large = huge+1, large+1
		case o.Members > 200:
			large++
		case o.Members < 20:
			small++
		}
		if o.Kind == "联合工会" {
			joint += o.Members
		}
	}
	if len(c.People) != 43_000 || companies != 1_200 || huge != 3 || large != 37 || small != 700 {
		t.Errorf("people %d, companies %d, over 1,000: %d, over 200: %d, under 20: %d", len(c.People), companies, huge, large, small)
	}
	if joint < 43_000*5/100 || joint > 43_000*13/100 {
		t.Errorf("%d people in joint unions, want about 9 %%", joint)
	}
	women, frontline, names := 0, 0, map[string]bool{}
	for _, p := range c.People {
		names[p.Name] = true
		if p.Sex == "F" {
			women++
		}
		if len(p.Tags) > 0 {
			frontline++
		}
	}
	if share := women * 100 / len(c.People); share < 44 || share > 48 {
		t.Errorf("%d %% women, want 46", share)
	}
	if share := frontline * 100 / len(c.People); share < 6 || share > 8 {
		t.Errorf("%d %% front line, want 7", share)
	}
	if len(names) < 10_000 {
		t.Errorf("only %d different names", len(names))
	}
}

// TestImportsClean is the promise of the package: what it writes, the importer
// takes without a word, and gives back what was meant.
func TestImportsClean(t *testing.T) {
	dir := t.TempDir()
	c, err := democity.Write(dir, democity.Options{Seed: 7, Now: now, Plant: democity.Plant{Spoiled: 5, CheckDigits: 4, Duplicates: 3}})
	if err != nil {
		t.Fatal(err)
	}
	r := check(t, filepath.Join(dir, democity.RosterFile))
	if len(r.Problems) > 0 || len(r.Notes) > 0 {
		t.Fatalf("%d problems, the first: %v; notes %v", len(r.Problems), r.Problems[:min(3, len(r.Problems))], r.Notes)
	}
	if len(r.People) != 2000 || len(r.People) != len(c.People) {
		t.Fatalf("%d people came back of %d", len(r.People), len(c.People))
	}
	for i, got := range r.People {
		got.Row, got.Sheet = 0, ""
		if want := c.People[i]; !reflect.DeepEqual(got, want) {
			t.Fatalf("person %d\n got %+v\nwant %+v", i, got, want)
		}
	}
	if len(r.Orgs) != len(c.Orgs) {
		t.Fatalf("%d organisations came back of %d", len(r.Orgs), len(c.Orgs))
	}
	for i, o := range r.Orgs {
		if o.ID != c.Orgs[i].ID || o.Parent != c.Orgs[i].Parent {
			t.Errorf("organisation %q is %s under %s, want %s under %s", o.Name, o.ID, o.Parent, c.Orgs[i].ID, c.Orgs[i].Parent)
		}
	}
	faulty := check(t, filepath.Join(dir, democity.FaultyFile)).Count()
	if faulty.Accepted != 2000-12+len(c.Orgs) || faulty.Errors != 9 || faulty.Duplicates != 3 {
		t.Errorf("planted faults were counted as %+v", faulty)
	}
	stations := check(t, filepath.Join(dir, democity.StationFile))
	if len(stations.Problems) > 0 || len(stations.Stations) != len(c.Stations)+len(c.Partners) {
		t.Fatalf("%d stations, problems %v", len(stations.Stations), stations.Problems)
	}
	for i, s := range stations.Stations {
		s.Row, s.Sheet = 0, ""
		if want := slices.Concat(c.Stations, c.Partners)[i]; !reflect.DeepEqual(s, want) {
			t.Fatalf("station %d\n got %+v\nwant %+v", i, s, want)
		}
	}
}

func check(t *testing.T, path string) *roster.Roster {
	t.Helper()
	w, err := roster.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return w.Check(roster.Options{Demo: true, Today: now})
}

func TestActivitiesAreOpenAndAdmitTheRightPeople(t *testing.T) {
	dir := t.TempDir()
	c, err := democity.Write(dir, democity.Options{Seed: 1, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, democity.ActivityDir, "*.json"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%v, %v", files, err)
	}
	byID := map[id.Activity]*activity.Activity{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		a, err := activity.Parse(b, zone)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
			continue
		}
		byID[a.Spec.ID] = a
		var keys map[string]any
		if err := json.Unmarshal(b, &keys); err != nil || keys["title"] == "" {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
		if len(a.Spec.Windows.Claim) > 0 && (a.Spec.Windows.Claim[0] > now.Format("2006-01-02T15:04:05") || a.Spec.Windows.Claim[1] < now.Format("2006-01-02T15:04:05")) {
			t.Errorf("%s is not open: %v", a.Spec.ID, a.Spec.Windows.Claim)
		}
	}
	film := byID["film"]
	if s, ok := film.Station(""); !ok || s != c.Kiosk || !film.Binds() {
		t.Errorf("film is handed over at %q, bound %v", s, film.Binds())
	}
	tree := member.Tree{}
	for _, o := range c.Orgs {
		tree[o.ID] = member.Org{ID: o.ID, Parent: o.Parent}
	}
	if len(c.Samples) != 5 {
		t.Fatalf("%d samples", len(c.Samples))
	}
	for i, s := range c.Samples {
		ok, err := film.Audience.Match(member.Person{Org: s.Org}, tree, now)
		if inPark := tree.Under(s.Org, c.Park); err != nil || ok != inPark {
			t.Errorf("sample %d (%s): film says %v, %v, in park %v", i, s.Why, ok, err, inPark)
		}
	}
	if last := c.Samples[4]; tree.Under(last.Org, c.Park) {
		t.Error("the sample from outside is in the park")
	}
}
