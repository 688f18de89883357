package shell_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yizhan/app/device"
	"yizhan/app/escpos"
	"yizhan/app/escpos/escpostest"
	"yizhan/app/flow/slip"
	"yizhan/app/look"
	"yizhan/app/paper"
	"yizhan/app/shell"
	"yizhan/app/shell/shelltest"
	slipview "yizhan/app/view/slip"
	"yizhan/core/op"
	"yizhan/core/qr"
	"yizhan/core/wire"
)

// slipped opens the page of a ticket; tap presses its right button.
func slipped(t *testing.T, printer device.Printer) (env *shell.Env, turn shelltest.Turn, what paper.Slip, tap func(), closed *bool) {
	t.Helper()
	env, _, turn, w := shelltest.NewDevice(t, op.Kiosk)
	env.Press = shell.NewPress(printer, paper.Narrow)
	about, err := env.Matter(shelltest.Film, shelltest.Here)
	about.Holder = "王小明"
	what, ok := slip.OfClaim(wire.ClaimRow{Ticket: 1024, Seats: 2, State: op.ClaimGranted, Code: w.Ticket}, about, env.Clock())
	if err != nil || !ok {
		t.Fatalf("a granted claim has no slip: %v", err)
	}
	closed = new(bool)
	env.Window.SetContent(env.SlipPage(look.Phone, what, func() { *closed = true }))
	tap = func() {
		test.TapCanvas(env.Window.Canvas(), fyne.NewPos(300, 915-look.Phone.Gap-look.Phone.Button/2))
	}
	turn.Until(t, "shown", says(env, `"contain" img`))
	return env, turn, what, tap, closed
}

func TestMatter(t *testing.T) {
	env, _, _, _ := shelltest.NewDevice(t, op.Kiosk)
	m, err := env.Matter(shelltest.Film, shelltest.There)
	if err != nil || m.Rules == nil || m.Title == string(shelltest.Film) || !strings.HasPrefix(m.Collect.Name, "科园区爱心驿站") || m.Here.Name != "仙桥街道职工服务站" {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := env.Matter(shelltest.Film, ""); err != nil || m.Collect.Name == "" {
		t.Errorf("no station chosen: %+v, %v", m.Collect, err)
	}
	if m, err := env.Matter("unknown", "S999"); err != nil || m.Title != "unknown" || m.Collect.Name != "S999" || m.Rules != nil {
		t.Errorf("nothing is known: %+v, %v", m, err)
	}
}

// Paper ends in the middle: the person is told, the same slip comes out whole when
// somebody asks for it, and nothing is printed that nobody asked for.
func TestPaperEndsInTheMiddleOfASlip(t *testing.T) {
	p := &escpostest.Printer{Paper: 300}
	printer, err := device.ParsePrinter("tcp:" + p.Listen(t))
	if err != nil {
		t.Fatal(err)
	}
	env, turn, what, tap, _ := slipped(t, printer)
	tap()
	tap() // a second tap, while the first slip is being printed
	turn.Until(t, "told", says(env, "打印机缺纸"))
	test.AssertRendersToMarkup(t, "slip_paper_out.xml", env.Window.Canvas())
	p.Refill()
	tap()
	turn.Until(t, "printed", says(env, "已打印"))
	if n := len(p.Slips()); n != 1 {
		t.Fatalf("%d slips were cut off, want one", n)
	}
	if text, err := qr.Read(p.Slips()[0]); err != nil || text != what.Code {
		t.Errorf("the printed code is read as %q, %v", text, err)
	}
}

// A preview keeps within a narrow page, and on white paper in every palette.
func TestPreviewFits(t *testing.T) {
	env, _, _, _ := shelltest.NewDevice(t, op.Kiosk)
	b, err := shell.NewPress(nil, paper.Wide).Draw(slip.Sample(wire.StationRow{}, env.Clock()))
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []float32{200, 380, 1000} {
		preview := slipview.Preview(look.Large, b).(look.Fluid)
		height := preview.HeightFor(width)
		wide := min(width, 20*look.Large.Body+2*look.Large.Gap) - 2*look.Large.Gap
		if want := wide*float32(b.Height)/float32(b.Width) + 2*look.Large.Gap; height < want-1 || height > want+1 {
			t.Errorf("%v wide it is %v high, want %v", width, height, want)
		}
	}
}

// TestSlipThatBreaksTheDrawing: it is told as a trouble of the printer, and the app goes on.
func TestSlipThatBreaksTheDrawing(t *testing.T) {
	_, err := shell.NewPress(nil, paper.Wide).Draw(paper.Slip{Kind: 200})
	var told *escpos.Error
	if !errors.As(err, &told) || told.Trouble != escpos.NotDrawn {
		t.Errorf("got %v", err)
	}
}

func TestSlipWithoutAPrinter(t *testing.T) {
	env, _, _, tap, closed := slipped(t, nil)
	if says(env, "打印\"")() {
		t.Error("a button to print, and no printer")
	}
	if !says(env, "没有接打印机")() {
		t.Error("nobody says that there is no printer")
	}
	if tap(); !*closed {
		t.Error("the page cannot be left")
	}
}

// What was printed for somebody who has gone is not told to the next person.
func TestTheNextPersonSeesNothing(t *testing.T) {
	p := &escpostest.Printer{}
	printer, err := device.ParsePrinter("tcp:" + p.Listen(t))
	if err != nil {
		t.Fatal(err)
	}
	env, _, turn, _ := shelltest.NewDevice(t, op.Kiosk)
	env.Press = shell.NewPress(printer, paper.Narrow)
	var seen []slip.Phase
	slips := env.NewSlips(func(s slip.State) { seen = append(seen, s.Phase) })
	slips.Send(slip.Print{Slip: slip.Sample(wire.StationRow{}, env.Clock())})
	slips.Send(slip.Forget{})
	slips.Send(slip.Print{Slip: slip.Sample(wire.StationRow{}, env.Clock())})
	turn.Until(t, "printed", func() bool { return slips.State().Phase == slip.Printed })
	p.Await(func(_, slips int) bool { return slips == 2 })
	want := []slip.Phase{slip.Printing, slip.Idle, slip.Printing, slip.Printed}
	if !slices.Equal(seen, want) {
		t.Errorf("phases %v, want %v", seen, want)
	}
}
