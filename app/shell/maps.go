package shell

import (
	"time"

	"yizhan/app/device/files"
	"yizhan/app/device/maps"
	"yizhan/app/flow/doctor"
	"yizhan/core/link/blob"
	"yizhan/core/local"
	"yizhan/core/op"
	"yizhan/core/wire"
)

// FollowMaps keeps the device's map at what the server has published, until the
// shell ends. A member's phone fetches it when somebody opens the map.
func (e *Env) FollowMaps(client *blob.Client) {
	from := maps.Source{Source: e.files(client), Arrived: client.Arrived,
		Offer: func() (wire.MapRow, bool, error) { return publishedMap(e.Store) }}
	if !from.Thrifty {
		from.Sticks = maps.Mounts
	}
	e.Maps.Follow(e.Ctx, from)
}

// files is where maps and pictures come from.
func (e *Env) files(client *blob.Client) files.Source {
	who, _ := e.Link.Identity()
	return files.Source{
		Fetch: client.Get, Forget: client.Remove,
		Online: func() bool { return e.Link.Status().Online },
		Free:   func() int64 { return Free(e.Data) },
		Notify: e.Link.Notify, Now: e.Now, Thrifty: who.Role == op.Phone,
	}
}

// publishedMap reads which map devices carry.
func publishedMap(s tableReader) (row wire.MapRow, ok bool, err error) {
	rows, err := s.Rows(wire.TableMap)
	if err != nil || len(rows) == 0 {
		return row, false, err
	}
	return row, true, wire.DecodeRow(rows[0].Body, &row)
}

// tableReader is the part of a local.Store that holds what the server published.
type tableReader interface {
	Rows(table string) ([]local.Row, error)
}

// MapStands puts how a device stands with its map into the doctor's words.
func MapStands(st maps.Status) doctor.Map {
	pack := func(h maps.Held) doctor.Pack { return doctor.Pack{Name: h.Name, Made: h.Made, Bytes: h.Bytes} }
	m := doctor.Map{Looked: true, Held: pack(st.Held), Damaged: st.Damaged != nil, Arrived: st.Arrived, Stick: pack(st.Stick.Held)}
	if r := st.Refused; r.At != 0 {
		m.Refused = doctor.Refusal{At: time.UnixMilli(r.At), Pack: doctor.Pack{Name: r.Name, Made: r.Made, Bytes: r.Bytes}, OnTheWay: r.OnTheWay(), Reason: r.Reason}
	}
	if st.Stage != maps.Settled {
		m.Offer, m.Offered = doctor.Pack{Name: st.Offer.Name, Made: st.Offer.Made, Bytes: st.Offer.Bytes}, fates[st.Stage]
	}
	return m
}

var fates = map[maps.Stage]doctor.Offered{maps.Fetching: doctor.Coming, maps.Unasked: doctor.Unasked, maps.NoRoom: doctor.NoRoom, maps.Missing: doctor.Absent}

// CompareMap says how a device that may be asleep stands with its map.
func CompareMap(held *maps.Store, rows tableReader, data string, role op.Role) maps.Status {
	return held.Compare(maps.Source{Source: files.Source{Free: func() int64 { return Free(data) }, Thrifty: role == op.Phone},
		Offer: func() (wire.MapRow, bool, error) { return publishedMap(rows) }})
}
