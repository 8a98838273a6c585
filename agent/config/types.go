package config

import (
	"encoding"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"nightdesk/drivers"
)

// Duration is a time span, written "60s" or "1m30s".
type Duration struct{ time.Duration }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return errors.New("is not a duration")
	}
	d.Duration = v
	return nil
}

// AFI is written as two hexadecimal digits.
type AFI struct{ drivers.AFI }

// UnmarshalText reads two hexadecimal digits.
func (a *AFI) UnmarshalText(b []byte) error {
	v, err := strconv.ParseUint(string(b), 16, 8)
	if err != nil || len(b) != 2 {
		return errors.New("is not two hexadecimal digits")
	}
	a.AFI = drivers.AFI(v)
	return nil
}

// Symbology is a kind of barcode, written by its name.
type Symbology drivers.Symbology

// symbologies by name, with the letters of AIM's identifiers (ISO/IEC 15424).
func symbologies() map[string]Symbology {
	return map[string]Symbology{"codabar": 'F', "code39": 'A', "code128": 'C', "ean": 'E', "itf": 'I',
		"code93": 'G', "code11": 'H', "msi": 'M', "telepen": 'B', "pdf417": 'L', "qr": 'Q', "datamatrix": 'd'}
}

// UnmarshalText reads a symbology's name.
func (s *Symbology) UnmarshalText(b []byte) error {
	v, ok := symbologies()[string(b)]
	if !ok {
		return errors.New("is no kind of barcode")
	}
	*s = v
	return nil
}

// hintFor says what a value of a text type looks like.
func hintFor(v encoding.TextUnmarshaler) string {
	switch v.(type) {
	case *Duration:
		return `write "60s" or "1m30s"`
	case *AFI:
		return `write two hexadecimal digits, "07" or "C2"`
	case *Symbology:
		var names []string
		for name := range symbologies() {
			names = append(names, name)
		}
		slices.Sort(names)
		return "write one of " + quoted(names...)
	}
	return "write one of " + quoted("debug", "info", "warn", "error") // slog.Level, the only other
}

// quoted lists alternatives.
func quoted(words ...string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(w))
	}
	return b.String()
}
