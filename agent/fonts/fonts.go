// Package fonts is the typefaces, as built in: Noto, for the page as WOFF2 and
// for paper as WOFF.
//
// They are fetched by packaging/web/fonts.sh and are not part of the source. A
// program built without them works: the page then uses the computer's own
// typefaces, and paper prints what the printer has letters for.
package fonts

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed all:files
var files embed.FS

// The two weights that the page and paper are set in.
const (
	Regular = 400
	Bold    = 700
)

// Face is one file of a typeface: one weight of one family, and of that the
// letters of one subset.
type Face struct {
	Family string // as in CSS, "Noto Sans Gujarati"
	Subset string // as its foundry calls it: latin, latin-ext, gujarati …
	Weight int    // Regular or Bold
	Range  string // the letters in it, as CSS unicode-range (CSS Fonts 4, 4.5)
	Name   string // of the file, without a directory
	Data   []byte // the file; read only
}

// families names every family and what it holds, as packaging/web/fonts.sh
// fetches it. The order is that in which a letter is looked for: Latin first,
// so that digits and full stops are the same in every language.
//
// Urdu is set in Naskh and not in Nastaliq. Nastaliq steps down along each
// word and needs lines of twice the height, which the tiles of the screen and
// the width of a receipt do not have; Naskh also serves Arabic and Persian.
func families() []family {
	return []family{
		{"noto-sans", "Noto Sans", []string{"latin", "latin-ext", "cyrillic", "devanagari"}},
		{"noto-sans-gujarati", "Noto Sans Gujarati", []string{"gujarati"}},
		{"noto-sans-gurmukhi", "Noto Sans Gurmukhi", []string{"gurmukhi"}},
		{"noto-naskh-arabic", "Noto Naskh Arabic", []string{"arabic"}},
	}
}

type family struct {
	pack    string // the npm package, without its scope
	name    string
	subsets []string
}

// Web lists the faces for the page, in WOFF2. It is empty if the program was
// built without them.
func Web() []Face { return append(faces("woff2", Regular), faces("woff2", Bold)...) }

// Paper lists the faces for drawing receipts in one weight, in WOFF. A letter
// belongs to the first face that has it. It is empty if the program was built
// without them.
func Paper(weight int) []Face { return faces("woff", weight) }

func faces(kind string, weight int) []Face {
	var all []Face
	for _, f := range families() {
		ranges := f.ranges()
		for _, subset := range f.subsets {
			name := fmt.Sprintf("%s-%s-%d-normal.%s", f.pack, subset, weight, kind)
			data, err := files.ReadFile("files/" + name)
			if err != nil {
				continue // built without it
			}
			all = append(all, Face{f.name, subset, weight, ranges[subset], name, data})
		}
	}
	return all
}

// ranges reads the package's own table from subset to CSS unicode-range. It is
// empty if the program was built without the package.
func (f family) ranges() map[string]string {
	b, err := files.ReadFile("files/" + f.pack + ".json")
	if err != nil {
		return nil
	}
	var ranges map[string]string
	if json.Unmarshal(b, &ranges) != nil {
		return nil // a face without a range is used for every letter
	}
	return ranges
}

// Stylesheet gives the @font-face rules of every face for the page, whose
// files are served under the path at. A browser fetches those it has letters for.
func Stylesheet(at string) string {
	var b strings.Builder
	for _, f := range Web() {
		fmt.Fprintf(&b, "@font-face{font-family:%q;font-style:normal;font-weight:%d;font-display:block;src:url(%q) format(\"woff2\")",
			f.Family, f.Weight, strings.TrimSuffix(at, "/")+"/"+f.Name)
		if f.Range != "" {
			fmt.Fprintf(&b, ";unicode-range:%s", f.Range)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// Families lists what a page names in font-family, Latin first.
func Families() []string {
	var names []string
	for _, f := range Web() {
		if !slices.Contains(names, f.Family) {
			names = append(names, f.Family)
		}
	}
	return names
}

// Licence gives the notices that go wherever the faces go, each copyright line
// with the SIL Open Font License 1.1, whose second condition asks for them.
// It is empty if the program was built without typefaces.
func Licence() string {
	var all []string
	for _, f := range families() {
		if b, err := fs.ReadFile(files, "files/"+f.pack+".LICENSE"); err == nil {
			all = append(all, f.name+"\n\n"+strings.TrimSpace(string(b))+"\n")
		}
	}
	return strings.Join(all, "\n\n")
}
