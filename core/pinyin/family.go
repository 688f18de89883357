package pinyin

import "strings"

// families are the family names whose usual readings are not the usual readings of
// their characters, or are more than one: "单 shan", "尉迟 yu chi", "盖 ge/gai".
const families = `
单 shan
曾 zeng
解 xie
仇 qiu
区 ou
查 zha
任 ren
华 hua
盖 ge/gai
朴 piao
尉 wei
种 chong
重 chong
翟 zhai/di
乐 yue/le
覃 qin/tan
缪 miao
隗 wei/kui
员 yun
洗 xian
冼 xian
折 she
黑 he/hei
秘 bi
繁 po
葛 ge
纪 ji
宁 ning
应 ying
召 shao
祭 zhai
郇 xun/huan
郗 xi/chi
佴 nai
么 yao
能 nai
句 gou
过 guo
阙 que
会 gui
瞿 qu
牟 mu/mou
柏 bai/bo
薄 bo
卜 bu
蔚 yu/wei
谌 chen/shen
都 du
费 fei/bi
干 gan
观 guan
纥 ge
阚 kan
令 ling
逄 pang
逢 pang
撒 sa
莎 suo/sha
舍 she
相 xiang
省 xing
莘 shen/xin
宿 su
眭 sui
万 wan
燕 yan
叶 ye
於 yu
贾 jia
占 zhan
笮 ze
车 che
贲 ben/bi
番 pan/fan
俞 yu
强 qiang
冯 feng
沈 shen
行 xing/hang
盛 sheng
乜 nie
藏 zang
角 jue
难 ning/nan
曲 qu
长 chang
谷 gu
郄 qie/xi
系 xi
宓 mi/fu
钭 tou
寻 xun
奇 qi
镡 tan/chan
隽 juan/jun
朝 chao
藉 ji
颉 xie/jie
陆 lu
降 jiang
大 da
石 shi
拓跋 tuo ba
万俟 mo qi
尉迟 yu chi
长孙 zhang sun
令狐 ling hu
皇甫 huang fu
单于 chan yu
澹台 tan tai
鲜于 xian yu
淳于 chun yu
呼延 hu yan
司徒 si tu
司马 si ma
慕容 mu rong
欧阳 ou yang
上官 shang guan
诸葛 zhu ge
东方 dong fang
东郭 dong guo
独孤 du gu
南宫 nan gong
夏侯 xia hou
轩辕 xuan yuan
公孙 gong sun
公冶 gong ye
申屠 shen tu
太史 tai shi
端木 duan mu
百里 bai li
西门 xi men
钟离 zhong li
濮阳 pu yang
宗政 zong zheng
闻人 wen ren
赫连 he lian
仲孙 zhong sun
宇文 yu wen
第五 di wu
梁丘 liang qiu
左丘 zuo qiu
`

// family holds the readings of each character of a family name.
var family = func() map[string][][]string {
	all := map[string][][]string{}
	for line := range strings.Lines(strings.TrimSpace(families)) {
		fields := strings.Fields(line)
		var sounds [][]string
		for _, f := range fields[1:] {
			sounds = append(sounds, strings.Split(f, "/"))
		}
		all[fields[0]] = sounds
	}
	return all
}()

// familyOf gives the readings of the family name that a name begins with, one list
// for each of its characters; none where its readings are the usual ones. Two
// characters are a family name only where a given name follows.
func familyOf(name []rune) [][]string {
	for n := min(2, len(name)-1); n > 0; n-- {
		if readings, ok := family[string(name[:n])]; ok {
			return readings
		}
	}
	if len(name) == 1 { // the family name alone, as somebody begins to type it
		return family[string(name)]
	}
	return nil
}
