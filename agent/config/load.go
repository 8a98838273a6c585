package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxFile bounds what is read, in bytes: a configuration is a few kilobytes.
const maxFile = 256 << 10

// Load reads the file. An error of type *Errors tells everything that is wrong
// with it, each with file:line:column, the line, and what to write instead.
// Relative paths in the file are made to start from its directory.
func Load(path string) (Config, error) {
	text, err := read(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(path, text)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than %d KiB", path, maxFile>>10)
	}
	return text, err
}

// Parse is Load for text that is already here; path is where it belongs.
func Parse(path string, text []byte) (Config, error) {
	doc := index(bytes.TrimPrefix(text, []byte("\uFEFF"))) // as Windows editors begin a file
	s := shape{doc: doc}
	s.walk()
	if doc.broken != nil {
		s.problems = append(s.problems, *doc.broken)
	}
	c, err := decode(doc, s.bad)
	if err == nil {
		s.problems = append(s.problems, check(doc, s.told, &c)...)
	} else if p, ok := decodeProblem(doc, err); ok {
		s.problems = append(s.problems, p)
	} else {
		return Config{}, fmt.Errorf("decode %s: %w", path, err)
	}
	s.problems = inOrder(s.problems, path)
	for _, p := range s.problems {
		if !p.warn {
			return Config{}, &Errors{problems: s.problems}
		}
	}
	c.warnings = s.problems
	c.finish(filepath.Dir(path))
	return c, nil
}

// decode fills the struct with what the file says and the defaults with what
// it does not. Lists are whole: one in the file replaces the default list.
func decode(doc *document, bad []span) (Config, error) {
	c := Default()
	rules := c.Barcodes
	c.Barcodes.Card, c.Barcodes.Item = nil, nil
	d := toml.NewDecoder(bytes.NewReader(doc.blank(bad)))
	if err := d.DisallowUnknownFields().Decode(&c); err != nil {
		return Config{}, err
	}
	if !doc.has("barcodes.card") && !doc.has("barcodes.card[0]") {
		c.Barcodes.Card = rules.Card
	}
	if !doc.has("barcodes.item") && !doc.has("barcodes.item[0]") {
		c.Barcodes.Item = rules.Item
	}
	for i := range c.Pads {
		c.Pads[i].fill(doc, fmt.Sprintf("pad[%d].", i))
	}
	for _, rules := range [][]Rule{c.Barcodes.Card, c.Barcodes.Item} {
		for i := range rules {
			if rules[i].Check == "" {
				rules[i].Check = "none"
			}
		}
	}
	return c, nil
}

// fill gives a pad the defaults of what the file does not say.
func (p *Pad) fill(doc *document, path string) {
	d := defaultPad()
	if !doc.has(path + "driver") {
		p.Driver = d.Driver
	}
	if !doc.has(path + "baud") {
		p.Baud = d.Baud
	}
	if !doc.has(path + "parity") {
		p.Parity = d.Parity
	}
	if !doc.has(path + "role") {
		p.Role = d.Role
	}
}

// decodeProblem is what the decoder still found: a key or table said twice, a
// number too large.
func decodeProblem(doc *document, err error) (problem, bool) {
	var de *toml.DecodeError
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		de = &strict.Errors[0]
	} else if !errors.As(err, &de) {
		return problem{}, false
	}
	row, column := de.Position()
	from := 0
	for ; row > 1; row-- {
		from += bytes.IndexByte(doc.text[from:], '\n') + 1
	}
	from = min(from+max(column, 1)-1, len(doc.text))
	p := doc.problem(span{from, from + 1})
	p.say, p.hint = strings.TrimPrefix(de.Error(), "toml: "), "write each key once, and each [table] once"
	return p, true
}

// finish makes paths whole and leaves out pads that have none.
func (c *Config) finish(dir string) {
	c.Credential, c.Data = whole(dir, c.Credential), whole(dir, c.Data)
	c.Scanner.Path = whole(dir, c.Scanner.Path)
	c.Printer.Path = whole(dir, c.Printer.Path)
	var pads []Pad
	for _, p := range c.Pads {
		if p.Path != "" {
			p.Path = whole(dir, p.Path)
			pads = append(pads, p)
		}
	}
	c.Pads = pads
}

func whole(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
