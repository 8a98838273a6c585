package paper

import (
	"strings"

	"nightdesk/drivers"
)

// printer is the printer's own letters.
type printer struct {
	columns   int // letters in a line
	encodable func(string) bool
}

// can gives a text as the printer can print it, and whether it can. Letters
// stay as they are; only typographic marks give way to those of a typewriter.
func (p printer) can(text string) (string, bool) {
	text = bare(text)
	if p.encodes(text) {
		return text, true
	}
	text = typewriter().Replace(text)
	return text, p.encodes(text)
}

func (p printer) encodes(text string) bool {
	return p.encodable(strings.ReplaceAll(text, string(nbsp), " "))
}

func typewriter() *strings.Replacer {
	return strings.NewReplacer(
		"‘", "'", "’", "'", "‚", "'", "‛", "'",
		"“", `"`, "”", `"`, "„", `"`, "‟", `"`,
		"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-",
		"…", "...", "•", "*", "\u202f", " ",
		string(zwnj), "", string(zwj), "",
	)
}

// hasWords says whether the printer can print all but the titles.
func (p printer) hasWords(pars []par) bool {
	for _, par := range pars {
		if _, ok := p.can(par.text); !ok && par.instead == "" {
			return false
		}
	}
	return true
}

func (p printer) rule() drivers.SheetRow {
	return drivers.SheetRow{Text: strings.Repeat("-", p.columns)}
}

// rows breaks a text into lines of the printer's letters.
func (p printer) rows(text string, as par) []drivers.SheetRow {
	columns := p.columns
	if as.large {
		columns /= 2
	}
	var rows []drivers.SheetRow
	for _, line := range wrap(text, columns) {
		rows = append(rows, drivers.SheetRow{Text: strings.ReplaceAll(line, string(nbsp), " "), Bold: as.bold, Large: as.large, Centre: as.centre})
	}
	return rows
}

// wrap breaks a text between words, and within a word that is longer than a
// line. Every letter that a printer has is one column wide.
func wrap(text string, columns int) []string {
	var lines []string
	var line []rune
	for word := range strings.SplitSeq(text, " ") {
		w := []rune(word)
		if len(line) > 0 && len(line)+1+len(w) <= columns {
			line = append(append(line, ' '), w...)
			continue
		}
		if len(line) > 0 {
			lines = append(lines, string(line))
		}
		for len(w) > columns {
			lines = append(lines, string(w[:columns]))
			w = w[columns:]
		}
		line = w
	}
	if len(line) > 0 {
		lines = append(lines, string(line))
	}
	return lines
}
