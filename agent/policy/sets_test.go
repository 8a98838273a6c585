package policy_test

import (
	"slices"
	"strings"
	"testing"

	"nightdesk/agent/circ"
)

// A set of three, of which a box and a disc carry tags and a booklet does not.
func partlyTagged(rule circ.SetRule, seen, of int) ruling {
	return all(parts(seen, of), class(func(r *circ.ClassRule) { r.Sets = rule }), func(d *desk) {
		d.item.Parts = []string{"Box", "Disc", "Booklet"}
	})
}

func TestSetsWithPartsThatCarryNoTag(t *testing.T) {
	noTags := func(d *desk) { d.req.Tags = nil }
	for _, c := range []struct {
		name  string
		given ruling
		issue circ.Reason // "" is yes
		flag  bool
		shelf circ.Shelf // of the issue
		back  circ.Shelf // of the return; "" if it is not taken
	}{
		{"no rule", partlyTagged("", 2, 2), "", false, circ.TakeIt, circ.Bin},
		{"tagged parts are enough", partlyTagged(circ.SetsAll, 2, 2), "", false, circ.TakeIt, circ.Bin},
		{"the borrower is asked to look", partlyTagged(circ.SetsNote, 2, 2), "", true, circ.TakeIt, circ.Bin},
		{"staff look", partlyTagged(circ.SetsRefuse, 2, 2), circ.ItemParts, true, circ.HelpShelf, circ.HelpShelf},

		{"every part tagged, note", partlyTagged(circ.SetsNote, 3, 3), "", false, circ.TakeIt, circ.Bin},
		{"every part tagged, refuse", partlyTagged(circ.SetsRefuse, 3, 3), "", false, circ.TakeIt, circ.Bin},
		{"the catalogue says so too", all(partlyTagged(circ.SetsNote, 2, 2), func(d *desk) { d.item.Tagged = 2 }), "", true, circ.TakeIt, circ.Bin},
		{"more tags than the catalogue says", all(partlyTagged(circ.SetsNote, 3, 3), func(d *desk) { d.item.Tagged = 2 }), "", false, circ.TakeIt, circ.Bin},

		{"a tagged part missing, no rule", partlyTagged("", 1, 2), circ.ItemParts, false, circ.HelpShelf, ""},
		{"a tagged part missing, note", partlyTagged(circ.SetsNote, 1, 2), circ.ItemParts, false, circ.HelpShelf, ""},
		{"a tagged part missing, refuse", partlyTagged(circ.SetsRefuse, 1, 2), circ.ItemParts, false, circ.HelpShelf, ""},

		{"by barcode, no rule", all(partlyTagged("", 2, 2), noTags), "", false, circ.TakeIt, circ.Bin},
		{"by barcode, note", all(partlyTagged(circ.SetsNote, 2, 2), noTags), "", true, circ.TakeIt, circ.Bin},
		{"by barcode, refuse", all(partlyTagged(circ.SetsRefuse, 2, 2), noTags), circ.ItemParts, true, circ.HelpShelf, circ.HelpShelf},
		{"a single item", all(partlyTagged(circ.SetsRefuse, 1, 1), func(d *desk) { d.item.Parts = nil }), "", false, circ.TakeIt, circ.Bin},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			c.given(d)
			checkSet(t, "issue", d.decide(t), c.issue, c.issue == "" && c.flag, c.shelf)
			d.req.Kind, d.item.OnLoan, d.item.Yours = circ.Return, true, true
			if c.back == "" {
				checkSet(t, "return", d.decide(t), circ.SetIncomplete, false, circ.HelpShelf)
				return
			}
			checkSet(t, "return", d.decide(t), "", c.flag, c.back)
		})
	}
}

func checkSet(t *testing.T, act string, got circ.Decision, why circ.Reason, flag bool, shelf circ.Shelf) {
	t.Helper()
	want := circ.No
	if why == "" {
		want, why = circ.Yes, circ.OK
	}
	if got.Verdict != want || got.Reason != why || got.Shelf != shelf || slices.Contains(got.Flags, circ.ItemCheckParts) != flag {
		t.Errorf("%s: got %+v, want %s, %s, flag %v, %s", act, got, want, why, flag, shelf)
	}
}

func TestUntaggedParts(t *testing.T) {
	three := circ.ItemFacts{Parts: []string{"Box", "Disc", "Booklet"}}
	said := func(n int) circ.ItemFacts { i := three; i.Tagged = n; return i }
	tag := func(of int) []circ.SeenTag { return []circ.SeenTag{{Part: 1, Of: of}} }
	for _, c := range []struct {
		name string
		item circ.ItemFacts
		tags []circ.SeenTag
		want string
	}{
		{"as the tags say", three, tag(2), "Booklet"},
		{"as the catalogue says", said(2), tag(1), "Booklet"},
		{"all tagged", three, tag(3), ""},
		{"more tags than names", three, tag(5), ""},
		{"no tags", said(2), nil, "Box Disc Booklet"},
		{"one part is no set", circ.ItemFacts{Parts: []string{"Box"}}, nil, ""},
	} {
		if got := strings.Join(c.item.Untagged(c.tags), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestARenewalAsksForNoParts(t *testing.T) {
	d := newDesk(t)
	partlyTagged(circ.SetsRefuse, 2, 2)(d)
	d.req.Kind, d.item.OnLoan, d.item.Yours = circ.Renew, true, true
	if got := d.decide(t); got.Verdict != circ.Yes || len(got.Flags) != 0 {
		t.Errorf("got %+v, want yes: the item is at home", got)
	}
}
