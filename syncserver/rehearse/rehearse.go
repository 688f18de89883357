package rehearse

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"yizhan/core/activity"
	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/notice"
	"yizhan/core/op"
	"yizhan/core/wire"
	"yizhan/syncserver/ledger"
)

// Report is what a rehearsal found.
type Report struct {
	Scenario    string                    `json:"scenario"`
	Steps       int                       `json:"steps"`
	Differences []string                  `json:"differences"`
	Activities  map[string]map[string]int `json:"activities"`       // seats at the end
	Faults      map[string]int            `json:"faults,omitempty"` // how many of each kind were inserted
}

// Run rehearses one scenario.
func Run(s *Scenario, log *slog.Logger) (*Report, error) {
	w, err := open(s, log)
	if err != nil {
		return nil, err
	}
	defer w.close()
	r := &Report{Scenario: s.Title, Steps: len(s.Steps), Differences: []string{}}
	whole := true
	for i := range s.Steps {
		step := &s.Steps[i]
		where := fmt.Sprintf("step %d (%s)", i, describe(step))
		if step.At != "" {
			t, err := w.moment(step.At, w.now())
			if err == nil {
				err = w.advance(t)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: at: %w", where, err)
			}
		}
		w.chaos.begin()
		out, err := w.step(step)
		if err == nil {
			err = w.chaos.end()
		}
		if err != nil {
			r.Differences = append(r.Differences, fmt.Sprintf("%s: %v", where, err))
			whole = false
			break // the world is not the one that later steps expect
		}
		for _, d := range w.compare(step, out) {
			r.Differences = append(r.Differences, where+": "+d)
		}
	}
	if s.Expect != nil && whole {
		for _, d := range w.check(s.Expect) {
			r.Differences = append(r.Differences, "end: "+d)
		}
	}
	if w.chaos != nil {
		r.Faults = w.chaos.faults
	}
	r.Activities, err = w.counts()
	return r, err
}

// describe is a step and whom or what it is about: "claim C005-3".
func describe(s *Step) string {
	about := cmp.Or(string(s.Member), string(s.Org), s.Code, string(s.Device), string(s.Activity), s.To)
	return strings.TrimSpace(s.Do + " " + about)
}

type comparer struct{ found []string }

func (c *comparer) add(what string, got, want any) {
	c.found = append(c.found, fmt.Sprintf("%s %v, want %v", what, got, want))
}

func compare[T comparable](c *comparer, what string, got T, want *T) {
	if want != nil && got != *want {
		c.add(what, got, *want)
	}
}

// compare holds what a step gave against what it expects.
func (w *world) compare(s *Step, out outcome) []string {
	e := s.Expect
	switch {
	case out.refusal != "" && (e == nil || e.Result == nil):
		return []string{"refused: " + out.refusal}
	case e == nil:
		return nil
	case out.everyone:
		return w.check(e)
	}
	c := &comparer{}
	compare(c, "granted", deref(out.granted, out.result), e.Granted)
	compare(c, "returned", deref(out.returned, nil), e.Returned)
	compare(c, "written_off", deref(out.writtenOff, nil), e.WrittenOff)
	compare(c, "verdict", out.verdict.String(), e.Verdict)
	r := out.result
	if r == nil {
		r = &op.Result{}
	}
	result, code := r.Outcome.String(), r.Code.String()
	if e.Result != nil && (result != *e.Result || e.Code != nil && code != *e.Code) {
		want := *e.Result
		if e.Code != nil {
			want += " " + *e.Code
		}
		c.add("result", strings.TrimSpace(result+" "+code), want)
	} else {
		compare(c, "code", code, e.Code)
	}
	compare(c, "seats", r.Seats, e.Seats)
	compare(c, "place", r.Place, e.Place)
	compare(c, "waitlisted", r.Waitlisted, e.Waitlisted)
	compare(c, "digest", r.Digest, e.Digest)
	if len(e.Refused) > 0 {
		got, _ := json.Marshal(refused(out, r))
		if !equalJSON(got, e.Refused) {
			c.add("refused", string(got), string(compact(e.Refused)))
		}
	}
	if len(e.Tasks) > 0 {
		got, _ := json.Marshal(append([]string{}, r.Tasks...))
		if !equalJSON(got, e.Tasks) {
			c.add("tasks", string(got), string(compact(e.Tasks)))
		}
	}
	return c.found
}

func deref(n *int, r *op.Result) int {
	switch {
	case n != nil:
		return *n
	case r != nil:
		return r.Granted
	}
	return 0
}

// refused is seats by code, or for a draw the seats that lost.
func refused(out outcome, r *op.Result) any {
	if out.isDraw {
		return r.Seats
	}
	by := map[string]int{}
	for code, n := range r.Refused {
		by[code.String()] += n
	}
	return by
}

func equalJSON(a, b []byte) bool { return string(compact(a)) == string(compact(b)) }

func compact(raw []byte) []byte {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return raw
	}
	out, _ := json.Marshal(v)
	return out
}

// check holds the whole world against an expectation.
func (w *world) check(e *Expect) []string {
	c := &comparer{}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	books, err := w.server.Ledger(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	counts, err := w.counts()
	if err != nil {
		return []string{err.Error()}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Activities)) {
		got, known := counts[name]
		if !known {
			c.found = append(c.found, fmt.Sprintf("there is no activity or session %q", name))
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(e.Activities[name])) {
			want := e.Activities[name][key]
			if n, ok := got[key]; !ok || n != want {
				c.add(name+" "+key, n, want)
			}
		}
	}
	for _, check := range []func(*comparer, *ledger.Ledger, *Expect) error{w.checkParties, w.checkStaff, w.checkMessages, w.checkRows} {
		if err := check(c, books, e); err != nil {
			c.found = append(c.found, err.Error())
		}
	}
	return c.found
}

// counts are the seats of every activity and session, in the words of the file.
func (w *world) counts() (map[string]map[string]int, error) {
	all := map[string]map[string]int{}
	err := w.server.View(context.Background(), func(s *arbiter.State) {
		for _, raw := range w.Activities {
			a, err := activity.Parse(raw, w.zone)
			if err != nil {
				continue
			}
			for _, p := range append([]activity.PoolTime{{}}, a.Pools...) {
				n, ok := s.Count(a.Spec.ID, p.ID)
				if !ok {
					continue
				}
				name := string(a.Spec.ID)
				if p.ID != "" {
					name += "/" + string(p.ID)
				}
				all[name] = map[string]int{"granted": n.Granted, "waitlisted": n.Waitlisted, "redeemed": n.Redeemed, "lapsed": n.Lapsed,
					"leased": n.Leased, "in_doubt": n.InDoubt, "free": n.Free, "checked_in": n.CheckedIn, "entered": n.Entered}
			}
		}
	})
	return all, err
}

// count adds up seats granted by organisation and activity, and the state of each
// member in each activity: the best of their claims.
func count(c ledger.Claim, orgs map[id.Org]map[id.Activity]int, members map[id.Member]map[id.Activity]op.ClaimState) {
	if c.State == op.ClaimGranted || c.State == op.ClaimRedeemed || c.State == op.ClaimLapsed {
		if orgs[c.Org] == nil {
			orgs[c.Org] = map[id.Activity]int{}
		}
		orgs[c.Org][c.Activity] += c.Seats
	}
	if members[c.Member] == nil {
		members[c.Member] = map[id.Activity]op.ClaimState{}
	}
	if old := members[c.Member][c.Activity]; rank[c.State] > rank[old] {
		members[c.Member][c.Activity] = c.State
	}
}

var rank = map[op.ClaimState]int{op.ClaimRedeemed: 5, op.ClaimGranted: 4, op.ClaimLapsed: 3, op.ClaimWaitlisted: 2, op.ClaimEntered: 1}

var stateNames = map[op.ClaimState]string{op.ClaimRedeemed: "redeemed", op.ClaimGranted: "granted", op.ClaimLapsed: "lapsed",
	op.ClaimWaitlisted: "waitlisted", op.ClaimEntered: "entered", op.ClaimNone: "none"}

func (w *world) checkParties(c *comparer, books *ledger.Ledger, e *Expect) error {
	if len(e.Orgs) == 0 && len(e.Members) == 0 {
		return nil
	}
	orgs, members := map[id.Org]map[id.Activity]int{}, map[id.Member]map[id.Activity]op.ClaimState{}
	err := w.eachClaim(books, func(claim ledger.Claim) { count(claim, orgs, members) })
	for _, o := range slices.Sorted(maps.Keys(e.Orgs)) {
		for _, a := range slices.Sorted(maps.Keys(e.Orgs[o])) {
			want := e.Orgs[o][a]
			if got := orgs[o][a]; got != want {
				c.add(fmt.Sprintf("organisation %s %s", o, a), got, want)
			}
		}
	}
	for _, m := range slices.Sorted(maps.Keys(e.Members)) {
		for _, a := range slices.Sorted(maps.Keys(e.Members[m])) {
			want := e.Members[m][a]
			if got := stateNames[members[m][a]]; got != want {
				c.add(fmt.Sprintf("member %s %s", m, a), got, want)
			}
		}
	}
	return err
}

func (w *world) eachClaim(books *ledger.Ledger, fn func(ledger.Claim)) error {
	for _, raw := range w.Activities {
		a, err := activity.Parse(raw, w.zone)
		if err != nil {
			return err
		}
		claims, err := books.ActivityClaims(a.Spec.ID)
		if err != nil {
			return err
		}
		for _, c := range claims {
			fn(c)
		}
	}
	return nil
}

func (w *world) checkStaff(c *comparer, books *ledger.Ledger, e *Expect) error {
	if len(e.Tasks) > 0 {
		rows, err := books.Tasks()
		if err != nil {
			return err
		}
		got := []string{}
		for _, t := range rows {
			got = append(got, t.Kind+" for "+string(t.Org))
		}
		var tasks []Task
		if err := json.Unmarshal(e.Tasks, &tasks); err != nil {
			return fmt.Errorf("expect.tasks: %w", err)
		}
		want := []string{}
		for _, t := range tasks {
			want = append(want, t.Kind+" for "+string(t.Org))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			c.add("tasks", got, want)
		}
	}
	if e.Incidents != nil {
		rows, err := books.Incidents()
		if err != nil {
			return err
		}
		compare(c, "incidents", len(rows), e.Incidents)
	}
	return nil
}

// checkMessages looks for each message at the server, and on the declared phone
// of the member too, where a reminder is made without any network.
func (w *world) checkMessages(c *comparer, books *ledger.Ledger, e *Expect) error {
	for _, m := range e.Messages {
		rows, err := books.Messages(m.Member)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(rows, func(r wire.MessageRow) bool { return r.Kind == m.Kind }) {
			c.add("messages of "+string(m.Member), kinds(rows), m.Kind)
		}
		for _, d := range w.devices {
			if d.Role != op.Phone || d.Member != m.Member || !w.declared(d.ID) {
				continue
			}
			if d.online {
				if err := w.sync(d); err != nil {
					return err
				}
			}
			rows, err := notice.OnDevice(d.store, w.zone, w.now())
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(rows, func(r wire.MessageRow) bool { return r.Kind == m.Kind }) {
				c.add(fmt.Sprintf("messages on %s", d.ID), kinds(rows), m.Kind)
			}
		}
	}
	return nil
}

func (w *world) declared(d id.Device) bool {
	return slices.ContainsFunc(w.Scenario.Devices, func(s Device) bool { return s.ID == d })
}

func kinds(rows []wire.MessageRow) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Kind)
	}
	return out
}

func (w *world) checkRows(c *comparer, _ *ledger.Ledger, e *Expect) error {
	for _, name := range slices.Sorted(maps.Keys(e.DeviceRows)) {
		d, err := w.device(name)
		if err != nil {
			return err
		}
		if d.online {
			if err := w.sync(d); err != nil {
				return err
			}
		}
		for _, table := range slices.Sorted(maps.Keys(e.DeviceRows[name])) {
			want := e.DeviceRows[name][table]
			rows, err := d.store.Rows(table)
			if err != nil {
				return err
			}
			if len(rows) != want {
				c.add(fmt.Sprintf("rows of %s on %s", table, name), len(rows), want)
			}
		}
	}
	return nil
}
