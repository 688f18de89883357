package control

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yizhan/core/member"
	"yizhan/syncserver/server"
)

// running is a server whose commands are served in a directory.
func running(t *testing.T) (dir string, s *server.Server) {
	t.Helper()
	dir = t.TempDir()
	s, err := server.Open(server.Config{Dir: dir, Zone: time.UTC, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler), Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{Handler: Handler(s)}
	go h.Serve(l)
	t.Cleanup(func() {
		h.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return dir, s
}

func TestCallsThroughTheSocket(t *testing.T) {
	dir, _ := running(t)
	ctx, c := context.Background(), Dial(dir)
	n, err := Call[server.Imported](ctx, c, "orgs", []member.Org{{ID: "C1", Name: "甲工会"}, {ID: "C2", Name: "乙", Parent: "C1"}})
	if err != nil || n.Read != 2 || n.Changed != 2 {
		t.Errorf("orgs: %+v, %v", n, err)
	}
	known, err := Call[map[string]string](ctx, c, "known-orgs", struct{}{})
	if err != nil || len(known) != 2 || known["甲工会"] != "C1" {
		t.Errorf("known: %v, %v", known, err)
	}
	if _, err := Call[server.Published](ctx, c, "publish", []byte(`{"id":"x"}`)); err == nil || !strings.Contains(err.Error(), "title") {
		t.Errorf("publish: %v", err)
	}
	snap, err := Call[server.Snapshot](ctx, c, "snapshot", struct{}{})
	if err != nil || snap.Seq == 0 || len(snap.Digest) != 64 {
		t.Errorf("snapshot: %+v, %v", snap, err)
	}
	if _, err := Call[struct{}](ctx, c, "nonsense", struct{}{}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("unknown command: %v", err)
	}
	if _, err := Call[int](ctx, c, "status", struct{}{}); err == nil || !strings.Contains(err.Error(), "read the server's answer") {
		t.Errorf("answer of another shape: %v", err)
	}
}

func TestManyCommandsAtOnce(t *testing.T) {
	dir, s := running(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			org := member.Org{ID: "C1", Name: strings.Repeat("甲", 1+i)}
			if _, err := Call[server.Imported](context.Background(), Dial(dir), "orgs", []member.Org{org}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if st, err := s.Status(context.Background()); err != nil || st.Sum != "ok" {
		t.Errorf("status %+v, %v", st, err)
	}
}

// TestBadRequests: what is wrong is said as JSON, and the server goes on.
func TestBadRequests(t *testing.T) {
	_, s := running(t)
	h := Handler(s)
	post := func(path string, body io.Reader) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, body))
		var f failure
		if w.Code == http.StatusUnprocessableEntity && (json.Unmarshal(w.Body.Bytes(), &f) != nil || f.Error == "") {
			t.Errorf("%s answered %q", path, w.Body)
		}
		return w.Code, f.Error
	}
	for _, c := range []struct{ path, body string }{
		{"/v1/orgs", ""}, {"/v1/orgs", "{"}, {"/v1/orgs", `{"id":"C1"}`}, {"/v1/orgs", `[{"id":5}]`}, {"/v1/orgs", `[{"id":"a b"}]`},
		{"/v1/people", `[{"name":"x"`}, {"/v1/people", `[null]`}, {"/v1/stations", `"x"`}, {"/v1/stations", `[{"id":""}]`},
		{"/v1/publish", `"not base64!"`}, {"/v1/publish", `""`}, {"/v1/publish", `{"id":"x"}`}, {"/v1/enrol", `[]`}, {"/v1/enrol", `{"role":"king"}`},
		{"/v1/revoke", `{}`}, {"/v1/revoke", `"nobody"`}, {"/v1/draw", `{"activity":7}`}, {"/v1/draw", `{}`}, {"/v1/find", `""`}, {"/v1/find", `7`},
	} {
		if code, _ := post(c.path, strings.NewReader(c.body)); code != http.StatusUnprocessableEntity {
			t.Errorf("%s %s: %d", c.path, c.body, code)
		}
	}
	huge := io.MultiReader(strings.NewReader(`"`), io.LimitReader(endless{}, maxBody))
	if code, why := post("/v1/find", huge); code != http.StatusUnprocessableEntity || !strings.Contains(why, "too large") {
		t.Errorf("oversized body: %d %s", code, why)
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/v1/status", nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if st, err := s.Status(context.Background()); err != nil || st.Seq != 0 || st.Sum != "ok" {
		t.Errorf("after all that: %+v, %v", st, err)
	}
}

// endless is a text without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("x"), len(p))), nil }

func TestALivingSocketIsNotReplaced(t *testing.T) {
	dir, _ := running(t)
	if _, err := Listen(dir); err == nil || !strings.Contains(err.Error(), "running there already") {
		t.Errorf("second server: %v", err)
	}
	if _, err := Call[server.Status](context.Background(), Dial(dir), "status", struct{}{}); err != nil {
		t.Errorf("the first one: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, Socket))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v, %v", info.Mode(), err)
	}
}

func TestAStaleSocketIsReplaced(t *testing.T) {
	dir := t.TempDir()
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, Socket)})
	if err != nil {
		t.Fatal(err)
	}
	killed.SetUnlinkOnClose(false) // as a kill leaves it
	if err := killed.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Call[server.Status](context.Background(), Dial(dir), "status", struct{}{}); err == nil || !strings.Contains(err.Error(), "syncserver serve -data "+dir) {
		t.Errorf("call to a killed server: %v", err)
	}
	l, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.Mkdir(filepath.Join(dir, Socket), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, Socket, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(dir); err == nil {
		t.Error("a directory in the place of the socket was removed")
	}
}

// TestAServerThatGoesAway: what was asked may have been done.
func TestAServerThatGoesAway(t *testing.T) {
	dir := t.TempDir()
	l, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			conn.Close()
		}
	}()
	_, err = Call[server.Status](context.Background(), Dial(dir), "status", struct{}{})
	if err == nil || errors.Is(err, ErrNoServer) || !strings.Contains(err.Error(), "may have done it or not") {
		t.Errorf("call to a server that goes away: %v", err)
	}
	if _, err := Call[server.Status](context.Background(), Dial(t.TempDir()), "status", struct{}{}); !errors.Is(err, ErrNoServer) {
		t.Errorf("call to no server: %v", err)
	}
}

// TestTooLongPath: a unix socket's path has about a hundred bytes.
func TestTooLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("很长的路径", 10))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Listen(dir)
	if err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("path of %d bytes: %v", len(dir), err)
	}
}
