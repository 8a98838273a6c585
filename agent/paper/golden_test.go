package paper

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/fonts"
	"nightdesk/drivers"
)

var update = flag.Bool("update", false, "rewrite the pictures and texts in testdata")

// needFonts ends a test that draws where there is nothing to draw with.
func needFonts(t testing.TB) {
	t.Helper()
	if len(fonts.Paper(fonts.Regular)) > 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("the typefaces are not built in: run packaging/web/fonts.sh")
	}
	t.Skip("the typefaces are not built in: packaging/web/fonts.sh fetches them")
}

// nothing is a printer that has no letters, and draws all.
func nothing(string) bool { return false }

// latin is a printer with the letters of code page 1252 and those of the
// languages of the European Union that are written in Latin script.
func latin(s string) bool {
	for _, r := range s {
		if r < ' ' || r >= 0x7F && r < 0xA0 || r > 0x17F && !strings.ContainsRune("ȘșȚț", r) {
			return false
		}
	}
	return true
}

func day(d int, m time.Month) time.Time { return time.Date(2025, m, d, 23, 59, 0, 0, time.UTC) }

// visit has one line of every kind, and titles in four scripts.
func visit() Slip {
	return Slip{
		Venue: "Wigston Library",
		At:    time.Date(2025, 3, 4, 14, 2, 0, 0, time.UTC),
		Card:  "••••4821",
		Lines: []SlipLine{
			{Title: "Treasure Island", Item: "30117001234567", Kind: circ.Issue, Due: day(25, 3)},
			{Title: "સત્યના પ્રયોગો", Item: "30117001234568", Kind: circ.Issue, Due: day(25, 3), Provisional: true},
			{Title: "The hundred-year-old man who climbed out of the window and disappeared", Item: "30117001234569", Kind: circ.Issue, Due: day(1, 4), Unfinished: true},
			{Title: "Learn اردو in 30 days", Item: "30117001234570", Kind: circ.Renew, Due: day(25, 3)},
			{Title: "ਪਿੰਜਰ", Item: "30117001234571", Kind: circ.Return},
			{Title: "", Item: "30117001234572", Kind: circ.Return},
			{Title: "Wolf Hall", Item: "30117001234573", Kind: circ.Return, Unfinished: true},
			{Title: "गोदान", Item: "30117001234574", Kind: circ.Cancel},
		},
		Saved: true,
		Phone: "0116 305 3000",
	}
}

func TestDrawnSheets(t *testing.T) {
	needFonts(t)
	for _, s := range samples() {
		for _, width := range []int{Width58, Width80} {
			name := fmt.Sprintf("%s-%d", s.lang, width)
			t.Run(name, func(t *testing.T) {
				sheet, err := Sheet(visit(), s, width, nothing)
				if err != nil {
					t.Fatal(err)
				}
				comparePicture(t, filepath.Join("testdata", name+".png"), picture(t, sheet))
			})
		}
	}
}

func TestTextSheets(t *testing.T) {
	v := visit()
	v.Lines[1].Title, v.Lines[3].Title, v.Lines[4].Title = "Wuthering Heights", "Café “Europa” – a life…", "Pan Tadeusz"
	for _, s := range samples()[:3] {
		for _, width := range []int{Width58, Width80} {
			sheet, err := Sheet(v, s, width, latin)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, r := range sheet.Rows {
				if r.Image != nil {
					t.Fatalf("a row in %s is drawn", s.lang)
				}
				b.WriteString(style(r) + r.Text + "\n")
			}
			compareText(t, filepath.Join("testdata", fmt.Sprintf("%s-%d.txt", s.lang, width)), b.String())
		}
	}
}

// style marks a row as the printer would set it.
func style(r drivers.SheetRow) string {
	mark := []byte("   ")
	for i, on := range []bool{r.Bold, r.Large, r.Centre} {
		if on {
			mark[i] = "BLC"[i]
		}
	}
	return string(mark) + " |"
}

// picture puts the drawn rows of a sheet under each other.
func picture(t *testing.T, s drivers.Sheet) *image.Paletted {
	t.Helper()
	height := 0
	for _, r := range s.Rows {
		height += heightOf(r)
	}
	img := image.NewPaletted(image.Rect(0, 0, s.Width, height), color.Palette{color.White, color.Black})
	top := 0
	for _, r := range s.Rows {
		if r.Image == nil && r.Text != "" {
			t.Fatalf("row %q is not drawn", r.Text)
		}
		for y := range heightOf(r) {
			for x := range s.Width {
				if r.Image != nil && r.Image.Black(x, y) {
					img.SetColorIndex(x, top+y, 1)
				}
			}
		}
		top += heightOf(r)
	}
	return img
}

// heightOf gives a row's height in dots; an empty line is 30, the printer's
// line spacing of an eighth of an inch or a little more.
func heightOf(r drivers.SheetRow) int {
	if r.Image == nil {
		return 30
	}
	return r.Image.Height
}

// comparePicture allows a few dots: not all processors round alike.
func comparePicture(t *testing.T, path string, got *image.Paletted) {
	t.Helper()
	if *update {
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, got); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if want.Bounds() != got.Bounds() {
		t.Fatalf("%s is %v, drawn was %v; if that is right: go test ./agent/paper -update", path, want.Bounds(), got.Bounds())
	}
	black, differ := 0, 0
	for y := range got.Rect.Dy() {
		for x := range got.Rect.Dx() {
			r, _, _, _ := want.At(x, y).RGBA()
			isBlack := r == 0
			if isBlack {
				black++
			}
			if isBlack != (got.ColorIndexAt(x, y) == 1) {
				differ++
			}
		}
	}
	if differ > black/500 {
		t.Errorf("%s has %d black dots, %d differ; if that is right: go test ./agent/paper -update", path, black, differ)
	}
}

func compareText(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; if that is right: go test ./agent/paper -update\n%s", path, got)
	}
}
