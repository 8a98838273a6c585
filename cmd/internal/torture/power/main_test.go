// Package power cuts the power between any two writes to the disk: an evening
// at the desk is lived once on a disk that keeps a list of all that is written
// and synced, and then the files are found again as a cut after any of these
// could have left them. What anybody was told must be in them.
package power

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/drivers"
)

const kiosk = "syston-1"

// book is an item of the library, and what its tags say.
type book struct {
	id   circ.ItemID
	tags []*tag
}

type tag struct {
	uid  drivers.UID
	says circ.Security
}

var cards = []circ.Card{"21221012345671", "23529000035676", "20234000517862"}

// library is what central is told at first: ten books, two sets of two, and
// three items without a tag.
func library() (books []*book, items string) {
	items = "item,title,class,owner,parts,age,not_for_loan\n"
	n := byte(0)
	for i := range 15 {
		b := &book{id: circ.ItemID("312210123456" + string(rune('0'+i/10)) + string(rune('0'+i%10)))}
		parts, tags := "", 1
		switch {
		case i >= 12:
			tags = 0
		case i >= 10:
			parts, tags = "Disc 1;Disc 2", 2
		}
		for range tags {
			n++
			b.tags = append(b.tags, &tag{uid: drivers.UID{0xE0, 0x04, 0x01, 0, 0, 0, 0, n}, says: circ.Loud})
		}
		books = append(books, b)
		items += string(b.id) + ",Title " + string(b.id[12:]) + ",book,," + parts + ",,\n"
	}
	return books, items
}

const rules = "[default]\nversion = \"r1\"\nvenue = \"Syston\"\ntimezone = \"Europe/London\"\n" +
	"[default.classes.book]\ndays = 21\nrenewals = 5\n[default.categories.adult]\nlimit = 24\n[default.unknown]\nissue_item = false\n"

// founded is the day on which the authority was founded, and enrolled its kiosk.
var founded = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// found makes an authority's folder with a library in it, and a kiosk.
func found(t testing.TB, dir, items string) contract.Credential {
	t.Helper()
	ctx := context.Background()
	must(t, central.Create(ctx, dir, "leics", founded))
	c, err := central.Open(ctx, dir, central.Options{Now: func() time.Time { return founded }})
	must(t, err)
	defer c.Close()
	borrowers := "card,category,blocked,expires,age_band,messages\n"
	for _, card := range cards {
		borrowers += string(card) + ",adult,,,18,\n"
	}
	importAll(t, c, map[string]string{"items.csv": items, "borrowers.csv": borrowers, "policy.toml": rules, "calendar.toml": "[default]\n"})
	cred, err := c.AddKiosk(ctx, central.Enrolment{Name: kiosk, Venue: "syston", BrokerURL: "mqtt://127.0.0.1:1883"})
	must(t, err)
	return cred
}

func importAll(t testing.TB, c *central.Central, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	_, err := c.ImportFrom(context.Background(), dir)
	must(t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is the kiosk's, and central's too.
type clock struct {
	wall time.Time
	mono time.Duration
	boot uuid.UUID
}

func (c *clock) now() circ.Moment {
	return circ.Moment{Wall: c.wall, Mono: c.mono, Boot: c.boot, Quality: circ.Synced}
}

func (c *clock) pass(d time.Duration) { c.wall, c.mono = c.wall.Add(d), c.mono+d }

// boots is the clock after the kiosk was switched on again.
func (c *clock) boots(off time.Duration) {
	c.wall, c.mono, c.boot = c.wall.Add(off), time.Second, uuid.New()
}
