package roster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// noteWords begin rows that are remarks below or between the data.
var noteWords = []string{"注:", "注意", "备注", "说明", "填表", "填报", "制表", "审核", "合计", "总计", "小计", "共计", "日期:", "单位(盖章)", "经办", "联系人:", "例", "示例", "样例"}

// data gives the rows below the header that are data. keys are the columns of
// which a data row has at least one; remarks are noted, rows in merged cells are
// reported, and both are left out.
func (c *check) data(s *sheet, keys ...string) []record {
	var out []record
	merged := s.mergedRows(s.kind.columns)
	for _, row := range s.rows {
		if row.n <= s.head.last {
			continue
		}
		r := record{check: c, sheet: s, row: row}
		if r.isNote(keys) {
			c.Notes = append(c.Notes, Note{s.name, row.n})
			continue
		}
		if m, ok := merged[row.n]; ok {
			r.bad(m.column, Merged, "这里是合并单元格("+m.ref+"),看不出每一行的内容;请取消合并,每一行都填写")
			continue
		}
		out = append(out, r)
	}
	return out
}

// isNote tells remarks, totals, sample rows and repeated headers from data.
func (r record) isNote(keys []string) bool {
	filled, first := 0, ""
	for i, x := range r.row.cells {
		if i < len(r.sheet.head.titles) && r.sheet.head.titles[i] == reasonTitle {
			continue
		}
		if t := fold(x.text); t != "" {
			filled++
			first = cmp.Or(first, t)
		}
	}
	keyed, repeated := 0, 0
	for _, k := range keys {
		switch t := r.text(k); t {
		case "":
		case fold(r.sheet.head.titles[r.sheet.head.columns[k]]), k:
			repeated++
		default:
			keyed++
		}
	}
	if repeated > 0 && keyed == 0 || filled == 0 {
		return true
	}
	word := slices.ContainsFunc(noteWords, func(w string) bool { return strings.HasPrefix(first, w) })
	switch {
	case strings.HasPrefix(first, "例"), strings.HasPrefix(first, "示例"), strings.HasPrefix(first, "样例"):
		return true
	case keyed == 0:
		return word || filled <= 2
	}
	return word && (filled <= 2 || strings.Contains(first, ":")) || keyed == 1 && filled <= 2 && utf8.RuneCountInString(first) > 15
}

type mergedAt struct{ column, ref string }

// mergedRows finds the data rows that are part of a merged range over a column
// that is read. Serial numbers and remarks may be merged: nothing depends on them.
func (s *sheet) mergedRows(columns []column) map[int]mergedAt {
	rows := map[int]mergedAt{}
	for _, m := range s.merges {
		if m.bottom <= s.head.last {
			continue
		}
		column := ""
		for _, c := range columns {
			i, ok := s.head.columns[c.names[0]]
			if ok && i+1 >= m.left && i+1 <= m.right && c.names[0] != "序号" && c.names[0] != "备注" {
				column = c.names[0]
				break
			}
		}
		if column == "" {
			continue
		}
		from, _ := slices.BinarySearchFunc(s.rows, max(m.top, s.head.last+1), func(r row, n int) int { return r.n - n })
		for _, r := range s.rows[from:] {
			if r.n > m.bottom {
				break
			}
			if _, ok := rows[r.n]; !ok {
				rows[r.n] = mergedAt{column, columnLetters(m.left) + strconv.Itoa(m.top) + ":" + columnLetters(m.right) + strconv.Itoa(m.bottom)}
			}
		}
	}
	return rows
}
