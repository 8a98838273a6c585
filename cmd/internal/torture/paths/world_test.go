package paths

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
)

// desks are the kiosks of a world, by the numbers that the model has for
// them; the last is the staff desk, which is one that never goes dark.
var desks = [3]struct {
	name string
	card circ.Card
}{{"syston-1", "21221012345671"}, {"syston-2", "21221012345689"}, {"syston-desk", "21221012345697"}}

// items by their number of tags.
var items = map[byte]circ.ItemID{1: "31221012345679", 2: "30234000517861", 3: "30234000517879"}

// world is the real thing: central and its kiosks on files, and one item.
type world struct {
	t       testing.TB
	dir     string
	wall    time.Time
	tags    tags
	central *central.Central
	creds   [3]contract.Credential
	kiosks  [3]*house
	wrong   wrong // an order of things that is to part from the model
}

// ground is a world as it was before anything happened, to be copied.
type ground struct {
	dir   string
	wall  time.Time
	creds [3]contract.Credential
	tags  tags
	told  []check.Told // of the loan with which a return begins
}

var files = map[string]string{
	"items.csv": "item,title,class,owner,parts,age,not_for_loan\n" +
		"31221012345679,Middlemarch,book,,,,\n30234000517861,Under Milk Wood,book,,Disc 1;Disc 2,,\n30234000517879,The Waves,book,,Disc 1;Disc 2;Disc 3,,\n",
	"policy.toml": "[default]\nversion = \"r1\"\nvenue = \"Syston\"\ntimezone = \"Europe/London\"\n" +
		"[default.classes.book]\ndays = 21\nrenewals = 5\n[default.categories.adult]\nlimit = 24\n[default.unknown]\nissue_item = false\n",
	"calendar.toml": "[default]\n",
}

// make makes a world that central and all kiosks know, and in which the item
// has been lent if a return comes first.
func (g *ground) make(t testing.TB, n byte, first kind) {
	g.dir = torture.Memory(t)
	w := &world{t: t, dir: g.dir, wall: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
	w.tags = tags{n: n, item: items[n]}
	for i := range n {
		w.tags.afi[i] = loudAFI
	}
	w.enrol()
	for k := range desks {
		w.kiosks[k] = w.switchOn(k)
		w.kiosks[k].sync(well)
	}
	if first == giveBack {
		w.lent()
	}
	g.told = w.kiosks[0].told
	for _, h := range w.kiosks {
		h.close()
	}
	must(t, w.central.Close())
	g.wall, g.creds, g.tags = w.wall, w.creds, w.tags
}

// lent is an issue in which nothing goes wrong, and everybody hears of it.
func (w *world) lent() {
	h := w.kiosks[0]
	h.put(7)
	h.showCard()
	h.write(well, 0, 1, 2)
	h.finish()
	h.lift(7)
	for range 2 {
		for _, h := range w.kiosks {
			h.sync(well)
		}
	}
}

func (w *world) enrol() {
	ctx := context.Background()
	must(w.t, central.Create(ctx, w.path("central"), "leics", w.wall))
	w.openCentral()
	data := w.path("exports")
	must(w.t, os.Mkdir(data, 0o700))
	cards := "card,category,blocked,expires,age_band,messages\n"
	for k, d := range desks {
		cards += string(d.card) + ",adult,,,18,\n"
		must(w.t, os.Mkdir(w.path(fmt.Sprint("kiosk", k)), 0o700))
	}
	must(w.t, os.WriteFile(filepath.Join(data, "borrowers.csv"), []byte(cards), 0o600))
	for name, text := range files {
		must(w.t, os.WriteFile(filepath.Join(data, name), []byte(text), 0o600))
	}
	_, err := w.central.ImportFrom(ctx, data)
	must(w.t, err)
	for k, d := range desks {
		w.creds[k], err = w.central.AddKiosk(ctx, central.Enrolment{Name: d.name, Venue: "syston", BrokerURL: "mqtt://127.0.0.1:1883"})
		must(w.t, err)
	}
}

func (w *world) openCentral() {
	c, err := central.Open(context.Background(), w.path("central"), central.Options{Now: func() time.Time { return w.wall }, Serving: true})
	must(w.t, err)
	w.central = c
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// world is a copy of the ground, with every kiosk on that the model has.
func (g *ground) world(t testing.TB, dir string, m model) *world {
	w := &world{t: t, dir: dir, wall: g.wall, tags: g.tags, creds: g.creds}
	copyDir(t, dir, g.dir)
	w.openCentral()
	w.kiosks[0] = w.switchOn(0)
	w.kiosks[0].told = slices.Clone(g.told)
	if m.second {
		w.kiosks[1] = w.switchOn(1)
	}
	if m.staff {
		w.kiosks[2] = w.switchOn(2)
	}
	return w
}

// copyDir copies files as only their owner may read them, as central wants its keys.
func copyDir(t testing.TB, to, from string) {
	t.Helper()
	must(t, filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == from {
			return err
		}
		name := filepath.Join(to, strings.TrimPrefix(path, from))
		if e.IsDir() {
			return os.MkdirAll(name, 0o700)
		}
		if strings.HasSuffix(name, "-shm") {
			return nil // SQLite's own memory: it does not outlive the power
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(name, b, 0o600)
	}))
}

// end closes what is open and takes the files away.
func (w *world) end() {
	for _, h := range w.kiosks {
		if h != nil {
			h.close()
		}
	}
	must(w.t, w.central.Close())
	must(w.t, os.RemoveAll(w.dir))
}

// staff has the item taken back or lent at the staff desk, which tells central
// at once.
func (w *world) staff(what deed) {
	h := w.kiosks[2]
	h.sync(well)
	h.put(7)
	if what == staffReturns {
		h.bring()
	} else {
		h.showCard()
	}
	h.write(well, 0, 1, 2)
	h.finish()
	h.lift(7)
	h.sync(well)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
