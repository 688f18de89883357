package roster

import (
	"regexp"
	"strings"
	"time"
)

// Papers that identify a member, as 证件类型 names them.
const (
	Resident         = "居民身份证"
	HongKongMacao    = "港澳居民来往内地通行证"
	Taiwan           = "台湾居民来往大陆通行证"
	ResidencePermit  = "港澳台居民居住证"
	Passport         = "护照"
	ForeignPermanent = "外国人永久居留身份证"
)

// paperWords finds a paper by a word in what the user wrote, in this order.
var paperWords = []struct{ word, paper string }{
	{"永久居留", ForeignPermanent}, {"永居", ForeignPermanent},
	{"居住证", ResidencePermit},
	{"台胞证", Taiwan}, {"台湾", Taiwan},
	{"港澳", HongKongMacao}, {"回乡证", HongKongMacao}, {"香港", HongKongMacao}, {"澳门", HongKongMacao},
	{"护照", Passport},
	{"身份证", Resident}, {"户口", Resident},
}

// paperShapes is the light check of numbers without a check digit.
var paperShapes = map[string]*regexp.Regexp{
	HongKongMacao:    regexp.MustCompile(`^[HM](\d{8}|\d{10})$`),
	Taiwan:           regexp.MustCompile(`^(\d{8}|\d{10}[A-Z]?)$`),
	Passport:         regexp.MustCompile(`^[A-Z0-9]*\d[A-Z0-9]*$`),
	ForeignPermanent: regexp.MustCompile(`^[A-Z]{3}\d{12}$`),
}

// provinces are the first two digits that exist; 99 is only the demo city's.
const provinces = " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91 "

var (
	eighteen   = regexp.MustCompile(`^\d{17}[\dX]$`)
	scientific = regexp.MustCompile(`^\d(\.\d+)?[Ee]\+?\d+$`)
	mobile     = regexp.MustCompile(`^1[3-9]\d{9}$`)
	demoMobile = regexp.MustCompile(`^100\d{8}$`)
)

const fixColumn = ";请先把整列设成“文本”格式,再重新录入号码"

// paper is what a valid number says about its holder.
type paper struct {
	kind, number string
	sex, birth   string // "" where the paper does not say
	doubtful     bool   // ends in 000 as a spoiled number does, yet the check digit is right
}

// flaw is why a number is refused.
type flaw struct {
	kind   Kind
	reason string
}

// readPaper checks an ID number of the given 证件类型 ("" is guessed from the number).
func readPaper(kind string, c cell, o Options) (paper, *flaw) {
	n := strings.ToUpper(compact(fold(c.text)))
	p := paper{kind: kind, number: n}
	switch {
	case scientific.MatchString(n):
		return p, &flaw{SpoiledID, "号码变成了 4.40E+17 这样的科学计数法,后几位已经丢失" + fixColumn}
	case c.number && len(strings.TrimSuffix(n, ".0")) > 15:
		return p, &flaw{SpoiledID, "单元格是数字格式,Excel 只保留前 15 位,后面变成 000" + fixColumn}
	case eighteen.MatchString(n):
		return p.readEighteen(o)
	case kind == "" || kind == Resident || kind == ResidencePermit:
		switch {
		case len(n) == 15 && strings.Trim(n, "0123456789") == "":
			return p, &flaw{Malformed, "这是 15 位的旧号码;请填 18 位号码"}
		case kind == "" && strings.Trim(n, "0123456789X") != "":
			return p, &flaw{Missing, "证件类型没有填,号码又不是身份证号码;请填写证件类型"}
		}
		return p, &flaw{Malformed, "证件号码应为 18 位(17 位数字加 1 位数字或 X)"}
	}
	if len(n) < 5 || len(n) > 18 || !paperShapes[kind].MatchString(n) {
		return p, &flaw{Malformed, "号码不像" + kind + "的号码;请核对号码和证件类型"}
	}
	return p, nil
}

// readEighteen checks the numbers that share the form of GB 11643: the resident
// ID, the residence permit (81, 82, 83) and the new foreign permanent one (9…).
func (p paper) readEighteen(o Options) (paper, *flaw) {
	n, demo := p.number, strings.HasPrefix(p.number, "999")
	right := IDCheckDigit(n[:17]) == n[17]
	spoiled := strings.HasSuffix(n, "000")
	switch {
	case spoiled && !right:
		return p, &flaw{SpoiledID, "末三位是 000:Excel 只保留了前 15 位" + fixColumn}
	case p.kind == Taiwan || p.kind == HongKongMacao:
		return p, &flaw{Mismatch, "证件类型写的是" + p.kind + ",号码却是 18 位;请核对证件类型"}
	case p.kind == Passport:
		return p, nil // a passport number may be 18 digits: nothing more is known of it
	case demo && !o.Demo:
		return p, &flaw{Malformed, "地区代码 999 是演示用的号码,不能正式导入"}
	case !demo && p.kind != ForeignPermanent && !strings.Contains(provinces, " "+n[:2]+" "):
		return p, &flaw{Malformed, "号码开头的地区代码不存在;请核对"}
	}
	birth, err := time.Parse("20060102", n[6:14])
	switch {
	case err != nil || birth.Year() < 1900:
		return p, &flaw{Malformed, "号码里的出生日期不存在;请核对第 7 至 14 位"}
	case birth.AddDate(16, 0, 0).After(o.Today) || birth.AddDate(110, 0, 0).Before(o.Today):
		return p, &flaw{Malformed, "号码里的出生日期不合理(不满 16 岁或超过 110 岁);请核对第 7 至 14 位"}
	case !right:
		return p, &flaw{CheckDigit, "校验码不对,号码里至少有一位写错了;请对照证件核对"}
	}
	p.birth, p.sex, p.doubtful = birth.Format(time.DateOnly), "F", spoiled
	if (n[16]-'0')%2 == 1 {
		p.sex = "M"
	}
	switch region := n[:2]; {
	case region == "81" || region == "82" || region == "83":
		p.kind = ResidencePermit
	case p.kind == "":
		p.kind = Resident
	}
	return p, nil
}

// IDCheckDigit gives the 18th character for 17 digits (GB 11643, ISO 7064 MOD 11-2).
func IDCheckDigit(digits string) byte {
	sum := 0
	for i := range 17 {
		sum += int(digits[i]-'0') * (1 << (17 - i) % 11)
	}
	return "10X98765432"[sum%11]
}

const orgAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// OrgCheckLetter gives the 18th character of a 统一社会信用代码 for the first 17
// (GB 32100, MOD 31), or 0 if one of them is not in its alphabet.
func OrgCheckLetter(first string) byte {
	sum, weight := 0, 1
	for i := range 17 {
		v := strings.IndexByte(orgAlphabet, first[i])
		if v < 0 {
			return 0
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	return orgAlphabet[(31-sum%31)%31]
}

// ValidOrgCode reports whether s is a whole 统一社会信用代码.
func ValidOrgCode(s string) bool { return len(s) == 18 && OrgCheckLetter(s) == s[17] }

func orgCode(s string) string { return strings.ToUpper(compact(fold(s))) }

// readPhone gives the number in E.164, or why it is none.
func readPhone(s string, demo bool) (string, string) {
	n := plainNumber(compact(fold(s)))
	n = strings.ReplaceAll(strings.ReplaceAll(n, "(", ""), ")", "")
	for _, prefix := range []string{"+86", "0086", "86"} {
		if rest, ok := strings.CutPrefix(n, prefix); ok && len(rest) == 11 {
			n = rest
			break
		}
	}
	switch {
	case mobile.MatchString(n), demo && demoMobile.MatchString(n):
		return "+86" + n, ""
	case demoMobile.MatchString(n):
		return "", "100 开头的是演示用的号码,不能正式导入"
	case strings.ContainsAny(n, "/,;、,;") || len(n) >= 22:
		return "", "一格里只能填一个手机号码"
	case scientific.MatchString(n):
		return "", "号码变成了科学计数法" + fixColumn
	}
	return "", "手机号码应为 1 开头的 11 位数字"
}
