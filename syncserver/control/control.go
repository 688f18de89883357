// Package control lets the commands of syncserver talk to the running server
// over its unix socket, because the journal has one writer. Whoever may open the
// socket (mode 0600) may do everything.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"yizhan/core/id"
	"yizhan/core/member"
	"yizhan/core/op"
	"yizhan/core/schedule"
	"yizhan/core/station"
	"yizhan/syncserver/roster"
	"yizhan/syncserver/server"
)

// Socket is the name of the socket in a data directory.
const Socket = "control.sock"

// maxBody bounds one request; importers send rows in chunks.
const maxBody = 64 << 20

// maxPath is what the system allows for the path of a socket.
const maxPath = 107

// ErrNoServer says that nobody listens at the socket of a data directory.
var ErrNoServer = errors.New("no server answers")

// EnrolRequest asks for a one-use code.
type EnrolRequest struct {
	Role    op.Role       `json:"role"`
	Station id.Station    `json:"station,omitempty"`
	Member  id.Member     `json:"member,omitempty"`
	Org     id.Org        `json:"org,omitempty"`
	Valid   time.Duration `json:"valid"`
	Address string        `json:"address,omitempty"` // of the server, for the QR code
	Hub     id.Device     `json:"hub,omitempty"`     // that the device talks to instead of the server

	Supervisor bool `json:"supervisor,omitempty"`
}

// AuthorityRequest names the device that hands over at a station.
type AuthorityRequest struct {
	Station id.Station `json:"station"`
	Device  id.Device  `json:"device"`
}

// MapRequest brings a map pack.
type MapRequest struct {
	Pack   []byte `json:"pack"`
	Anyway bool   `json:"anyway,omitempty"` // although it is older, or of another area
}

// AmendRequest says something of one station.
type AmendRequest struct {
	Station id.Station    `json:"station"`
	Amend   station.Amend `json:"amend"`
}

// PhotoRequest brings the picture of a station; none takes it away.
type PhotoRequest struct {
	Station id.Station `json:"station"`
	Picture []byte     `json:"picture,omitempty"`
}

// DrawRequest asks for a draw.
type DrawRequest struct {
	Activity id.Activity `json:"activity"`
	Seed     string      `json:"seed"`
}

// SettleRequest says who dealt with a task or an incident, and how.
type SettleRequest struct {
	About uint64 `json:"about"`
	By    string `json:"by,omitempty"`
	Note  string `json:"note,omitempty"`
}

// LeaseRequest names the leases of one device for one activity.
type LeaseRequest struct {
	Device   id.Device   `json:"device"`
	Activity id.Activity `json:"activity"`
	Force    bool        `json:"force,omitempty"` // write off although the device is online
}

// failure is the body of every answer that is not 200.
type failure struct {
	Error string `json:"error"`
}

// Listen opens the control socket of a data directory; a socket left by a
// killed server is replaced, a living one is not.
func Listen(dir string) (net.Listener, error) {
	path := filepath.Join(dir, Socket)
	if len(path) > maxPath {
		return nil, fmt.Errorf("listen on %s: a socket's path has at most %d bytes; choose a shorter data directory", path, maxPath)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("listen on %s: a server is running there already", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", path, err), l.Close())
	}
	return l, nil
}

// Handler answers the commands.
func Handler(s *server.Server) http.Handler {
	mux := http.NewServeMux()
	handle(mux, "POST /v1/orgs", func(ctx context.Context, in []member.Org) (server.Imported, error) { return s.ImportOrgs(ctx, in) })
	handle(mux, "POST /v1/people", func(ctx context.Context, in []roster.Person) (server.Imported, error) { return s.ImportPeople(ctx, in) })
	handle(mux, "POST /v1/stations", func(ctx context.Context, in []station.Station) (server.Imported, error) {
		return s.ImportStations(ctx, in)
	})
	handle(mux, "POST /v1/places", func(ctx context.Context, _ struct{}) (server.Places, error) { return s.Places(ctx) })
	handle(mux, "POST /v1/amend-station", func(ctx context.Context, in AmendRequest) (bool, error) {
		return s.AmendStation(ctx, in.Station, in.Amend)
	})
	handle(mux, "POST /v1/photo", func(ctx context.Context, in PhotoRequest) (bool, error) {
		return s.PutPhoto(ctx, in.Station, in.Picture)
	})
	handle(mux, "POST /v1/calendar", func(ctx context.Context, in schedule.Year) (bool, error) { return s.PutCalendar(ctx, in) })
	handle(mux, "POST /v1/publish", func(ctx context.Context, in []byte) (server.Published, error) { return s.Publish(ctx, in) })
	handle(mux, "POST /v1/publish-map", func(ctx context.Context, in MapRequest) (server.MapPublished, error) {
		return s.PublishMap(ctx, in.Pack, in.Anyway)
	})
	handle(mux, "POST /v1/enrol", func(ctx context.Context, in EnrolRequest) (server.Offered, error) {
		return s.OfferAt(ctx, op.Enrolment{Role: in.Role, Station: in.Station, Member: in.Member, Org: in.Org, Upstream: in.Hub, Supervisor: in.Supervisor}, in.Valid, in.Address)
	})
	handle(mux, "POST /v1/revoke", func(ctx context.Context, in id.Device) (server.Revoked, error) { return s.Revoke(ctx, in) })
	handle(mux, "POST /v1/authority", func(ctx context.Context, in AuthorityRequest) (server.Named, error) {
		return s.SetAuthority(ctx, in.Station, in.Device)
	})
	handle(mux, "POST /v1/erase", func(ctx context.Context, in id.Member) (struct{}, error) { return struct{}{}, s.Erase(ctx, in) })
	handle(mux, "POST /v1/devices", func(ctx context.Context, _ struct{}) ([]server.DeviceState, error) { return s.Devices(ctx) })
	handle(mux, "POST /v1/quarantine", func(ctx context.Context, in id.Device) ([]server.KeptOp, error) { return s.Quarantine(ctx, in) })
	handle(mux, "POST /v1/accept", func(ctx context.Context, in uint64) (op.Result, error) { return s.Accept(ctx, in) })
	handle(mux, "POST /v1/incidents", func(ctx context.Context, _ struct{}) ([]server.Matter, error) { return s.Matters(ctx) })
	handle(mux, "POST /v1/settle", func(ctx context.Context, in SettleRequest) (op.Result, error) {
		return s.Settle(ctx, in.About, in.By, in.Note)
	})
	handle(mux, "POST /v1/draw", func(ctx context.Context, in DrawRequest) (op.Result, error) { return s.Draw(ctx, in.Activity, in.Seed) })
	handle(mux, "POST /v1/lend", func(ctx context.Context, in op.Lease) (server.Lent, error) { return s.Lend(ctx, in) })
	handle(mux, "POST /v1/leases", func(ctx context.Context, _ struct{}) ([]server.LeaseState, error) { return s.Leases(ctx) })
	handle(mux, "POST /v1/write-off", func(ctx context.Context, in LeaseRequest) (op.Result, error) {
		if !in.Force {
			if err := s.InTouch(ctx, in.Device, in.Activity); err != nil {
				return op.Result{}, err
			}
		}
		return s.WriteOff(ctx, in.Device, in.Activity)
	})
	handle(mux, "POST /v1/void-lease", func(ctx context.Context, in LeaseRequest) (op.Result, error) {
		return s.VoidLease(ctx, in.Device, in.Activity)
	})
	handle(mux, "POST /v1/card", func(ctx context.Context, in id.Member) (string, error) { return s.Card(ctx, in) })
	handle(mux, "POST /v1/find", func(ctx context.Context, in string) ([]server.Found, error) { return s.Find(ctx, in) })
	handle(mux, "POST /v1/known-orgs", func(ctx context.Context, _ struct{}) (map[string]id.Org, error) { return s.KnownOrgs(ctx) })
	handle(mux, "POST /v1/recovery", func(ctx context.Context, _ struct{}) (server.Recovery, error) { return s.Recovery(ctx) })
	handle(mux, "POST /v1/accept-loss", func(ctx context.Context, _ struct{}) (server.Recovery, error) { return s.AcceptLoss(ctx) })
	handle(mux, "POST /v1/reopen", func(ctx context.Context, in id.Activity) (server.Recovery, error) { return s.Reopen(ctx, in) })
	handle(mux, "POST /v1/status", func(ctx context.Context, _ struct{}) (server.Status, error) { return s.Status(ctx) })
	handle(mux, "POST /v1/snapshot", func(ctx context.Context, _ struct{}) (server.Snapshot, error) { return s.Snapshot(ctx) })
	return mux
}

// handle decodes a request, runs fn and encodes what it gives.
func handle[In, Out any](mux *http.ServeMux, pattern string, fn func(context.Context, In) (Out, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		var in In
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in)
		var out Out
		if err == nil {
			out, err = fn(r.Context(), in)
		}
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			json.NewEncoder(w).Encode(failure{err.Error()})
			return
		}
		json.NewEncoder(w).Encode(out)
	})
}

// Client calls the server of a data directory.
type Client struct {
	http http.Client
	path string
}

// Dial prepares calls to the server of dir; the first call finds out whether it runs.
func Dial(dir string) *Client {
	path := filepath.Join(dir, Socket)
	return &Client{path: path, http: http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}}
}

// unanswered tells a server that does not run from one that does not let us in
// and from one that went away: each has another next step.
func (c *Client) unanswered(err error) error {
	var dial *net.OpError
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("the server at %s does not let this account in; run the command as the account that runs the server", c.path)
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("%w at %s; start it with: syncserver serve -data %s", ErrNoServer, c.path, filepath.Dir(c.path))
	}
	return fmt.Errorf("the server at %s gave no answer and may have done it or not; run the command again: %w", c.path, err)
}

// Call asks the server for one thing. The error is ErrNoServer where none runs.
func Call[Out any](ctx context.Context, c *Client, what string, in any) (out Out, err error) {
	body, w := io.Pipe()
	go func() { w.CloseWithError(json.NewEncoder(w).Encode(in)) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://server/v1/"+what, body)
	if err != nil {
		return out, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return out, c.unanswered(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var f failure
		if err := json.NewDecoder(resp.Body).Decode(&f); err != nil || f.Error == "" {
			return out, fmt.Errorf("server answered %s", resp.Status)
		}
		return out, errors.New(f.Error)
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return out, fmt.Errorf("read the server's answer: %w", err)
	}
	return out, nil
}
