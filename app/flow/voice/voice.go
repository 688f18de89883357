// Package voice lists what the app can read out where no speech synthesizer is
// installed: `make voice` makes a sound of each phrase at build time.
package voice

import (
	"yizhan/app/flow"
	"yizhan/app/say"
	"yizhan/core/fault"
)

// Phrases are what core/fault can say about a claim or a scan, and the prompts of
// the pages. Other texts are read by the synthesizer of the machine, if it has one.
func Phrases() []say.Text {
	all := []say.Text{
		// at the counter
		say.T("请扫描票面二维码"), say.T("正在核对"), say.T("请稍等"), say.T("可以发放"), say.T("不能发放"), say.T("暂缓发放"),
		say.T("图片里没有找到二维码。"), say.T("未能保存，请勿发放。"), say.T("刚才的发放已经撤销，票还可以领。"),
		// at a kiosk
		say.T("有票或会员码，直接扫"), say.T("没有也能办：请按屏幕上的按钮"), say.T("请选一项活动"), say.T("请把手机上的会员码对准扫码口"),
		say.T("请按姓名的拼音首字母"), say.T("请按手机号的最后四位"), say.T("这是您吗？"), say.T("请工作人员核对本人，再扫工作人员码"), say.T("确认报名吗？"),
		say.T("暂准待核"), say.T("请扫描票面二维码或会员码"), say.T("请进"), say.T("不能进场"), say.T("请找站里的工作人员"),
		// about a claim
		say.T("未通过"),
		// on every page
		say.T("返回"), say.T("继续"), say.T("找工作人员"), say.T("完成并清除"), say.T("离线"), say.T("还没有同步过数据"),
	}
	for c := range fault.Code(200) {
		all = append(all, of(c)...)
	}
	for v := range fault.Verdict(200) {
		all = append(all, of(v)...)
	}
	seen, phrases := map[string]bool{}, []say.Text(nil)
	for _, t := range all {
		if text := t.String(); !t.Empty() && !seen[text] {
			seen[text] = true
			phrases = append(phrases, t)
		}
	}
	return phrases
}

// of is what this version knows to say about a code or a verdict.
func of[K flow.Told](k K) []say.Text {
	if flow.Known(k) {
		return []say.Text{flow.Sentence(k), flow.Next(k)}
	}
	return nil
}
