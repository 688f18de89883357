package kiosk

import (
	"strconv"
	"time"

	"yizhan/app/flow"
	"yizhan/app/flow/claim"
	"yizhan/app/flow/pickup"
	"yizhan/app/say"
	"yizhan/core/op"
	"yizhan/core/ticket"
)

// Words are an outcome in words.
type Words struct {
	Tone                 flow.Tone
	Word, Sentence, Next say.Text
}

// Outcome says what became of the claim, in one of three honest outcomes.
func (s State) Outcome() Words {
	c := s.Claim
	switch {
	case c.Unstored && c.Full:
		return Words{flow.Bad, say.T("没有提交"), say.T("本机存储空间满了，申请没有存下来，等于没有按。"), say.T("请找工作人员，或到其他机器办理。")}
	case c.Unstored:
		return Words{flow.Bad, say.T("没有提交"), say.T("申请没有存下来，等于没有按。"), say.T("请按“看看其他活动”再办一次；还不行请找工作人员。")}
	case !c.Stored:
		return Words{flow.Plain, say.T("正在提交"), say.T("正在存到本机，请稍等。"), say.Text{}}
	case s.Busy && c.Result.Outcome == op.Pending:
		return Words{flow.Plain, say.T("正在办理"), say.T("申请已存好，正在等服务器答复，请稍等。"), say.Text{}}
	case c.Result.Outcome == op.Pending && s.Online:
		return Words{flow.Wait, say.T("暂准待核"), say.T("申请已存好，服务器还没有答复。有没有名额，以确认结果为准。"), s.later()}
	case c.Result.Outcome == op.Pending:
		return Words{flow.Wait, say.T("暂准待核"), say.T("现在没有网络。申请已存在本机，联网后自动提交；有没有名额，以确认结果为准。"), s.later()}
	case c.Result.Outcome == op.Granted && c.Unconfirmed:
		return Words{flow.Wait, say.T("暂准待核"), say.T("%d 张，本机联网上报以后才有效。", c.Result.Seats), say.T("请保管好凭条或短码 %s，领取时会再核对。", ticket.Short(c.Result.Ticket))}
	}
	w := s.Browse.Explain(c.Place, c.Result)
	if c.Result.Outcome == op.Granted && !s.Prints { // whoever has no phone must be able to carry something away
		w.Next = say.Sentences(w.Next, say.T("请记下短码 %s。", ticket.Short(c.Result.Ticket)))
	}
	return Words{w.Tone, w.Word, w.Sentence, w.Next}
}

// Sure is the question before a claim; where none can be made, only what stands.
func (s State) Sure() say.Text {
	switch d := s.Browse.Detail(); {
	case d.Button.Enabled:
		return say.T("确认报名吗？")
	case d.Outcome.Tone == flow.Good || d.Outcome.Tone == flow.Wait:
		return say.T("您已经报过名")
	}
	return say.T("现在不能报名")
}

// later says how the visitor hears of the answer.
func (s State) later() say.Text {
	if s.Prints {
		return say.T("受理编号 %s。可以打印预约受理凭条；以后到任何一台机器的“我的票”里查结果。", s.Reference())
	}
	return say.T("请记下受理编号 %s，以后到任何一台机器的“我的票”里查结果。", s.Reference())
}

// Reference is by which staff find a claim that has no ticket yet.
func (s State) Reference() string {
	if s.Claim.Seq == 0 {
		return ""
	}
	return string(s.device) + "-" + strconv.FormatUint(s.Claim.Seq, 10)
}

// Name is how the screen calls the visitor.
func (s State) Name() say.Text {
	switch p := s.Person; {
	case p.Member == "":
		return say.Text{}
	case p.Name == "" && p.Org == "":
		return say.T("会员（已用会员码确认）")
	case p.Name == "":
		return say.T("会员 · %s", p.Org)
	default:
		return say.Join(" · ", say.Plain(p.Name), say.Plain(p.Phone), say.Plain(p.Org))
	}
}

// Featured are the activities that Home shows: those that can be had now or next.
func (s State) Featured(most int) []claim.Card {
	cards := s.Browse.Cards()
	return cards[:min(most, len(cards))]
}

// PhoneLeft is how long the code of NewPhone is still good.
func (s State) PhoneLeft() say.Text {
	left := time.UnixMilli(s.Phone.Expires).Sub(s.Now)
	if s.Phone.Invitation == "" || left <= 0 {
		return say.Text{}
	}
	return say.T("%d 分钟内有效，只能用一次", int((left+time.Minute-1)/time.Minute))
}

// Still is the state without what changes every second: where it differs, the page
// has to be drawn anew.
func (s State) Still() State {
	s.touched, s.Now, s.Browse.Now = time.Time{}, s.Now.Truncate(time.Minute), s.Now.Truncate(time.Minute)
	s.Left, s.Counter.Left = min(s.Left, 1), 0
	s.Find = s.Find.Still()
	return s
}

// Told is the outcome on the page, for its sound; Plain where there is none.
func (s State) Told() flow.Tone {
	if r := s.verdict(); r != nil {
		return r.Tone
	}
	if s.Page == Outcome {
		return s.Outcome().Tone
	}
	return flow.Plain
}

// Aloud is what is read out on a page: what it asks or says, and nothing about a person.
func (s State) Aloud() []say.Text {
	if !s.Trouble.Sentence.Empty() {
		return []say.Text{s.Trouble.Sentence, s.Trouble.Next}
	}
	if result := s.verdict(); result != nil {
		return []say.Text{result.Word, result.Sentence, result.Next}
	}
	switch s.Page {
	case Home:
		return []say.Text{say.T("有票或会员码，直接扫"), say.T("没有也能办：请按屏幕上的按钮")}
	case Activities:
		return []say.Text{say.T("请选一项活动")}
	case Detail:
		d := s.Browse.Detail()
		all := []say.Text{say.Plain(d.Title)}
		for _, f := range d.Facts {
			all = append(all, f.Label, f.Text)
		}
		return all
	case Who:
		if t := s.Who.Trouble; !t.Sentence.Empty() {
			return []say.Text{t.Sentence, t.Next}
		}
		w := s.Who.Words()
		return []say.Text{w.Ask, w.Note}
	case Sure:
		return []say.Text{s.Sure(), say.Plain(s.Browse.Detail().Title)}
	case Outcome:
		w := s.Outcome()
		return []say.Text{w.Word, w.Sentence, w.Next}
	case PickUp:
		return []say.Text{say.T("请扫描票面二维码")}
	case Door:
		return []say.Text{say.T("请扫描票面二维码或会员码")}
	case Which:
		return []say.Text{say.T("您要参加哪一场？")}
	case NewPhone:
		return []say.Text{say.T("2. 扫这个码，或输入下面的登记码")}
	case Stations:
		return s.Find.Aloud()
	case Help:
		return []say.Text{say.T("怎么用这台机器")}
	case Call:
		return []say.Text{say.T("请找站里的工作人员")}
	}
	return nil
}

// verdict is that of counter or door, while it is on screen.
func (s State) verdict() *pickup.Result {
	switch {
	case s.Counter.Page == pickup.Showing && (s.Page == Home || s.Page == PickUp):
		return &s.Counter.Result
	case s.Page == Door:
		return s.Verdict
	}
	return nil
}
