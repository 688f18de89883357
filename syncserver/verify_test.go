package main

import (
	"bytes"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"yizhan/core/arbiter"
	stateimage "yizhan/core/image"
	"yizhan/core/op"
	"yizhan/syncserver/journal"
	"yizhan/syncserver/journal/sqlite"
	"yizhan/syncserver/server"
)

func TestVerifyRunningStoppedKilled(t *testing.T) {
	d := premiere(t)
	whole := []string{"hash chain whole", "every pool adds up", "equal the replay"}
	o := d.do("verify")
	holds(t, o, o.stdout, whole...)
	if code := d.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	o = d.do("verify")
	holds(t, o, o.stdout, whole...)
	if o.code != 0 {
		t.Error(o)
	}
	d.start()
	d.kiosk.Kick()
	d.kiosk.synced()
	d.kiosk.redeem(d.code)
	d.kiosk.synced()
	if code := d.end(syscall.SIGKILL); code != -1 {
		t.Errorf("exit code %d", code)
	}
	o = d.do("verify")
	holds(t, o, o.stdout, whole...) // with the state at the last orderly end
	if o.code != 0 {
		t.Error(o)
	}
	if err := os.Remove(filepath.Join(d.data, server.SnapshotFile)); err != nil {
		t.Fatal(err)
	}
	o = d.do("verify")
	holds(t, o, o.stdout, "hash chain whole", "there is no snapshot to compare", "equal the replay")
	if o.code != 0 {
		t.Error(o)
	}
}

// TestWrongSnapshotIsFound: one that is damaged is of no use and does no harm; one that is
// whole and says something else than the journal is found by verify.
func TestWrongSnapshotIsFound(t *testing.T) {
	d, m := stopped(t)
	kept := m[server.SnapshotFile]
	d.restore(m, server.SnapshotFile, append(bytes.Clone(kept[:len(kept)/2]), kept[len(kept)/2+1:]...))
	o := d.do("verify")
	holds(t, o, o.stdout, "snapshot: it is not used", "damaged", "equal the replay")
	if o.code != 0 {
		t.Error(o)
	}
	d.start()
	if code := d.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	d.must("verify")

	d.restore(m, "", nil)
	forge(t, d.data)
	if o := d.do("verify"); o.code == 0 || !strings.Contains(o.stderr, "differs from the replay") {
		t.Errorf("a forged snapshot: %v", o)
	}
}

// forge puts a snapshot into a data directory in which the first organisation has another name.
func forge(t *testing.T, data string) {
	t.Helper()
	j, err := sqlite.OpenReadOnly(filepath.Join(data, server.JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	state, changed := arbiter.New(zone), false
	err = j.Read(1, func(b journal.Batch) error {
		entries, err := op.DecodeBatch(b.First, b.Body)
		for i := range entries {
			if len(entries[i].Orgs) > 0 && !changed {
				entries[i].Orgs[0].Name, changed = "别的工会", true
			}
			err = errors.Join(err, state.Apply(&entries[i]))
		}
		return err
	})
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	path := filepath.Join(data, server.SnapshotFile)
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	genuine, err := stateimage.Open(bytes.NewReader(kept), int64(len(kept)))
	if err != nil {
		t.Fatal(err)
	}
	var forged bytes.Buffer
	if err := state.Save(&forged, genuine.Label, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, forged.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// image is the files that a server left, put back as often as wanted.
type image map[string][]byte

func (p *process) image() image {
	p.t.Helper()
	files, err := os.ReadDir(p.data)
	if err != nil {
		p.t.Fatal(err)
	}
	m := image{}
	for _, f := range files {
		if f.Type().IsRegular() {
			if m[f.Name()], err = os.ReadFile(filepath.Join(p.data, f.Name())); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	return m
}

// restore puts the image back with one file changed.
func (p *process) restore(m image, changed string, content []byte) {
	p.t.Helper()
	for name, old := range m {
		if name == changed {
			old = content
		}
		if err := os.WriteFile(filepath.Join(p.data, name), old, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}

// stopped is a premiere whose server has ended in an orderly way.
func stopped(t *testing.T) (day, image) {
	d := premiere(t)
	if code := d.end(syscall.SIGTERM); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	m := d.image()
	for name := range m {
		if strings.HasSuffix(name, "-wal") {
			t.Errorf("the stopped server left %s", name)
		}
	}
	return d, m
}

// TestFlippedByteInTheJournalIsNamed flips one bit at a time; the walk over
// every byte of a journal is a test of syncserver/journal/sqlite.
func TestFlippedByteInTheJournalIsNamed(t *testing.T) {
	d, m := stopped(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	whole := m[server.JournalFile]
	title := bytes.Index(whole, []byte("云上的鹭"))
	if title < 0 {
		t.Fatal("the journal does not hold the title of the film")
	}
	places := []int{title, 0, 20, len(whole) - 1}
	for range 12 {
		places = append(places, r.IntN(len(whole)))
	}
	for _, at := range places {
		broken := slices.Clone(whole)
		broken[at] ^= 1 << r.IntN(8)
		d.restore(m, server.JournalFile, broken)
		o := d.do("verify")
		if o.code == 0 || !strings.Contains(o.stderr, "journal") {
			t.Errorf("byte %d of %d flipped: %v", at, len(whole), o)
		}
		if at == title {
			holds(t, o, o.stdout+o.stderr, "batch ", "restore the newest backup")
			served := d.do("serve", "-addr", "127.0.0.1:0")
			if served.code == 0 {
				t.Errorf("served from a damaged journal: %v", served)
			}
			holds(t, served, served.stderr, "damaged", "batch", "backup")
		}
	}
	d.restore(m, "", nil)
	d.must("verify")
}

// TestLostEndOfTheJournalIsFound puts an older journal beside the newer files.
func TestLostEndOfTheJournalIsFound(t *testing.T) {
	d, older := stopped(t)
	d.start()
	d.kiosk.Kick()
	d.kiosk.redeem(d.code)
	d.kiosk.synced()
	if code := d.end(syscall.SIGTERM); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	newer := d.image()
	for what, gone := range map[string]string{"stopped in order": "none", "killed": server.SnapshotFile} {
		d.restore(newer, server.JournalFile, older[server.JournalFile])
		os.Remove(filepath.Join(d.data, gone))
		if o := d.do("verify"); o.code == 0 || !strings.Contains(o.stderr, "the end of the journal is lost") {
			t.Errorf("%s: %v", what, o)
		}
	}
	d.restore(newer, "", nil)
	d.must("verify")
}

func TestChangedLedgerIsFoundAndMadeAgain(t *testing.T) {
	d, m := stopped(t)
	change := func(statement string) {
		db, err := sql.Open("sqlite3", "file:"+filepath.Join(d.data, server.LedgerFile))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	differs := func(what string, words ...string) {
		t.Helper()
		o := d.do("verify")
		if o.code == 0 {
			t.Errorf("%s: %v", what, o)
		}
		holds(t, o, o.stderr, append(words, "made again from the journal")...)
		d.restore(m, "", nil)
	}
	change(`UPDATE claim SET seats = seats + 1`)
	differs("a changed row", "table claim", "delete "+server.LedgerFile)
	change(`DELETE FROM activity WHERE id = 'spa'`)
	differs("a removed row", "table activity")
	flipped := bytes.Replace(m[server.LedgerFile], []byte("云上的鹭"), []byte("云下的鹭"), -1)
	d.restore(m, server.LedgerFile, flipped)
	differs("changed bytes", "table activity")
	d.restore(m, server.LedgerFile, m[server.LedgerFile][:len(m[server.LedgerFile])/2])
	differs("half a file")
	d.restore(m, server.LedgerFile, []byte("这不是数据库，这是一封信，谁也没有想到它会在这里。"))
	differs("another file")

	for what, content := range map[string][]byte{"no file": nil, "half a file": m[server.LedgerFile][:len(m[server.LedgerFile])/2], "another file": []byte(strings.Repeat("信", 3000))} {
		d.restore(m, server.LedgerFile, content)
		if content == nil {
			os.Remove(filepath.Join(d.data, server.LedgerFile))
		}
		d.start()
		until(t, what+": the ledger is there again", func() bool { st := d.status(); return st.Applied == st.Seq && st.Sum == "ok" })
		d.must("verify")
		d.phone.Kick()
		d.phone.synced()
		if code := d.end(syscall.SIGTERM); code != 0 {
			t.Errorf("%s: exit code %d", what, code)
		}
		d.must("verify")
	}
}
