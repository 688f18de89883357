package roster

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Worksheets that Excel, WPS and the libraries write use a small part of XML: tags,
// attributes in quotes, five entities. scanner reads that part five times as fast as
// encoding/xml, which a park's 60 MB need; of whatever goes beyond it, valid or not, it
// reads nothing, and encoding/xml has its say.

// scanner is where in the XML it stands.
type scanner struct {
	data  []byte
	tag   []byte // between < and >, without a / at its end
	empty bool   // the tag ends itself
}

// plainXML reports whether the text holds nothing that only a whole parser may judge:
// control characters, line ends that are normalised, characters that XML forbids,
// comments, CDATA, declarations.
func plainXML(data []byte) bool {
	for _, b := range data {
		if b < ' ' && b != '\n' && b != '\t' {
			return false
		}
	}
	if head, rest, ok := bytes.Cut(data, []byte("?>")); ok && bytes.HasPrefix(head, []byte("<?xml ")) {
		if e := bytes.Index(head, []byte("encoding=")); e >= 0 && !strings.HasPrefix(strings.ToUpper(string(head[e+len("encoding="):])[1:]), "UTF-8") {
			return false
		}
		data = rest
	}
	for _, odd := range []string{"<!", "<?", "]]>", "\uFFFE", "\uFFFF"} {
		if bytes.Contains(data, []byte(odd)) {
			return false
		}
	}
	return utf8.Valid(data)
}

// next gives the text before the next tag and reads the tag; at the end it is nil.
func (x *scanner) next() (text []byte, ok bool) {
	from := bytes.IndexByte(x.data, '<')
	if from < 0 {
		text, x.data, x.tag = x.data, nil, nil
		return text, true
	}
	text = x.data[:from]
	end := bytes.IndexByte(x.data[from:], '>')
	if end < 2 {
		return nil, false
	}
	x.tag, x.data = x.data[from+1:from+end], x.data[from+end+1:]
	if x.empty = x.tag[len(x.tag)-1] == '/'; x.empty {
		x.tag = x.tag[:len(x.tag)-1]
	}
	return text, len(x.tag) > 0
}

// name gives the name of the tag without its prefix, and what stands behind it.
func (x *scanner) name() (local string, rest []byte, ok bool) {
	tag := x.tag
	if tag[0] == '/' {
		tag = tag[1:]
	}
	n := word(tag)
	local = string(tag[:n])
	if i := strings.IndexByte(local, ':'); i >= 0 {
		local = local[i+1:]
	}
	return local, tag[n:], n > 0 && local != "" && !strings.Contains(local, ":")
}

// word is how long the name is that b begins with.
func word(b []byte) (n int) {
	for n < len(b) {
		c := b[n]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (n == 0 || c != ':' && c != '.' && c != '-' && (c < '0' || c > '9')) {
			break
		}
		n++
	}
	return n
}

// attributes calls fn for each attribute; ok is false where they are not plain.
func attributes(b []byte, fn func(name, value []byte)) (ok bool) {
	for {
		trimmed := bytes.TrimLeft(b, " \n\t")
		if len(trimmed) == 0 {
			return true
		}
		n := word(trimmed)
		if len(trimmed) == len(b) || n == 0 || len(trimmed) < n+3 || trimmed[n] != '=' || trimmed[n+1] != '"' && trimmed[n+1] != '\'' {
			return false
		}
		end := bytes.IndexByte(trimmed[n+2:], trimmed[n+1])
		if end < 0 || bytes.ContainsAny(trimmed[n+2:n+2+end], "&<") {
			return false
		}
		fn(trimmed[:n], trimmed[n+2:n+2+end])
		b = trimmed[n+2+end+1:]
	}
}

// entities are those that every writer uses.
var entities = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

// unquote appends text without its entities.
func unquote(to, text []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return append(to, text...), true
		}
		to = append(to, text[:i]...)
		end := bytes.IndexByte(text[i:], ';')
		if end < 0 {
			return to, false
		}
		c, ok := entities[string(text[i+1:i+end])]
		if !ok {
			return to, false
		}
		to, text = append(to, c), text[i+end+1:]
	}
}

// scanCells is readCells for plain XML; done is false where it is not, and the sheet
// may then hold a part of it.
func (s *sheet) scanCells(data []byte, shared []string) (done bool, err error) {
	if !plainXML(data) {
		return false, nil
	}
	if bytes.HasPrefix(data, []byte("<?xml ")) {
		_, data, _ = bytes.Cut(data, []byte("?>"))
	}
	p, x := cellParser{sheet: s, shared: shared}, scanner{data: data}
	for {
		text, ok := x.next()
		if ok && (p.inValue && !p.phonetic || bytes.IndexByte(text, '&') >= 0) {
			p.value, ok = unquote(p.value, text)
			if !p.inValue || p.phonetic {
				ok = false // an entity outside of values is nothing that anybody writes
			}
		}
		if !ok || x.tag == nil {
			return ok, nil
		}
		local, rest, ok := x.name()
		closing := x.tag[0] == '/'
		if !ok || closing && (len(rest) > 0 || x.empty) {
			return false, nil
		}
		if !closing {
			var a attrs
			if !attributes(rest, a.take) {
				return false, nil
			}
			err = p.start(local, a)
		}
		if err == nil && (closing || x.empty) {
			err = p.end(local)
		}
		if err != nil {
			return true, err
		}
	}
}
