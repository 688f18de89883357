// Package roster reads the sheets that a union keeps its people in: 会员花名册
// (members), 工会组织 (organisations) and 服务站点 (stations), as .xlsx or CSV.
//
// It is pure reading and checking: it knows no server and no key. Read finds
// the sheets and their headers; Check turns every row into a typed record or
// into problems that name sheet, row, column and what to do; WriteErrors gives
// the user's own sheet back with the bad cells coloured. A bad row never stops
// another one. Reasons are Chinese sentences for the person at the desk, and
// never repeat a person's name or number: they end up in logs.
package roster

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"yizhan/core/id"
	"yizhan/core/station"
)

// Options are what a check needs to know from outside.
type Options struct {
	// Demo accepts the made-up identities of the demo city: ID region 999 and
	// phones that begin with 100. Without it both are refused.
	Demo bool
	// Today is the day against which birth dates and other dates are judged.
	Today time.Time
	// Known finds an organisation that the server already has by Key(name); nil
	// knows none. The id that an organisation got first stays with it, so that a
	// code which is filled in later does not make a second organisation.
	Known func(key string) (id.Org, bool)
	// Picture looks at the picture that a cell of the column 照片 names, and gives the name under
	// which it is known; its error is a sentence. nil looks at none.
	Picture func(cell string) (name string, err error)
}

// Person is one accepted row of 会员花名册. Sex, Birth, Tags and Children are
// what decisions may read; all else is personal and belongs into the vault.
// Row and Sheet are left out of JSON, so that the JSON of an unchanged row is
// the same wherever the row stands.
type Person struct {
	Sheet string `json:"-"`
	Row   int    `json:"-"` // 1-based, as Excel shows it

	Name     string   `json:"name"`
	IDType   string   `json:"id_type"`   // one of the paper names of papers.go
	IDNumber string   `json:"id_number"` // normalised: no spaces, upper case
	Phone    string   `json:"phone"`     // E.164: +86 and 11 digits
	Sex      string   `json:"sex"`       // "F", "M" or "" where unknown
	Birth    string   `json:"birth"`     // YYYY-MM-DD or ""
	Tags     []string `json:"tags"`      // sorted; see tags.go
	Children int      `json:"children"`

	Org     id.Org `json:"org"`
	OrgName string `json:"org_name"`
	OrgCode string `json:"org_code,omitempty"`

	Employer   string `json:"employer"`
	Department string `json:"department,omitempty"`
	Job        string `json:"job,omitempty"`
	Education  string `json:"education,omitempty"`
	Employment string `json:"employment,omitempty"`
	Skill      string `json:"skill,omitempty"`
	Household  string `json:"household,omitempty"`
	Residence  string `json:"residence,omitempty"`
	JoinedOn   string `json:"joined_on,omitempty"` // YYYY-MM-DD
	Card       string `json:"card,omitempty"`      // digits
	Membership string `json:"membership,omitempty"`
	Grid       string `json:"grid,omitempty"`
	Note       string `json:"note,omitempty"`
}

// Identity is what tells people apart: the number of a paper with 18 digits, and
// for other papers the kind as well, since their numbers are not unique among
// each other. The vault makes the member's id from it.
func (p Person) Identity() string {
	if p.IDType == Resident || p.IDType == ResidencePermit || len(p.IDNumber) == 18 {
		return p.IDNumber
	}
	return p.IDType + ":" + p.IDNumber
}

// Org is one accepted row of 工会组织. ID and Parent follow OrgID.
type Org struct {
	Sheet string `json:"-"`
	Row   int    `json:"-"`

	ID         id.Org `json:"id"`
	Parent     id.Org `json:"parent,omitempty"`
	Name       string `json:"name"`
	Kind       string `json:"kind,omitempty"`
	ParentName string `json:"parent_name,omitempty"`
	Code       string `json:"code,omitempty"` // 统一社会信用代码, "" where missing or wrong
	Members    int    `json:"members,omitempty"`
	Chair      string `json:"chair,omitempty"`
	Phone      string `json:"phone,omitempty"` // as written: fixed lines and hotlines too
	FullTime   string `json:"full_time,omitempty"`
	Address    string `json:"address,omitempty"`
	Street     string `json:"street,omitempty"`
	Founded    string `json:"founded,omitempty"` // YYYY-MM-DD
	TermEnds   string `json:"term_ends,omitempty"`
}

// Station is one accepted row of 服务站点.
type Station struct {
	Sheet string `json:"-"`
	Row   int    `json:"-"`

	station.Station
	Contact string `json:"contact,omitempty"`
	Partner string `json:"partner,omitempty"`
	Picture string `json:"picture,omitempty"` // as Options.Picture names it
	Bare    bool   `json:"bare,omitempty"`    // no picture shows it any more
}

// Kind sorts problems, so that an import can count them.
type Kind string

// Kinds of problem.
const (
	Missing    Kind = "missing"     // a required cell is empty
	Malformed  Kind = "malformed"   // the cell cannot be what its column says
	SpoiledID  Kind = "spoiled_id"  // Excel destroyed the last digits
	CheckDigit Kind = "check_digit" // a digit was mistyped
	Mismatch   Kind = "mismatch"    // two cells of the row contradict each other
	Duplicate  Kind = "duplicate"   // the same person, organisation or station stands further up
	UnknownOrg Kind = "unknown_org" // the named organisation does not exist
	Ring       Kind = "ring"        // an organisation stands above itself
	Merged     Kind = "merged"      // merged data cells
)

// Problem is one thing that is wrong with one row. A row with a problem is left
// out, unless the problem is only a warning: then the one cell is left out.
type Problem struct {
	Sheet   string
	Row     int    // 1-based
	Col     int    // 1-based; 0 where the whole row is meant
	Column  string // the header as the user wrote it
	Kind    Kind
	Warning bool
	Reason  string // Chinese: what is wrong and what to do
}

func (p Problem) String() string {
	level := ""
	if p.Warning {
		level = "(提醒,本行仍会导入)"
	}
	if p.Col == 0 {
		return fmt.Sprintf("工作表“%s”第 %d 行%s:%s", p.Sheet, p.Row, level, p.Reason)
	}
	return fmt.Sprintf("工作表“%s”第 %d 行 %s 列“%s”%s:%s", p.Sheet, p.Row, columnLetters(p.Col), p.Column, level, p.Reason)
}

// Roster is what a workbook holds: the accepted rows and all problems, in the
// order of the sheets. Orgs are ordered so that a parent comes before its children.
type Roster struct {
	People   []Person
	Orgs     []Org
	Stations []Station
	Problems []Problem
	Notes    []Note // rows that are no data: remarks, totals, repeated headers
}

// Note is a row that was passed over because it is not data.
type Note struct {
	Sheet string
	Row   int
}

// Counts sums up a check for a preview. Every data row is in exactly one of
// Accepted, Duplicates and Errors.
type Counts struct {
	Accepted   int
	Duplicates int // rows whose only problem is that they stand further up already
	Errors     int
	Warnings   int // single cells left out of accepted or refused rows
}

// Count counts rows, not problems.
func (r *Roster) Count() Counts {
	c := Counts{Accepted: len(r.People) + len(r.Orgs) + len(r.Stations)}
	for i := 0; i < len(r.Problems); {
		first, refused, duplicate := r.Problems[i], false, true
		for ; i < len(r.Problems) && r.Problems[i].Sheet == first.Sheet && r.Problems[i].Row == first.Row; i++ {
			p := r.Problems[i]
			switch {
			case p.Warning:
				c.Warnings++
			default:
				refused, duplicate = true, duplicate && p.Kind == Duplicate
			}
		}
		switch {
		case refused && duplicate:
			c.Duplicates++
		case refused:
			c.Errors++
		}
	}
	return c
}

// Check checks every row. It never fails: what is wrong is in Roster.Problems.
func (w *Workbook) Check(o Options) *Roster {
	if o.Known == nil {
		o.Known = func(string) (id.Org, bool) { return "", false }
	}
	c := &check{Options: o, Roster: &Roster{}, refused: map[place]bool{}}
	orgs := c.orgs(w.of(orgSheet))
	c.people(w.of(peopleSheet), orgs)
	c.stations(w.of(stationSheet))
	order := map[string]int{}
	for i, s := range w.sheets {
		order[s.name] = i
	}
	slices.SortStableFunc(c.Problems, func(a, b Problem) int {
		return cmp.Or(order[a.Sheet]-order[b.Sheet], a.Row-b.Row, a.Col-b.Col)
	})
	return c.Roster
}

// check is one run of Check.
type check struct {
	Options
	*Roster
	refused map[place]bool
}

type place struct {
	sheet string
	row   int
}

// record is one data row with its header: what the three sheet checks read.
type record struct {
	*check
	sheet *sheet
	row   row
}

func (r record) cell(column string) cell {
	if i, ok := r.sheet.head.columns[column]; ok && i < len(r.row.cells) {
		return r.row.cells[i]
	}
	return cell{}
}

// text gives the cell with its width and spaces normalised.
func (r record) text(column string) string {
	s := fold(r.cell(column).text)
	if n := []rune(s); len(n) > maxText {
		r.bad(column, Malformed, fmt.Sprintf("内容有 %d 个字,最多 %d 个;请缩短", len(n), maxText))
		return string(n[:maxText])
	}
	return s
}

// maxText is how many characters a cell may hold: more is a pasted document.
const maxText = 500

// bad records a problem with a cell; the row is refused.
func (r record) bad(column string, k Kind, reason string) {
	r.refused[place{r.sheet.name, r.row.n}] = true
	r.problem(column, k, reason, false)
}

// warn records a problem that costs only the cell.
func (r record) warn(column string, k Kind, reason string) { r.problem(column, k, reason, true) }

func (r record) problem(column string, k Kind, reason string, warning bool) {
	p := Problem{Sheet: r.sheet.name, Row: r.row.n, Kind: k, Warning: warning, Reason: reason}
	if i, ok := r.sheet.head.columns[column]; ok {
		p.Col, p.Column = i+1, r.sheet.head.titles[i]
	}
	r.Problems = append(r.Problems, p)
}

func (r record) ok() bool { return !r.refused[place{r.sheet.name, r.row.n}] }

// need gives the text of a required cell, and reports it if it is empty.
func (r record) need(column string) string {
	s := r.text(column)
	if s == "" {
		r.bad(column, Missing, column+"没有填")
	}
	return s
}

// date gives YYYY-MM-DD; what is no date is left out with a warning.
func (r record) date(column string) string {
	s := r.text(column)
	if s == "" {
		return ""
	}
	d, ok := parseDate(s, r.sheet.date1904)
	if !ok {
		r.warn(column, Malformed, "看不懂这个日期,已略过;请写成 2016-03-08 的样子")
	}
	return d
}
