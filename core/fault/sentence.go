package fault

import "fmt"

// words is what people read: what happened, and what they can do now.
type words struct{ sentence, next string }

var codeWords = map[Code]words{
	SoldOut:         {"名额已经发完了。", "可以看看其他活动；有人退回时名额会重新开放。"},
	MemberCap:       {"您的限领数量已经用完。", "请到“我的票”查看已经领到的票。"},
	OrgCap:          {"您单位的名额已经用完。", "单位里有人退票后可以再试，详情请问单位工会。"},
	SeriesCap:       {"同一系列的活动您已经报过了。", "想换一场，请先退掉原来的那一场。"},
	NotEligible:     {"您不在这项活动的参加范围内。", "对范围有疑问，请联系所在单位工会。"},
	WindowNotOpen:   {"报名还没有开始。", "请在开始时间以后再来。"},
	WindowClosed:    {"报名已经结束。", "可以看看其他活动。"},
	OutsideHorizon:  {"这个日期现在不能预约。", "请换一个可以预约的日期。"},
	UnknownMember:   {"没有找到您的会员信息。", "请联系所在单位工会核对花名册。"},
	UnknownActivity: {"没有找到这项活动。", "请回到活动列表重新选择。"},
	Barred:          {"您目前被暂停申领。", "原因和期限请问所在单位工会。"},
	LeaseExhausted:  {"本机能发的名额已经发完。", "请等本机联网，或到其他站点办理。"},
	LeaseExpired:    {"本机的发放授权已经到期。", "请等本机联网，或到其他站点办理。"},
	DeviceRevoked:   {"这台设备已经停用。", "请找工作人员。"},
	NotAuthorised:   {"这台设备没有办理这件事的权限。", "请找工作人员。"},
	HeldElsewhere:   {"这个名额或这张票由另一个站点保管，现在联系不上那里。", "请稍后再试，或到保管它的站点办理。"},
	Invalid:         {"这次申请填写有误，没有受理。", "请返回重新填写；还不行请找工作人员。"},
}

var verdictWords = map[Verdict]words{
	Valid:                {"票有效，请按张数发放。", "发放后扫下一张。"},
	AlreadyRedeemed:      {"这张票已经领过了。", "本人没有领过，请找工作人员核对记录。"},
	Unknown:              {"没有查到这张票。", "请重新扫描票面的二维码；还不行请找工作人员。"},
	BadSignature:         {"二维码被改动过或已损坏。", "请在手机上打开原票，调亮屏幕再扫。"},
	Revoked:              {"这张票已经作废。", "请到“我的票”查看新票，或找工作人员。"},
	Cancelled:            {"这张票已经退掉了。", "需要的话请重新报名。"},
	TooEarly:             {"还没有到领取时间。", "请按票上写的时间再来。"},
	TooLate:              {"领取时间已经过了。", "请找工作人员说明情况。"},
	WrongStation:         {"这张票不在本站领取。", "请到票上写的站点领取。"},
	WrongActivity:        {"这张票不是这项活动的。", "请核对活动名称，换对的票再扫。"},
	NotApproved:          {"这张票还没有核准。", "请等通知；状态在“我的票”里查看。"},
	Blocked:              {"这张票被暂停使用。", "请找工作人员。"},
	ReEntryRefused:       {"已经入场，不能再次入场。", "请找工作人员。"},
	AnswersRequired:      {"还有必填的信息没有填。", "请先在手机上填完再扫。"},
	Ambiguous:            {"查到不止一张票。", "请扫票面的二维码，不要用短码。"},
	Provisional:          {"这张票要联网核对后才能发放。", "请等网络恢复后再扫，或请主管处理。"},
	ClockDoubt:           {"本机的时间可能不准，不能判断是否在领取时间内。", "请工作人员核对本机时间。"},
	VerdictDeviceRevoked: {"这台设备已经停用，不能发放。", "请到其他窗口，并告诉工作人员。"},
}

var kindWords = map[Kind]words{
	Busy:            {"现在人太多，正在排队。", "不用重复按，系统会自动再试。"},
	BadFrame:        {"和服务器之间的数据出错了。", "系统会自动重连；一直这样请更新程序。"},
	TooLarge:        {"要发送的内容太大。", "请减少内容后再试。"},
	Version:         {"程序版本和服务器不配套。", "请更新程序；已经登记的内容不会丢。"},
	Unauthenticated: {"服务器不认识这台设备。", "请找工作人员重新登记这台设备。"},
	CodeUsed:        {"这个登记码已经用过了。", "请向工作人员要一个新的登记码。"},
	CodeUnknown:     {"登记码不对，或者已经过期。", "请核对后重新输入，或要一个新的登记码。"},
	Gap:             {"有几条记录要重新上传。", "系统会自动补传，不用操作。"},
	Fork:            {"这台设备的记录和服务器对不上，已经停止办理。", "请找工作人员；本机的记录都还在。"},
	RevokedDevice:   {"这台设备已经停用。", "请找工作人员。"},
	Internal:        {"服务器出了问题，这件事还没有办成。", "系统会自动再试；一直这样请找工作人员。"},
	StorageFull:     {"存储空间满了，新的记录存不下。", "请找工作人员清理空间，在那之前不要发放。"},
	ShuttingDown:    {"服务器正在重启。", "系统会自动重连，请稍等。"},
	Frozen:          {"服务器刚从备份恢复，正在核对名额，暂时不能办理。", "已经登记的都保存在本机，恢复后会自动办理，不用重复按。"},
	WrongServer:     {"连到的不是发登记码的那台服务器，登记码没有交出去。", "请核对服务器地址和网络；还不行请找工作人员。"},
	Stranger:        {"本机是在备份之后登记的，恢复后的服务器不认识它。", "请工作人员用新的登记码重新登记，本机的记录都还在。"},
	WrongDeployment: {"这台设备登记在别的工会的服务器上。", "请核对服务器地址，或找工作人员重新登记。"},
}

// Sentence says in plain Chinese what happened; empty for None.
func (c Code) Sentence() string { return read(codeWords, c).sentence }

// Next says in plain Chinese what the person can do now; empty for None.
func (c Code) Next() string { return read(codeWords, c).next }

// Sentence says in plain Chinese what the scan found; empty for NoVerdict.
func (v Verdict) Sentence() string { return read(verdictWords, v).sentence }

// Next says in plain Chinese what to do now; empty for NoVerdict.
func (v Verdict) Next() string { return read(verdictWords, v).next }

// Sentence says in plain Chinese what went wrong; empty for NoFault.
func (k Kind) Sentence() string { return read(kindWords, k).sentence }

// Next says in plain Chinese what to do now; empty for NoFault.
func (k Kind) Next() string { return read(kindWords, k).next }

// UnknownWords is the sentence of a number from a newer server, which is its argument.
const UnknownWords = "这个版本的程序看不懂这个结果（编号 %d）。"

func read[K ~uint8](table map[K]words, k K) words {
	if w, ok := table[k]; ok || k == 0 {
		return w
	}
	// From a newer server: the number is all that this version knows about it.
	return words{fmt.Sprintf(UnknownWords, k), "请更新程序，或找工作人员。"}
}
