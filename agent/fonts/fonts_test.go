package fonts

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// needFonts ends a test that is about typefaces where there are none.
func needFonts(t *testing.T) {
	t.Helper()
	if len(Web()) > 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("the typefaces are not built in: run packaging/web/fonts.sh")
	}
	t.Skip("the typefaces are not built in: packaging/web/fonts.sh fetches them")
}

func TestEveryFaceIsBuiltIn(t *testing.T) {
	needFonts(t)
	want := 0
	for _, f := range families() {
		want += len(f.subsets)
	}
	if n := len(Web()); n != 2*want {
		t.Errorf("the page has %d faces; want %d in two weights", n, want)
	}
	for _, weight := range []int{Regular, Bold} {
		if n := len(Paper(weight)); n != want {
			t.Errorf("paper has %d faces of weight %d; want %d", n, weight, want)
		}
	}
}

func TestFacesAreWhatTheirNamesSay(t *testing.T) {
	needFonts(t)
	signatures := map[string]string{".woff2": "wOF2", ".woff": "wOFF"} // W3C WOFF 2.0, 4.1; WOFF 1.0, 4
	for _, f := range append(append(Web(), Paper(Regular)...), Paper(Bold)...) {
		if want := signatures[filepath.Ext(f.Name)]; !bytes.HasPrefix(f.Data, []byte(want)) {
			t.Errorf("%s does not begin with %s", f.Name, want)
		}
		if !strings.Contains(f.Range, "U+") {
			t.Errorf("%s has no unicode-range", f.Name)
		}
	}
}

// What is fetched and what is looked for are written down in two places.
func TestNothingIsFetchedForNothing(t *testing.T) {
	needFonts(t)
	used := map[string]bool{".gitignore": true}
	for _, f := range append(append(Web(), Paper(Regular)...), Paper(Bold)...) {
		used[f.Name] = true
	}
	for _, f := range families() {
		used[f.pack+".json"], used[f.pack+".LICENSE"] = true, true
	}
	found, err := fs.ReadDir(files, "files")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		if !used[e.Name()] {
			t.Errorf("%s is built in and never used", e.Name())
		}
	}
}

func TestStylesheet(t *testing.T) {
	needFonts(t)
	css := Stylesheet("/fonts/")
	for _, f := range Web() {
		if !strings.Contains(css, `url("/fonts/`+f.Name+`")`) {
			t.Errorf("no rule for %s", f.Name)
		}
	}
	if n := strings.Count(css, "@font-face{"); n != len(Web()) {
		t.Errorf("%d rules for %d faces", n, len(Web()))
	}
	if strings.Contains(css, "//") {
		t.Error("a face is fetched from elsewhere")
	}
}

func TestEveryFamilyIsLicensed(t *testing.T) {
	needFonts(t)
	all := Licence()
	for _, f := range families() {
		if !strings.Contains(all, f.name+"\n\nCopyright ") {
			t.Errorf("%s comes without its copyright notice", f.name)
		}
	}
	if n := strings.Count(all, "SIL OPEN FONT LICENSE Version 1.1"); n != len(families()) {
		t.Errorf("the licence stands there %d times for %d families", n, len(families()))
	}
}

// The lock file is for every builder: it names versions and checksums, and
// leaves the registry to them.
func TestLockFileNamesNoRegistry(t *testing.T) {
	lock, err := os.ReadFile("../../packaging/web/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte(`"resolved"`)) {
		t.Error("package-lock.json says where a package came from")
	}
	packages := regexp.MustCompile(`"node_modules/`).FindAll(lock, -1)
	sums := regexp.MustCompile(`"integrity": "sha512-`).FindAll(lock, -1)
	if len(packages) == 0 || len(packages) != len(sums) {
		t.Errorf("%d packages and %d checksums", len(packages), len(sums))
	}
}
