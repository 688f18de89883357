package claim

import (
	"yizhan/app/say"
	"yizhan/core/activity"
	"yizhan/core/fault"
)

// button says what can be done with the chosen pool now.
func (s State) button(a Activity) Button {
	if a.Newer {
		return Button{}
	}
	now := s.Now.UnixMilli()
	st := s.Standing(Place{a.ID, s.pool})
	verb := say.T("抢票")
	switch a.Spec.Method {
	case activity.ByDraw:
		verb = say.T("报名抽签")
	case activity.ByStaff:
		verb = say.T("报名")
	}
	switch {
	case !st.Kind.over():
		return Button{}
	case a.Claim.Before(now):
		return Button{Text: say.T("还没有开始")}
	case a.Ended(max(0, a.Pool(s.pool)), now):
		return Button{Text: say.T("报名已结束")}
	case !a.InHorizon(max(0, a.Pool(s.pool)), now):
		return Button{Text: say.T("这一天现在不能约")}
	case st.Kind == Refused && final(st.Code):
		return Button{Text: say.T("不能参加")}
	}
	if a.Spec.Method != activity.ByDraw && a.Spec.Method != activity.ByStaff && s.sold() {
		if a.Spec.WhenFull == activity.Waitlist {
			return Button{say.T("排候补"), true}
		}
		return Button{Text: say.T("已满")}
	}
	if st.Kind == Refused {
		return Button{say.T("再试一次"), true}
	}
	return Button{verb, true}
}

// final reports whether asking again cannot help.
func final(c fault.Code) bool {
	switch c {
	case fault.NotEligible, fault.UnknownMember, fault.UnknownActivity, fault.Barred, fault.WindowClosed, fault.DeviceRevoked, fault.NotAuthorised:
		return true
	}
	return false
}
