package config

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// span is a run of bytes of the file.
type span struct{ from, to int }

// step is one step of a key's path: a name, or the index of an element.
type step struct {
	name  string
	elem  bool // it is an element, and has an index and no name
	index int
}

// entry is a key, a table's header or an array's element: where it stands.
type entry struct {
	steps []step
	path  string // as people write it: pad[0].baud
	key   span
	value span // the same as key for a header
	expr  span // the whole expression that it is part of
	kind  unstable.Kind
	data  string // of a scalar
}

// document is where everything stands in a file, in order.
type document struct {
	text    []byte
	entries []entry
	byPath  map[string]int
	tables  map[string]int // elements of each [[table]] so far
	broken  *problem       // the file is no TOML from there on
}

// index walks the file. Positions come from go-toml's own parser, so that what
// is shown is what was read.
func index(text []byte) *document {
	d := &document{text: text, byPath: map[string]int{}, tables: map[string]int{}}
	var p unstable.Parser
	p.Reset(text)
	var under []step
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			under = d.header(e)
		case unstable.KeyValue:
			d.keyValue(under, e, span{})
		}
	}
	d.syntax(p.Error())
	return d
}

// header adds a [table] or [[table]] and returns the path of what follows it.
func (d *document) header(e *unstable.Node) []step {
	names, key := d.keyOf(e)
	steps := d.resolve(names, e.Kind == unstable.ArrayTable)
	if e.Kind == unstable.ArrayTable {
		path := pathOf(steps)
		steps = append(steps, step{elem: true, index: d.tables[path]})
		d.tables[path]++
	}
	d.add(entry{steps: steps, key: key, value: key, expr: d.lines(key), kind: e.Kind})
	return steps
}

// resolve puts the index of the newest element after every name that is a
// [[table]]; not after the last if that is one itself.
func (d *document) resolve(names []string, arrayTable bool) []step {
	var steps []step
	for i, name := range names {
		steps = append(steps, step{name: name})
		if n := d.tables[pathOf(steps)]; n > 0 && !(arrayTable && i == len(names)-1) {
			steps = append(steps, step{elem: true, index: n - 1})
		}
	}
	return steps
}

// keyValue adds key = value, and what is inside the value. outer is the
// expression that it is inside of; none for one at the top.
func (d *document) keyValue(under []step, e *unstable.Node, outer span) {
	names, key := d.keyOf(e)
	steps := under
	for _, name := range names {
		steps = with(steps, step{name: name})
	}
	end := int(e.Raw.Offset + e.Raw.Length)
	value := span{d.skip(key.to), end}
	if outer == (span{}) {
		outer = span{key.from, end}
	}
	d.value(entry{steps: steps, key: key, value: value, expr: outer}, e.Value())
}

func (d *document) value(e entry, node *unstable.Node) {
	e.kind, e.data = node.Kind, string(node.Data)
	d.add(e)
	i := 0
	for it := node.Children(); it.Next(); i++ {
		child := it.Node()
		switch node.Kind {
		case unstable.InlineTable:
			d.keyValue(e.steps, child, e.expr)
		case unstable.Array:
			at := e
			at.steps = with(e.steps, step{elem: true, index: i})
			if child.Raw.Length > 0 {
				at.value = span{int(child.Raw.Offset), int(child.Raw.Offset + child.Raw.Length)}
			}
			at.key = at.value
			d.value(at, child)
		}
	}
}

func (d *document) add(e entry) {
	e.path = pathOf(e.steps)
	d.entries = append(d.entries, e)
	d.byPath[e.path] = len(d.entries) - 1
}

// has says whether the file gives a value.
func (d *document) has(path string) bool {
	_, ok := d.byPath[path]
	return ok
}

// keyOf tells a key's parts and where they stand.
func (d *document) keyOf(e *unstable.Node) (names []string, at span) {
	for it := e.Key(); it.Next(); {
		n := it.Node()
		names = append(names, string(n.Data))
		if len(names) == 1 {
			at.from = int(n.Raw.Offset)
		}
		at.to = int(n.Raw.Offset + n.Raw.Length)
	}
	return names, at
}

// skip finds the value after a key: past blanks and the equals sign.
func (d *document) skip(from int) int {
	for from < len(d.text) && strings.IndexByte(" \t=", d.text[from]) >= 0 {
		from++
	}
	return from
}

// lines widens a span to whole lines.
func (d *document) lines(s span) span {
	s.from = bytes.LastIndexByte(d.text[:s.from], '\n') + 1
	if n := bytes.IndexByte(d.text[s.to:], '\n'); n >= 0 {
		s.to += n
	} else {
		s.to = len(d.text)
	}
	return s
}

// syntax notes where the file stops being TOML, and cuts it off there: what
// comes before can still be checked.
func (d *document) syntax(err error) {
	var bad *unstable.ParserError
	if !errors.As(err, &bad) {
		return
	}
	from := min(max(cap(d.text)-cap(bad.Highlight), 0), len(d.text))
	p := d.problem(span{from, min(from+len(bad.Highlight), len(d.text))})
	p.say, p.hint = strings.TrimPrefix(bad.Error(), "toml: "), syntaxHint(bad.Message)+"; what follows was not checked"
	d.broken = &p
	end := 0
	for _, e := range d.entries {
		end = max(end, d.lines(e.expr).to+1)
	}
	d.text = d.text[:min(end, len(d.text))]
}

func syntaxHint(message string) string {
	switch {
	case strings.Contains(message, "start of value"), strings.Contains(message, "quoted"):
		return `write text in quotes: key = "value"`
	case strings.Contains(message, "escape"):
		return `write patterns in single quotes: '\d{14}'`
	}
	return `write key = value, one on a line, text in quotes`
}

// blank writes spaces over expressions, so that the rest can be decoded.
func (d *document) blank(bad []span) []byte {
	text := bytes.Clone(d.text)
	for _, s := range bad {
		for i := s.from; i < s.to; i++ {
			if text[i] != '\n' {
				text[i] = ' '
			}
		}
	}
	return text
}

// with appends without sharing the slice's end.
func with(steps []step, s step) []step {
	return append(steps[:len(steps):len(steps)], s)
}

var bare = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func pathOf(steps []step) string {
	var b strings.Builder
	for i, s := range steps {
		if s.elem {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		if bare.MatchString(s.name) {
			b.WriteString(s.name)
		} else {
			b.WriteString(strconv.Quote(s.name))
		}
	}
	return b.String()
}
