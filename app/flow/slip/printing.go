package slip

import (
	"errors"

	"yizhan/app/escpos"
	"yizhan/app/flow"
	"yizhan/app/paper"
	"yizhan/app/say"
)

// State is the printer's side of a page: the last slip, and what became of it. Slips
// are kept in memory only, until the person is done.
type State struct {
	Phase   Phase
	Last    *paper.Slip    // nil while nothing was printed
	Trouble escpos.Trouble // of a Failed slip
	Status  escpos.Status  // of the printer, after it
}

// Phase is how far the last slip is.
type Phase uint8

// Phases of a slip.
const (
	Idle Phase = iota
	Printing
	Printed
	Failed
)

// Message is one of the types below.
type Message interface{ message() }

type (
	// Print asks for a slip. While one is being printed it does nothing: a second
	// tap is no second slip.
	Print struct{ Slip paper.Slip }
	// Again asks for the last slip once more, also after trouble.
	Again struct{}
	// Finished is what became of it: Err is nil or an *escpos.Error.
	Finished struct {
		Status escpos.Status
		Err    error
	}
	// Forget drops the slip: the person has gone.
	Forget struct{}
)

func (Print) message()    {}
func (Again) message()    {}
func (Finished) message() {}
func (Forget) message()   {}

// Update gives the next state and the slip to print now, if any. Nothing is ever
// printed a second time by itself.
func (s State) Update(m Message) (State, *paper.Slip) {
	switch m := m.(type) {
	case Print:
		if s.Phase != Printing {
			return State{Phase: Printing, Last: &m.Slip}, &m.Slip
		}
	case Again:
		if s.Phase != Printing && s.Last != nil {
			return State{Phase: Printing, Last: s.Last}, s.Last
		}
	case Finished:
		if s.Phase != Printing {
			return s, nil // of a person who has gone
		}
		s.Phase, s.Status, s.Trouble = Printed, m.Status, TroubleOf(m.Err)
		if m.Err != nil {
			s.Phase = Failed
		}
	case Forget:
		return State{}, nil
	}
	return s, nil
}

// TroubleOf is the kind of an error of printing.
func TroubleOf(err error) escpos.Trouble {
	var e *escpos.Error
	switch {
	case err == nil:
		return escpos.None
	case errors.As(err, &e):
		return e.Trouble
	}
	return escpos.Failed
}

// Outcome is what is to be read about the last slip. Again reports whether it may
// be asked for once more.
type Outcome struct {
	Tone     flow.Tone
	Word     say.Text
	Sentence say.Text
	Next     say.Text
	Again    bool
}

// Outcome says what became of the last slip; it is zero while there is none.
func (s State) Outcome() Outcome {
	switch s.Phase {
	case Printing:
		return Outcome{Word: say.T("正在打印"), Sentence: say.T("请稍等，纸从出票口出来。")}
	case Printed:
		o := Outcome{Tone: flow.Good, Word: say.T("已打印"), Sentence: say.T("请从出票口取走凭条。"), Again: true}
		switch {
		case !s.Status.Known:
			o.Tone, o.Word, o.Sentence = flow.Wait, say.T("已送到打印机"), say.T("这台打印机不报告结果，请看凭条有没有完整出来。")
		case s.Status.PaperLow:
			o.Next = say.T("打印纸快用完了，请告诉工作人员。")
		}
		return o
	case Failed:
		sentence, next := Words(s.Trouble)
		return Outcome{Tone: flow.Bad, Word: say.T("没有打印完"), Sentence: say.Sentences(sentence, s.saved()), Next: next,
			Again: s.Trouble != escpos.NoPrinter}
	}
	return Outcome{}
}

// Health says how a printer is that has just been asked: Finished holds its answer.
func Health(m Finished) Outcome {
	trouble := TroubleOf(m.Err)
	if trouble == escpos.None {
		trouble = m.Status.Trouble()
	}
	switch {
	case trouble == escpos.NoPrinter:
		return Outcome{Word: say.T("没有打印机"), Sentence: say.T("这台设备没有接打印机。")}
	case trouble != escpos.None:
		sentence, next := Words(trouble)
		return Outcome{Tone: flow.Bad, Word: say.T("不能打印"), Sentence: sentence, Next: next}
	case !m.Status.Known:
		return Outcome{Tone: flow.Wait, Word: say.T("状态未知"), Sentence: say.T("这台打印机不报告状态。"), Next: say.T("请打一张测试页看看。")}
	case m.Status.PaperLow:
		return Outcome{Tone: flow.Wait, Word: say.T("纸快用完"), Sentence: say.T("打印纸快用完了。"), Next: say.T("请准备换纸。")}
	}
	return Outcome{Tone: flow.Good, Word: say.T("正常"), Sentence: say.T("打印机正常，有纸。")}
}

// saved ends every sentence of trouble: nobody shall think that the ticket is gone.
func (s State) saved() say.Text {
	switch s.Last.Kind {
	case paper.Ticket, paper.HandOver:
		return say.T("票已保存，不会丢。")
	case paper.Test:
		return say.Text{}
	}
	return say.T("记录已保存，不会丢。")
}

// Words is one plain sentence about a trouble, and what to do.
func Words(t escpos.Trouble) (sentence, next say.Text) {
	switch t {
	case escpos.PaperOut:
		sentence, next = say.T("打印机缺纸，请工作人员换纸。"), say.T("换好以后按“再打一次”；没打完的那张请丢掉。")
	case escpos.CoverOpen:
		sentence, next = say.T("打印机的盖子开着，请工作人员盖好。"), say.T("盖好以后按“再打一次”。")
	case escpos.Offline:
		sentence, next = say.T("打印机没有就绪，请工作人员看一下打印机。"), say.T("灯正常以后按“再打一次”。")
	case escpos.Missing:
		sentence, next = say.T("找不到打印机，请工作人员检查电源和连线。"), say.T("接好以后按“再打一次”。")
	case escpos.Forbidden:
		sentence, next = say.T("这台设备没有使用打印机的权限，请管理员处理。"), say.T("在终端运行 sudo usermod -aG lp 用户名，然后重新登录。")
	case escpos.Taken:
		sentence, next = say.T("打印机正被别的程序占用，请工作人员看一下。"), say.T("关掉别的程序以后按“再打一次”。")
	case escpos.Unplugged:
		sentence, next = say.T("打印到一半，打印机断开了，请工作人员检查电源和连线。"), say.T("接好以后按“再打一次”；没打完的那张请丢掉。")
	case escpos.Stuck:
		sentence, next = say.T("打印机没有反应，请工作人员看一下纸和灯。"), say.T("把打印机关掉再打开，然后按“再打一次”；没打完的那张请丢掉。")
	case escpos.NoPrinter:
		sentence, next = say.T("这台设备没有接打印机。"), say.T("请用手机拍下屏幕，或者记下短码。")
	case escpos.NotDrawn:
		sentence, next = say.T("这张凭条画不出来，请管理员检查程序的字体。"), say.T("请用手机拍下屏幕，或者记下短码。")
	default:
		sentence, next = say.T("打印机出了故障，请工作人员看一下切刀和打印头。"), say.T("修好以后按“再打一次”。")
	}
	return sentence, next
}
