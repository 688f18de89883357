package sqlite

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"yizhan/core/local"
	"yizhan/core/local/localtest"
	"yizhan/core/local/memory"
)

func TestContract(t *testing.T) {
	localtest.Run(t, func(t *testing.T) localtest.Open {
		path := filepath.Join(t.TempDir(), "device ?%41.db")
		return func() (local.Store, error) { return Open(path) }
	})
}

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A kill shows that nothing waits in our process; that the disk is asked too is
// a setting, and this test holds it.
func TestPowerCutSettings(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "device.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "user_version": fmt.Sprint(schema), "foreign_keys": "0"} {
		var got string
		must(t, s.write.QueryRow("PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	if _, err := s.read.Exec("DELETE FROM meta"); err == nil {
		t.Error("the reading connection could write")
	}
}

func TestSchemaIsNewestMigration(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	must(t, err)
	if newest := filepath.Base(files[len(files)-1]); !strings.HasPrefix(newest, fmt.Sprintf("%05d_", schema)) {
		t.Errorf("schema is %d and the newest migration %s", schema, newest)
	}
	newest, err := migrations.ReadFile(files[len(files)-1])
	must(t, err)
	if !strings.Contains(string(newest), fmt.Sprintf("PRAGMA user_version = %d;", schema)) {
		t.Errorf("%s does not set user_version to %d", files[len(files)-1], schema)
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.db")
	must(t, os.WriteFile(path, nil, 0o644))
	s := open(t, path)
	must(t, s.SetMeta(map[string][]byte{"key": {1}}))
	files, err := filepath.Glob(path + "*")
	must(t, err)
	if len(files) < 2 {
		t.Fatalf("files are %v, want the store and its log", files)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(f), info.Mode().Perm())
		}
	}
}

func TestNewerFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.db")
	s := open(t, path)
	_, err := s.write.Exec(fmt.Sprintf("PRAGMA user_version = %d", schema+1))
	must(t, err)
	must(t, s.Close())
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "install the newer program") {
		t.Fatalf("open a newer file: %v", err)
	}
}

// An interrupted first start leaves a file without user_version; the next start finishes it.
func TestInterruptedFirstStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.db")
	s := open(t, path)
	for _, q := range []string{"DROP TABLE kept", "DROP TABLE rows", "DROP TABLE outbox", "DROP TABLE state", "DROP TABLE meta", "DROP TABLE staged", "DROP TABLE scopes",
		"DELETE FROM goose_db_version WHERE version_id > 0", "PRAGMA user_version = 0"} {
		_, err := s.write.Exec(q)
		must(t, err)
	}
	must(t, s.Close())
	s = open(t, path)
	must(t, s.Append(localtest.Op(1)))
}

func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.db")
	s := open(t, path)
	must(t, s.Append(localtest.Op(1), local.Row{Table: "used", ID: "1", Body: []byte("x")}))
	limit := func(pages int) {
		t.Helper()
		_, err := s.write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
		must(t, err)
	}
	limit(1) // SQLite makes this the present size
	big := localtest.Op(2)
	big.Bytes = bytes.Repeat([]byte{7}, 1<<20)
	for what, err := range map[string]error{
		"append": s.Append(big),
		"apply":  s.Apply(localtest.Big(20000, 5)),
		"meta":   s.SetMeta(map[string][]byte{"m": big.Bytes}),
		"answer": s.Answer(map[uint64][]byte{1: big.Bytes}),
	} {
		if !errors.Is(err, local.ErrFull) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s on a full disk: %v, want ErrFull with the path", what, err)
		}
	}
	state, err := s.State()
	must(t, err)
	if state != (local.State{Last: 1, Hash: localtest.Op(1).Hash}) {
		t.Errorf("state after refusals is %+v", state)
	}
	if rows, err := s.Rows("door"); err != nil || len(rows) != 0 {
		t.Errorf("%d rows of a refused checkpoint are there (%v)", len(rows), err)
	}
	limit(1 << 20)
	must(t, s.Append(big))
	must(t, s.Apply(localtest.Big(20000, 5)))
}

func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "device.db")
	s := open(t, path)
	must(t, s.Apply(localtest.Big(2000, 1)))
	must(t, s.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	for what, damage := range map[string]func([]byte) []byte{
		"header overwritten": func(b []byte) []byte { copy(b, "not a store"); return b },
		"page overwritten":   func(b []byte) []byte { copy(b[len(b)/2&^4095:], bytes.Repeat([]byte{0xa5}, 4096)); return b },
		"cut in half":        func(b []byte) []byte { return b[:len(b)/2&^4095] },
		"cut in a page":      func(b []byte) []byte { return b[:len(b)/3] },
		"another kind":       func([]byte) []byte { return []byte("PK\x03\x04 this is a zip file, or says so") },
	} {
		t.Run(what, func(t *testing.T) {
			broken := filepath.Join(t.TempDir(), "device.db")
			must(t, os.WriteFile(broken, damage(bytes.Clone(whole)), 0o600))
			s, err := Open(broken)
			if err == nil {
				_ = s.Close()
				t.Fatal("a damaged file was opened")
			}
			if !errors.Is(err, local.ErrDamaged) || !strings.Contains(err.Error(), broken) || !strings.Contains(err.Error(), "enrol") {
				t.Fatalf("error does not say what and what to do: %v", err)
			}
		})
	}
	if _, err := Open(filepath.Join(dir, "no", "such", "folder", "device.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open in a folder that is not there: %v", err)
	}
}

const childStore = "YIZHAN_TEST_STORE"

// TestKill kills a writing process again and again; every op that the process
// said was stored must be there, with its row, and the file must open.
func TestKill(t *testing.T) {
	if path := os.Getenv(childStore); path != "" {
		appendForever(path)
		return
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	path := filepath.Join(t.TempDir(), "device.db")
	stored := uint64(0)
	for range 12 {
		said := killAfter(t, path, 1+random.IntN(120))
		if said <= stored {
			t.Fatalf("the child said %d, but %d were stored before", said, stored)
		}
		stored = checkStored(t, path, said)
	}
	t.Logf("%d ops through 12 kills", stored)
}

// killAfter starts a writer, kills it once it has reported n ops, and gives the
// last number that it had reported by then.
func killAfter(t *testing.T, path string, n int) uint64 {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKill$")
	child.Env = append(os.Environ(), childStore+"="+path)
	var complaint bytes.Buffer
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	last, lines := uint64(0), bufio.NewReader(out)
	for seen := 1; ; seen++ {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // the pipe ends with the process; a torn line was not said
		}
		if last, err = strconv.ParseUint(strings.TrimSpace(line), 10, 64); err != nil {
			t.Fatalf("child said %q", line)
		}
		if seen == n {
			must(t, child.Process.Signal(syscall.SIGKILL))
		}
	}
	err = child.Wait()
	if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("child ended by itself: %v\n%s", err, complaint.String())
	}
	return last
}

// checkStored wants ops 1 to said, and at most one more, which was stored but not said.
func checkStored(t *testing.T, path string, said uint64) uint64 {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	state, err := s.State()
	must(t, err)
	queue, err := s.Queue()
	must(t, err)
	if state.Last < said || state.Last > said+1 || uint64(len(queue)) != state.Last || state.Hash != localtest.Op(state.Last).Hash {
		t.Fatalf("child said %d; state is %+v with %d ops", said, state, len(queue))
	}
	for i, q := range queue {
		if want := localtest.Op(uint64(i + 1)); q.Seq != want.Seq || q.Hash != want.Hash || !bytes.Equal(q.Bytes, want.Bytes) {
			t.Fatalf("op %d is %+v", i+1, q)
		}
		if _, ok, err := s.Get("used", fmt.Sprint(q.Seq)); err != nil || !ok {
			t.Fatalf("op %d is stored without its row (%v)", q.Seq, err)
		}
	}
	if rows, err := s.Rows("used"); err != nil || len(rows) != len(queue) {
		t.Fatalf("%d rows for %d ops (%v)", len(rows), len(queue), err)
	}
	return state.Last
}

// appendForever is the child: it says a number once the op is stored.
func appendForever(path string) {
	s, err := Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	state, err := s.State()
	for n := state.Last + 1; err == nil; n++ {
		if err = s.Append(localtest.Op(n), local.Row{Table: "used", ID: fmt.Sprint(n), Body: []byte("x")}); err == nil {
			_, err = fmt.Println(n)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "device.db")
	s := open(b, path)
	must(b, s.Apply(localtest.Big(20000, 1)))
	must(b, s.Close())
	for b.Loop() {
		s, err := Open(path)
		must(b, err)
		must(b, s.Close())
	}
}

func BenchmarkCreate(b *testing.B) {
	dir, n := b.TempDir(), 0
	for b.Loop() {
		n++
		s, err := Open(filepath.Join(dir, fmt.Sprint(n)))
		must(b, err)
		must(b, s.Close())
	}
}

func BenchmarkAppend(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "device.db"))
	n := uint64(0)
	for b.Loop() {
		n++
		must(b, s.Append(localtest.Op(n), local.Row{Table: "used", ID: fmt.Sprint(n), Body: make([]byte, 40)}))
	}
}

func BenchmarkApply20000(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "device.db"))
	to := uint64(0)
	for b.Loop() {
		to++
		must(b, s.Apply(localtest.Big(20000, to)))
	}
}

func BenchmarkSums20000(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "device.db"))
	c := localtest.Big(20000, 1)
	c.Take = []string{"door"}
	for i := range c.Rows {
		c.Rows[i].Scope = "door"
	}
	must(b, s.Apply(c))
	for b.Loop() {
		if sums, err := s.Sums(); err != nil || sums["door"] == nil {
			b.Fatal(sums, err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "device.db"))
	must(b, s.Apply(localtest.Big(20000, 1)))
	for b.Loop() {
		if _, ok, err := s.Get("door", "00012345"); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}

// TestSets stores runs of rows of one scope and table, long and short, and with the
// same row in them twice, as the store in memory does.
func TestSets(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "device.db"))
	rapid.Check(t, func(rt *rapid.T) {
		m := memory.New()
		must := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		for to := range uint64(rapid.IntRange(1, 4).Draw(rt, "checkpoints")) {
			c := local.Checkpoint{To: to + 1, Reset: to == 0, Staged: true}
			if rapid.Bool().Draw(rt, "take") {
				c.Take = []string{"held"}
			}
			for range rapid.IntRange(1, 4).Draw(rt, "runs") {
				r := local.Row{Scope: rapid.SampledFrom([]string{"held", "later"}).Draw(rt, "scope"), Table: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "table"), Seq: to + 1}
				for i := range rapid.IntRange(1, 200).Draw(rt, "length") {
					r.ID, r.Body = strconv.Itoa(i%150), []byte{byte(to), byte(i)}
					c.Rows = append(c.Rows, r)
				}
			}
			must(errors.Join(s.Apply(c), m.Apply(c)))
		}
		for _, table := range []string{"a", "b"} {
			got, err := s.Rows(table)
			must(err)
			want, err := m.Rows(table)
			must(err)
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("table %s: %d rows\n%v\nwant %d\n%v", table, len(got), got, len(want), want)
			}
		}
		got, err := s.Held()
		must(err)
		want, err := m.Held()
		must(err)
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("held %v, want %v", got, want)
		}
	})
}
