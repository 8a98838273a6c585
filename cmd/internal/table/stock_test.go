package table

import (
	"context"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/catalogue"
	"nightdesk/cmd/internal/check"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

func newStock(t *testing.T) Stock {
	t.Helper()
	s, err := NewStock(1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCheckDigit(t *testing.T) {
	// 79927398713 is the example that texts on the Luhn formula use.
	for n, want := range map[string]byte{"7992739871": '3', "0": '0', "18": '2'} {
		if got := luhn(n); got != want {
			t.Errorf("check digit of %s: got %c, want %c", n, got, want)
		}
	}
}

func TestStock(t *testing.T) {
	s := newStock(t)
	if len(s.Books) < 200 {
		t.Errorf("got %d items, want 200", len(s.Books))
	}
	titles, numbers, uids, sets := map[string]bool{}, map[circ.ItemID]bool{}, map[drivers.UID]bool{}, 0
	for _, b := range s.Books {
		if titles[b.Title] || numbers[b.ID] {
			t.Errorf("%s is there twice", b.Title)
		}
		titles[b.Title], numbers[b.ID] = true, true
		if len(b.ID) != 14 || b.ID[0] != '3' || luhn(string(b.ID[:13])) != b.ID[13] {
			t.Errorf("%s has the number %s", b.Title, b.ID)
		}
		untagged := 0
		if b.Class == "kit" {
			untagged = 1
		}
		if b.Author == "" || len(b.Parts) == 1 || len(b.Parts) > 3 || len(b.Tags) != max(1, len(b.Parts)-untagged) {
			t.Errorf("%+v is no item", b)
		}
		if len(b.Parts) > 0 {
			sets++
		}
		for _, u := range b.Tags {
			uids[u] = true
		}
	}
	if want := len(s.Books) + 2; len(uids) <= want || sets < 4 {
		t.Errorf("got %d tags and %d sets, want more", len(uids), sets)
	}
	for _, p := range s.People {
		if c := string(p.Card); len(c) != 14 || c[0] != '2' || luhn(c[:13]) != c[13] {
			t.Errorf("%s has a wrong card number", p.Name)
		}
	}
}

func TestSeedOrdersTheShelf(t *testing.T) {
	a, _ := NewStock(1)
	b, _ := NewStock(1)
	c, _ := NewStock(2)
	if a.Books[0].ID != b.Books[0].ID || a.Books[1].ID != b.Books[1].ID {
		t.Error("the same seed gives another order")
	}
	same := 0
	for i := range a.Books {
		if a.Books[i].ID == c.Books[i].ID {
			same++
		}
	}
	if same > len(a.Books)/4 {
		t.Errorf("another seed leaves %d books where they are", same)
	}
}

// What the table writes on a tag is what a kiosk reads from it.
func TestEveryTagReads(t *testing.T) {
	for _, b := range newStock(t).Books {
		for part := 1; part <= len(b.Tags); part++ {
			l, err := label.Decode(newTag(b, part, loud), label.Options{})
			if err != nil {
				t.Fatalf("%s: %v", b.Title, err)
			}
			if l.Item != string(b.ID) || l.Owner != owner || l.Part != part || l.Parts != len(b.Tags) || l.Kind != label.KindItem {
				t.Errorf("%s reads as %+v", b.Title, l)
			}
		}
	}
}

func TestCentralTakesTheExport(t *testing.T) {
	s := newStock(t).Enliven()
	s.PIN = true
	v, err := FindVenue("wigston")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := s.Export(t.TempDir(), v)
	if err != nil {
		t.Fatal(err)
	}
	set, err := catalogue.Read(paths)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Items) != len(s.Books) || len(set.Borrowers) != len(s.People) || len(set.Rules) != 1 || len(set.Holds) != 1 {
		t.Errorf("got %d items, %d cards, %d rule books, %d holds", len(set.Items), len(set.Borrowers), len(set.Rules), len(set.Holds))
	}
	if len(set.PINs) != len(s.People) || len(set.Calendars) != 1 {
		t.Errorf("got %d PINs, %d calendars", len(set.PINs), len(set.Calendars))
	}
}

func TestVenues(t *testing.T) {
	if n := len(Venues()); n != 16 {
		t.Errorf("got %d venues, want 16", n)
	}
	for ask, want := range map[string]string{"Syston": "Syston", " market harb": "Market Harborough", "ASHBY": "Ashby de la Zouch"} {
		if v, err := FindVenue(ask); err != nil || v.Name != want {
			t.Errorf("%q: got %q, %v, want %q", ask, v.Name, err, want)
		}
	}
	if _, err := FindVenue("Leicester"); err == nil || !strings.Contains(err.Error(), "Wigston") {
		t.Errorf("an unknown venue: %v, want an error that names the known ones", err)
	}
}

func TestTagsKeepWhatTheySay(t *testing.T) {
	dir, s := t.TempDir(), newStock(t)
	quietOnes := func(r *Room) (n int) {
		tags, err := check.Memories(r.Table, check.Security{Loud: loud, Quiet: quiet})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range tags {
			if x.Says == circ.Quiet {
				n++
			}
		}
		return n
	}
	r, err := NewRoom(dir, s, false)
	if err != nil {
		t.Fatal(err)
	}
	if n := quietOnes(r); n != 0 {
		t.Errorf("%d tags are quiet in a new room, want none", n)
	}
	r.memory.note(s.Books[3].Tags[0], quiet)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = NewRoom(dir, s, false); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n := quietOnes(r); n != 1 {
		t.Errorf("%d tags are quiet the next day, want 1", n)
	}
}

func TestATrapSpringsOnce(t *testing.T) {
	r, n := &Room{}, 0
	u := drivers.UID{1}
	r.At(WriteAFI, u, func() { n++; r.At(Info, u, func() { n += 10 }) })
	for _, c := range []byte{Info, WriteAFI, WriteAFI, Info, Info} {
		r.onFrame(c, u)
	}
	if n != 11 {
		t.Errorf("got %d, want 11", n)
	}
}

func withTimeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}
