package roster

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"time"
	"unicode"

	"yizhan/core/id"
)

// fold makes full-width letters, digits and signs half-width, every kind of
// space a plain one, drops invisible characters, and trims. Text that Excel was
// forced to keep as text (a leading ' or ="…") loses that wrapping.
func fold(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] > ' ' && s[i] < 0x7f && s[i] != '\'' && s[i] != '='
	}
	if plain {
		return s
	}
	s = strings.TrimSpace(strings.Map(foldRune, s))
	s = strings.TrimPrefix(s, "'")
	if inner, ok := strings.CutPrefix(s, `="`); ok && strings.HasSuffix(inner, `"`) {
		s = strings.TrimSuffix(inner, `"`)
	}
	return strings.TrimSpace(s)
}

func foldRune(r rune) rune {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		return r - 0xFEE0
	case r == 0x200B || r == 0x200C || r == 0x200D || r == 0xFEFF || r == 0x200E || r == 0x200F || r == 0x202C || r == 0x202D:
		return -1
	case r == '•' || r == '‧' || r == '∙' || r == '・' || r == '･' || r == '⋅' || r == '●':
		return '·'
	case unicode.IsSpace(r) || r == 0x3000:
		return ' '
	case unicode.IsControl(r):
		return -1
	}
	return r
}

// Key is the form of a name in which names are compared: "云鹭市 总工会(本级)"
// and "云鹭市总工会(本级)" are the same organisation.
func Key(name string) string {
	return strings.ToUpper(strings.ReplaceAll(fold(name), " ", ""))
}

// OrgID gives the id of an organisation: its 统一社会信用代码 where it has a
// valid one, and otherwise "o" with 24 characters of Base32 over a hash of the
// name. The parent is left out of the hash: an organisation that moves keeps
// its id (docs/decisions/0003-roster-ids.md).
func OrgID(name, code string) id.Org {
	if code = orgCode(code); ValidOrgCode(code) {
		return id.Org(code)
	}
	sum := sha256.Sum256([]byte("yizhan/org\x00" + Key(name)))
	return id.Org("o" + id.Alphabet.EncodeToString(sum[:15]))
}

// compact drops all spaces and dashes, as people write them into numbers.
func compact(s string) string {
	if !strings.ContainsAny(s, " -–—−") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -–—−", r) {
			return -1
		}
		return r
	}, s)
}

// personName removes the spaces that align two-character names, and makes every
// dot between Chinese characters the middle dot.
func personName(s string) string {
	rs := []rune(fold(s))
	var b strings.Builder
	for i, r := range rs {
		hanBefore := i > 0 && (unicode.Is(unicode.Han, rs[i-1]) || rs[i-1] == '·' || rs[i-1] == ' ')
		hanAfter := i+1 < len(rs) && (unicode.Is(unicode.Han, rs[i+1]) || rs[i+1] == '·' || rs[i+1] == ' ')
		switch {
		case r == ' ' && hanBefore && hanAfter:
		case r == '.' && hanBefore && hanAfter:
			b.WriteRune('·')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// checkName accepts names of every people: letters and characters of any
// script, middle dot, space, apostrophe, hyphen. It gives "" or a reason.
func checkName(s string) string {
	n := 0
	for _, r := range s {
		switch {
		case r == unicode.ReplacementChar || r == '?' || r == '□':
			return "姓名里有乱码(生僻字没有存下来);请重新录入这个字"
		case unicode.IsLetter(r) || unicode.Is(unicode.Co, r):
			n++ // private-use code points are rare characters of older systems
		case unicode.IsMark(r) || r == '·' || r == ' ' || r == '\'' || r == '-' || r == '.' || r == '〇' || r == '’':
		default:
			return "姓名里有数字或符号;只写姓名本身"
		}
	}
	switch {
	case n < 2:
		return "姓名不到两个字"
	case n > 50:
		return "姓名太长;这一格里可能写了别的内容"
	}
	return ""
}

var dateSigns = strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-", ".", "-", "T", " ", "号", "")

// parseDate reads a date as people and Excel write it: text in many forms, or a
// serial number counted from 1899-12-30 (1904-01-01 in old Mac files).
func parseDate(s string, from1904 bool) (string, bool) {
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 3000 && f < 80000 { // below are years, above 201603 and 20160308
		if from1904 {
			f += 1462
		}
		return time.Date(1899, 12, 30+int(f), 0, 0, 0, 0, time.UTC).Format(time.DateOnly), true
	}
	s = dateSigns.Replace(s)
	s, _, _ = strings.Cut(s, " ")
	s = strings.Trim(s, "-")
	for _, layout := range []string{"2006-1-2", "20060102", "2006-1", "200601", "2006"} {
		if d, err := time.Parse(layout, s); err == nil && d.Year() >= 1900 && d.Year() < 2100 {
			return d.Format(time.DateOnly), true
		}
	}
	return "", false
}

// plainNumber undoes how spreadsheets write short whole numbers: 1.38E10, 138.0.
func plainNumber(s string) string {
	s = strings.TrimSuffix(s, ".0")
	if !strings.ContainsAny(s, "eE") {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f >= 1e15 || f != float64(int64(f)) {
		return s
	}
	return strconv.FormatInt(int64(f), 10)
}

// columnLetters gives the letters of a 1-based column: 1 is A, 27 is AA.
func columnLetters(n int) string {
	s := ""
	for ; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}
