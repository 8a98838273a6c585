package screen

import (
	"context"
	"flag"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	update = flag.Bool("update", false, "rewrite the golden pages")
	shots  = flag.String("shots", "", "directory to put a Chromium screenshot of every picture of the gallery in")
	size   = flag.String("size", "1280,800", "width and height of the screenshots in pixels")
	only   = flag.String("only", "", "take screenshots only of pictures whose name begins so")
)

func testDrawer(t *testing.T) drawer {
	t.Helper()
	w, err := loadWords(English)
	if err != nil {
		t.Fatal(err)
	}
	return drawer{words: w, venue: "Oadby Library", phone: "0116 496 0123"}
}

func query(t *testing.T, s string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(s)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestGallery compares every picture of the gallery with its golden page.
func TestGallery(t *testing.T) {
	d := testDrawer(t)
	for _, p := range gallery() {
		t.Run(p.name, func(t *testing.T) {
			v := d.view(p.state, drawnAt)
			v.Serial = "visit.1"
			got, err := draw("main", d.face(v, query(t, p.query)))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", p.name+".html")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Errorf("page differs from %s (-want +got):\n%s", file, diff)
			}
			if strings.Contains(string(got), "[") {
				t.Errorf("words are missing:\n%s", got)
			}
			if strings.Contains(string(got), string(reader.Card)) {
				t.Error("the page holds a whole card number")
			}
		})
	}
}

// TestShots shows every picture to Chromium when -shots names a directory, and
// otherwise only that every picture has a name of its own to be saved under.
func TestShots(t *testing.T) {
	names := map[string]bool{}
	for _, p := range gallery() {
		if names[p.name] {
			t.Errorf("two pictures are called %s", p.name)
		}
		names[p.name] = true
		if *shots != "" && strings.HasPrefix(p.name, *only) {
			shoot(t, p)
		}
	}
}

func shoot(t *testing.T, p picture) {
	k := start(t, nil)
	k.screen.Show(p.state, drawnAt)
	target := k.screen.URL()
	if p.query != "" {
		target += "&" + p.query
	}
	cmd := exec.CommandContext(context.Background(), "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
		"--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--hide-scrollbars", "--user-data-dir="+t.TempDir(), "--window-size="+*size,
		"--screenshot="+filepath.Join(*shots, p.name+".png"), target)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, out)
	}
	k.stop()
}
