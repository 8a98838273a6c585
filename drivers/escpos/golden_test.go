package escpos_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"nightdesk/drivers"
	"nightdesk/drivers/escpos"
)

const (
	begin = "\x1B@" + "\x1BR\x00" + "\x1Da\x00"
	end   = "\x1Bd\x02" + "\x1DVB\x00"
)

// printed is what goes to a printer that never answers, without what it gets
// once after opening.
func printed(t testing.TB, s drivers.Sheet, o escpos.Options) (string, error) {
	t.Helper()
	o.OneWay = true
	p := &port{}
	printer := escpos.New(p, o)
	if err := printer.Print(t.Context(), rows()); err != nil {
		t.Fatal(err)
	}
	p.sent.Reset()
	err := printer.Print(t.Context(), s)
	return p.sent.String(), err
}

func TestGoldenText(t *testing.T) {
	bold := func(s string) drivers.SheetRow { return drivers.SheetRow{Text: s, Bold: true} }
	for _, test := range []struct {
		name string
		rows []drivers.SheetRow
		want string
	}{
		{"nothing", nil, ""},
		{"a receipt", []drivers.SheetRow{
			{Text: "Syston Library", Centre: true, Large: true, Bold: true},
			{},
			{Text: "Item ending 4821"},
			{Text: "  bring back by 24 March", Bold: true},
		}, "\x1Ba\x01\x1BE\x01\x1D!\x11Syston Library\n" +
			"\x1Ba\x00\x1BE\x00\x1D!\x00\n" +
			"Item ending 4821\n" +
			"\x1BE\x01  bring back by 24 March\n"},
		{"pounds and euros", rows("Fine £1.20 or €1.40").Rows, "\x1Bt\x13Fine \x9C1.20 or \xD51.40\n"},
		{"quotation marks of print", rows("“Don’t” – the book").Rows, "\x1Bt\x10\x93Don\x92t\x94 \x96 the book\n"},
		{"Polish", rows("Zażółć gęślą jaźń").Rows, "\x1Bt\x12Za\xBE\xA2\x88\x86 g\xA9\x98l\xA5 ja\xAB\xE4\n"},
		{"Romanian as it was typed before 2007", rows("Şapte ţări").Rows, "\x1Bt\x12\xB8apte \xEE\xC7ri\n"},
		{"Romanian without the two letters", rows("Împăratul").Rows, "\x1Bt\x12\xD7mp\xC7ratul\n"},
		{"pages change only when they must", []drivers.SheetRow{bold("£1"), bold("and"), bold("£2"), bold("łąka")},
			"\x1Bt\x13\x1BE\x01\x9C1\nand\n\x9C2\n\x1Bt\x12\x88\xA5ka\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := printed(t, drivers.Sheet{Width: 576, Rows: test.rows}, escpos.Options{})
			if want := begin + test.want + end; err != nil || got != want {
				t.Errorf("got %q and %v, want %q", got, err, want)
			}
		})
	}
}

// A cross of 10 by 3 dots: rows are padded to two bytes, and what was in the
// padding is not printed.
func TestGoldenPicture(t *testing.T) {
	cross := &drivers.Bitmap{Width: 10, Height: 3, Bits: []byte{0x0C, 0x3F, 0xFF, 0xFF, 0x0C, 0x3F}}
	s := drivers.Sheet{Width: 384, Rows: []drivers.SheetRow{{Image: cross, Centre: true, Text: "not printed"}}}
	got, err := printed(t, s, escpos.Options{})
	want := begin + "\x1Ba\x01" + "\x1Dv0\x00\x02\x00\x03\x00" + "\x0C\x00\xFF\xC0\x0C\x00" + end
	if err != nil || got != want {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
}

// The height of a band follows the printer's memory, and on a slow line the
// tenth of a second in which an unfinished band must be filled up.
func TestBands(t *testing.T) {
	for _, test := range []struct {
		baud  int
		bands []byte // rows in each
	}{
		{0, []byte{14, 14, 14, 8}},
		{115200, []byte{14, 14, 14, 8}},
		{19200, bytes.Repeat([]byte{2}, 25)},
		{4800, bytes.Repeat([]byte{1}, 50)}, // a row is never split
	} {
		s := drivers.Sheet{Width: 576, Rows: []drivers.SheetRow{{Image: chequer(576, 50)}}}
		got, err := printed(t, s, escpos.Options{Baud: test.baud})
		if err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		want.WriteString(begin)
		bits := chequer(576, 50).Bits
		for _, rows := range test.bands {
			want.WriteString("\x1Dv0\x00\x48\x00" + string(rows) + "\x00")
			want.Write(bits[:int(rows)*72])
			bits = bits[int(rows)*72:]
		}
		want.WriteString(end)
		if got != want.String() {
			t.Errorf("at %d baud: got %d bytes, want %d in bands of %d", test.baud, len(got), want.Len(), test.bands)
		}
	}
}

// A picture never commands the printer: DLE EOT, DLE ENQ and DLE DC4 in its bits
// get a dot more.
func TestPicturesDoNotCommand(t *testing.T) {
	bits := []byte{0x10, 0x04, 0x01, 0x10, 0x05, 0x02, 0x10, 0x14, 0x08, 0x10, 0x10, 0x04}
	s := drivers.Sheet{Width: 384, Rows: []drivers.SheetRow{{Image: &drivers.Bitmap{Width: 32, Height: 3, Bits: bits}}}}
	got, err := printed(t, s, escpos.Options{})
	want := "\x10\x06\x01\x10\x07\x02\x10\x16\x08\x10\x10\x06"
	if err != nil || !strings.Contains(got, want) {
		t.Errorf("got %q and %v, want %q in it", got, err, want)
	}
	if bits[1] != 0x04 {
		t.Error("the caller's picture was changed")
	}
}

func TestWhatIsNotPrinted(t *testing.T) {
	picture := func(w, h, bytes int) drivers.Sheet {
		return drivers.Sheet{Width: 384, Rows: []drivers.SheetRow{{Image: &drivers.Bitmap{Width: w, Height: h, Bits: make([]byte, bytes)}}}}
	}
	for name, s := range map[string]drivers.Sheet{
		"no width":                {},
		"a width of no printer":   {Width: 400},
		"too many rows":           rows(make([]string, 1001)...),
		"a picture of nothing":    picture(0, 0, 0),
		"a picture too wide":      picture(392, 1, 49),
		"a picture too high":      picture(8, 20001, 20001),
		"a picture without bits":  picture(16, 4, 7),
		"a picture inside out":    picture(-8, 4, 7),
		"pictures that never end": {Width: 384, Rows: append(picture(8, 15000, 15000).Rows, picture(8, 15000, 15000).Rows...)},
	} {
		if got, err := printed(t, s, escpos.Options{}); err == nil || got != "" {
			t.Errorf("%s: got %d bytes and %v, want an error and nothing sent", name, len(got), err)
		}
	}
}

func TestNotText(t *testing.T) {
	for _, test := range []struct {
		text string
		want bool
	}{
		{"", true},
		{"plain ~ ASCII", true},
		{"Größe, façade, £5, 10 €", true},
		{"Łódź i Gdańsk", true},
		{"‘quoted’ – and so on…", true},
		{"ștergar, țară", false},          // the comma below is in no page
		{"‘Łódź’", false},                 // no single page has both
		{"પુસ્તકાલય", false},              // Gujarati
		{"ਲਾਇਬ੍ਰੇਰੀ", false},              // Gurmukhi
		{"کتب خانہ", false},               // Urdu
		{"e\u0301", false},                // a letter and an accent by itself
		{"soft\u00ADhyphen", false},       // would be shown
		{"bell\a", false},                 // a control character
		{"\x10\x14\x01", false},           // a command
		{"\x1B@", false},                  // another
		{"two\nlines", false},             // a row is one line
		{"not UTF-8 \xff", false},         //
		{"the sign itself \uFFFD", false}, //
	} {
		if got := escpos.Encodable(test.text); got != test.want {
			t.Errorf("%q: got %v, want %v", test.text, got, test.want)
		}
		got, err := printed(t, rows("first", test.text), escpos.Options{})
		if test.want {
			if err != nil {
				t.Errorf("%q: got %v, want no error", test.text, err)
			}
			continue
		}
		var row drivers.RowError
		if !errors.Is(err, drivers.ErrNotText) || !errors.As(err, &row) || row.Row != 1 || got != "" {
			t.Errorf("%q: got %v and %d bytes sent, want %v of row 1 and none", test.text, err, len(got), drivers.ErrNotText)
		}
		if err != nil && test.text != "" && strings.Contains(err.Error(), test.text) {
			t.Errorf("%v repeats what a borrower reads", err)
		}
	}
}

func TestColumns(t *testing.T) {
	for _, test := range []struct {
		width int
		large bool
		want  int
	}{{384, false, 32}, {576, false, 48}, {384, true, 16}, {576, true, 24}} {
		if got := escpos.Columns(test.width, test.large); got != test.want {
			t.Errorf("%d dots, large %v: got %d, want %d", test.width, test.large, got, test.want)
		}
	}
}

type vector struct{ ID, Hex, Request, Response, Meaning string }

// vectors are those of testdata/escpos.json, each with its own origin.
func vectors(t testing.TB) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/escpos.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every command of the vectors that a receipt needs is sent as it stands there.
func TestCommandsOfVectors(t *testing.T) {
	other := map[string]bool{ // other ways to print the same, and a door opener
		"escpos/1B7402": true, "escpos/1D5600": true, "escpos/1D5601": true, "escpos/1B70001919": true,
		"escpos/100502": true, // after a fault of the cutter: TestFaults
	}
	p := &port{answer: well}
	printer := escpos.New(p, escpos.Options{})
	s := rows("", "£", "“”")
	s.Rows[0].Centre = true
	if err := printer.Print(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors(t) {
		if v.Hex == "" || other[v.ID] {
			continue
		}
		if !bytes.Contains(p.sent.Bytes(), unhex(t, v.Hex)) {
			t.Errorf("%s, %s: %s was not sent", v.ID, v.Meaning, v.Hex)
		}
	}
}
