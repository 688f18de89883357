package claim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/id"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// Notice is one message: what became of a claim, or what the member should not miss.
type Notice struct {
	Activity id.Activity
	Ticket   id.Ticket // 0 where there is none to open
	Title    string
	Words
	At     say.Text
	Unread bool

	key string
	at  int64
}

// soon is how long before a session or the end of a pickup the phone speaks of it.
const soon = 24 * time.Hour

// Notices gives all messages, the newest first. They are made from the rows that
// the phone holds, so that none can be lost or come twice.
func (s State) Notices() []Notice {
	var all []Notice
	add := func(n Notice, key string, at int64) {
		n.key, n.at, n.At = key, at, flow.Clock(time.UnixMilli(at), s.Now)
		n.Unread = !s.Data.Seen[key]
		all = append(all, n)
	}
	for _, c := range s.Data.Claims {
		a, _ := s.find(c.Activity)
		st := Standing{Kind: kindOf(fromRow, c.State), Seats: c.Seats, Line: c.Place, Ticket: c.Ticket, Station: c.Station}
		n := Notice{Activity: c.Activity, Ticket: c.Ticket, Title: titleOf(a, c.Activity), Words: s.words(a, st)}
		add(n, fmt.Sprintf("%d/%d/%d", c.Ticket, c.State, c.Epoch), c.At)
		if due, word := s.due(a, c); !word.Empty() {
			n.Words = Words{flow.Wait, word, say.T("%s，别忘了。", flow.Moment(due, s.Now)), s.where(a, c.Station)}
			add(n, fmt.Sprintf("%d/due/%d", c.Ticket, due), due-soon.Milliseconds())
		}
	}
	for at, r := range s.Data.Refusals {
		a, _ := s.find(at.Activity)
		add(Notice{Activity: at.Activity, Title: titleOf(a, at.Activity), Words: s.refused(a, r.Code)}, fmt.Sprintf("%s/%s/%d", at.Activity, at.Pool, r.At), r.At)
	}
	slices.SortFunc(all, func(x, y Notice) int { return cmp.Or(cmp.Compare(y.at, x.at), cmp.Compare(x.key, y.key)) })
	return all
}

// due says what of a granted claim comes within a day: its session, or the end of its pickup.
func (s State) due(a Activity, c wire.ClaimRow) (int64, say.Text) {
	if a.Activity == nil || c.State != op.ClaimGranted {
		return 0, say.Text{}
	}
	now := s.Now.UnixMilli()
	near := func(at int64) bool { return at > now && at-now <= soon.Milliseconds() }
	if i := a.Pool(c.Pool); i >= 0 && near(a.Pools[i].Starts) {
		return a.Pools[i].Starts, say.T("活动快开始了")
	}
	if near(a.Pickup.To) {
		return a.Pickup.To, say.T("领取快截止了")
	}
	return 0, say.Text{}
}

// Unread counts the messages that were not on the screen yet.
func (s State) Unread() int {
	n := 0
	for _, m := range s.Notices() {
		if m.Unread {
			n++
		}
	}
	return n
}

// metaSeen is where a phone keeps which messages were read.
const metaSeen = "claim.seen"

// KeepSeen remembers that these messages were read; of those that are gone nothing is kept.
func KeepSeen(store local.Store, read []Notice) error {
	keys := make([]string, len(read))
	for i, n := range read {
		keys[i] = n.key
	}
	body, err := cbor.Marshal(keys)
	if err != nil {
		return fmt.Errorf("keep what was read: %w", err)
	}
	return store.SetMeta(map[string][]byte{metaSeen: body})
}

func seen(store local.Store) (map[string]bool, error) {
	body, err := store.Meta(metaSeen)
	if err != nil {
		return nil, fmt.Errorf("read what was read: %w", err)
	}
	var keys []string
	if body == nil || cbor.Unmarshal(body, &keys) != nil {
		return nil, nil
	}
	m := make(map[string]bool, len(keys))
	for _, key := range keys {
		m[key] = true
	}
	return m, nil
}
