// Package paper is what a printed slip says, and draws it into the dots of a
// receipt printer.
package paper

import (
	"image"

	"yizhan/app/say"
)

// Kind is what a slip is worth to whoever holds it.
type Kind uint8

// Kinds of slips.
const (
	Ticket      Kind = iota // something is handed over for it
	Provisional             // a request was taken; it gives no right to anything
	Refusal                 // why not, and what to do
	HandOver                // what was handed over, for the holder
	Test                    // for whoever sets up a printer
	Way                     // how to walk to a station
)

// Slip is one printed slip. It names nobody but by a masked name.
type Slip struct {
	Kind       Kind
	Deployment say.Text   // who runs this: "驿站"
	Here       say.Text   // the station that prints it
	Title      say.Text   // of the activity
	Lines      []Line     // what, how many, where and when to collect, for whom
	Notes      []say.Text // whole sentences: why, what to do, terms
	Code       string     // QR code; empty where there is nothing to scan
	Short      string     // what a person can read out and type instead
	Map        image.Image
	Printed    say.Text // moment of printing
}

// Line is one labelled line.
type Line struct{ Label, Text say.Text }

// heads are the words that no two kinds share: who holds the slip must not take
// one kind for another.
var heads = [...]struct{ name, worth say.Text }{
	Ticket:      {say.T("领票凭证"), say.T("凭此码领取，请妥善保管")},
	Provisional: {say.T("预约受理凭条"), say.T("不代表已取得名额")},
	Refusal:     {say.T("未办成告知单"), say.T("没有占用名额")},
	HandOver:    {say.T("领取回执"), say.T("已经领取，不能再次领取")},
	Test:        {say.T("打印测试页"), say.T("不是票")},
	Way:         {say.T("步行路线"), say.T("按地图走，以现场为准")},
}

// Name is the heading of a kind.
func (k Kind) Name() say.Text { return heads[k].name }

// Worth says in half a sentence what a slip of this kind gives its holder.
func (k Kind) Worth() say.Text { return heads[k].worth }
