package policy_test

import (
	"slices"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/policy"
)

// onLoan is the ordinary return: the item is out, and nobody waits for it.
func onLoan(d *desk) { d.req.Kind, d.req.Who, d.item.OnLoan = circ.Return, circ.Borrower{}, true }

func barcode(d *desk) { d.req.Tags, d.req.Usage, d.req.Owner = nil, 0, "" }

func in(d *desk) { d.item.OnLoan = false }

func TestReturn(t *testing.T) {
	foreign := func(d *desk) { d.req.Owner = "GB-XYZ" }
	tests := []struct {
		name    string
		given   ruling
		verdict circ.Verdict
		want    circ.Reason
		shelf   circ.Shelf
		flags   []circ.Reason
	}{
		{"as it stands", func(*desk) {}, circ.Yes, circ.OK, circ.Bin, nil},
		{"somebody waits for it", func(d *desk) { d.item.Hold = circ.HoldOther }, circ.Yes, circ.OK, circ.HoldShelf, []circ.Reason{circ.ItemHeld}},
		{"unknown item", func(d *desk) { d.req.Item = other }, circ.Yes, circ.OK, circ.HelpShelf, []circ.Reason{circ.ItemUnknown}},
		{"discarded item", usage(0x71), circ.Yes, circ.OK, circ.HelpShelf, []circ.Reason{circ.ItemWithdrawn}},
		{"no offline return", usage(0x14), circ.Yes, circ.OK, circ.HelpShelf, []circ.Reason{circ.NoOfflineReturn}},
		{"neither offline", usage(0x15), circ.Yes, circ.OK, circ.HelpShelf, []circ.Reason{circ.NoOfflineReturn}},
		{"no offline return, online", all(usage(0x14), online), circ.Yes, circ.OK, circ.Bin, nil},
		{"no offline issue is no matter", usage(0x13), circ.Yes, circ.OK, circ.Bin, nil},
		{"help before reservation", all(usage(0x14), func(d *desk) { d.item.Hold = circ.HoldOther }), circ.Yes, circ.OK, circ.HelpShelf, []circ.Reason{circ.NoOfflineReturn, circ.ItemHeld}},
		{"a borrower's card", usage(0x80), circ.No, circ.ItemIsCard, circ.KeepIt, nil},
		{"part missing", parts(2, 3), circ.No, circ.SetIncomplete, circ.HelpShelf, nil},
		{"all parts", parts(3, 3), circ.Yes, circ.OK, circ.Bin, nil},

		{"another library's", foreign, circ.No, circ.ItemForeign, circ.KeepIt, nil},
		{"another library's, venue passes them on", all(foreign, func(d *desk) { d.rules.Foreign = "help" }), circ.Yes, circ.OK, circ.HelpShelf, []circ.Reason{circ.ItemForeign}},
		{"any owner will do", all(foreign, func(d *desk) { d.rules.Owners = nil }), circ.Yes, circ.OK, circ.Bin, nil},

		{"in already: its tag is still to be armed", in, circ.Yes, circ.OK, circ.Bin, []circ.Reason{circ.ItemNotOnLoan}},
		{"in already, by barcode, online", all(in, barcode, online), circ.Already, circ.ItemNotOnLoan, circ.Bin, []circ.Reason{circ.ItemNotOnLoan}},
		{"in already, by barcode, returned here", all(barcode, own(circ.OwnItem{})), circ.Already, circ.ItemNotOnLoan, circ.Bin, []circ.Reason{circ.ItemNotOnLoan}},
		{"in by an old cache, by barcode", all(in, barcode), circ.Yes, circ.OK, circ.Bin, []circ.Reason{circ.ItemNotOnLoan}},
		{"unknown, by barcode", all(barcode, func(d *desk) { d.req.Item = other }), circ.Yes, circ.OK, circ.HelpShelf, []circ.Reason{circ.ItemUnknown}},

		{"central never spoke", func(d *desk) { d.facts.AsOf = time.Time{} }, circ.Yes, circ.OK, circ.Bin, []circ.Reason{circ.NoRules}},
		{"cache a year old", old(365), circ.Yes, circ.OK, circ.Bin, nil},
		{"from a blocked card", func(d *desk) { d.req.Who.Card, d.who.Blocked = "4001", true }, circ.Yes, circ.OK, circ.Bin, nil},
		{"reference item", func(d *desk) { d.item.NotLoan = true }, circ.Yes, circ.OK, circ.Bin, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			onLoan(d)
			tt.given(d)
			got := d.decide(t)
			if got.Verdict != tt.verdict || got.Reason != tt.want || got.Shelf != tt.shelf || !slices.Equal(got.Flags, tt.flags) {
				t.Errorf("got %+v, want %s %s, shelf %s, flags %v", got, tt.verdict, tt.want, tt.shelf, tt.flags)
			}
		})
	}
}

func TestRenew(t *testing.T) {
	tests := []struct {
		name  string
		given ruling
		want  circ.Reason
	}{
		{"as it stands", func(*desk) {}, circ.OK},
		{"renewed four times", func(d *desk) { d.item.Renewals = 4 }, circ.OK},
		{"renewed five times", func(d *desk) { d.item.Renewals = 5 }, circ.RenewLimit},
		{"renewed here since", own(circ.OwnItem{OnLoan: true, Yours: true, Renewals: 5}), circ.RenewLimit},
		{"somebody waits for it", func(d *desk) { d.item.Hold = circ.HoldOther }, circ.ItemHeld},
		{"another's", func(d *desk) { d.item.Yours = false }, circ.NotYourItem},
		{"not on loan", func(d *desk) { d.item.OnLoan = false }, circ.NotYourItem},
		{"blocked", func(d *desk) { d.who.Blocked = true }, circ.BorrowerBlocked},
		{"no card", func(d *desk) { d.req.Who = circ.Borrower{} }, circ.BorrowerMissing},
		{"cache too old", old(15), circ.CacheTooOld},
		{"central never spoke", func(d *desk) { d.facts.AsOf = time.Time{} }, circ.NoRules},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			d.req.Kind, d.item.OnLoan, d.item.Yours = circ.Renew, true, true
			tt.given(d)
			if got := d.decide(t); got.Reason != tt.want {
				t.Errorf("got %s, want %s", got.Reason, tt.want)
			}
		})
	}
}

func TestRenewNeverShortens(t *testing.T) {
	d := newDesk(t)
	late := d.at.Wall.AddDate(0, 2, 0)
	d.req.Kind, d.item.OnLoan, d.item.Yours, d.item.Due = circ.Renew, true, true, late
	if got := d.decide(t); !got.Due.Equal(late) {
		t.Errorf("got %s, want %s", got.Due, late)
	}
}

func TestCancel(t *testing.T) {
	for name, tt := range map[string]struct {
		given ruling
		want  circ.Reason
	}{
		"lent here a moment ago": {own(circ.OwnItem{OnLoan: true, Yours: true}), circ.OK},
		"central knows already":  {func(d *desk) { d.item.OnLoan, d.item.Yours = true, true }, circ.NotYourItem},
		"another's":              {own(circ.OwnItem{OnLoan: true}), circ.NotYourItem},
		"a part is not there":    {all(own(circ.OwnItem{OnLoan: true, Yours: true}), func(d *desk) { d.req.Tags = []circ.SeenTag{{Part: 2, Of: 2}} }), circ.SetIncomplete},
		"no card":                {all(own(circ.OwnItem{OnLoan: true, Yours: true}), func(d *desk) { d.req.Who = circ.Borrower{} }), circ.NotYourItem},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.req.Kind = circ.Cancel
			tt.given(d)
			if got := d.decide(t); got.Reason != tt.want {
				t.Errorf("got %s, want %s", got.Reason, tt.want)
			}
		})
	}
}

func TestDue(t *testing.T) {
	clock := func(y int, m time.Month, day, h, min int) ruling {
		return func(d *desk) {
			d.at.Wall = time.Date(y, m, day, h, min, 0, 0, time.UTC)
			d.facts.AsOf = d.at.Wall
		}
	}
	tests := []struct {
		name  string
		given ruling
		want  string
	}{
		{"three weeks", func(*desk) {}, "2026-03-24T23:59:59Z"},
		{"four weeks for children", func(d *desk) { d.who.Category = "child" }, "2026-03-31T23:59:59+01:00"},
		{"over the night the clocks go forward", clock(2026, 3, 8, 12, 0), "2026-03-29T23:59:59+01:00"},
		{"over the night the clocks go back", clock(2026, 10, 4, 12, 0), "2026-10-25T23:59:59Z"},
		{"just after midnight in London is still yesterday in UTC", clock(2026, 6, 1, 23, 30), "2026-06-23T23:59:59+01:00"},
		{"closed that weekday", weekly(time.Tuesday, circ.DayHours{Closed: true}), "2026-03-25T23:59:59Z"},
		{"closed that date", func(d *desk) { d.facts.Calendar.Closed = map[string]bool{"2026-03-24": true} }, "2026-03-25T23:59:59Z"},
		{"closed that date and the next", func(d *desk) {
			d.facts.Calendar.Closed = map[string]bool{"2026-03-24": true, "2026-03-25": true}
		}, "2026-03-26T23:59:59Z"},
		{"closed date, then closed weekday", all(weekly(time.Wednesday, circ.DayHours{Closed: true}), func(d *desk) {
			d.facts.Calendar.Closed = map[string]bool{"2026-03-24": true}
		}), "2026-03-26T23:59:59Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			tt.given(d)
			if got := d.decide(t).Due.Format(time.RFC3339); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestProvisional(t *testing.T) {
	for quality, want := range map[circ.ClockQuality]bool{circ.Synced: false, circ.RTC: false, circ.Restored: true, circ.Unknown: true} {
		d := newDesk(t)
		d.at.Quality = quality
		if got := d.decide(t); got.Provisional != want {
			t.Errorf("clock %s: got provisional %v, want %v", quality, got.Provisional, want)
		}
	}
}

func TestRulesVersionIsCited(t *testing.T) {
	d := newDesk(t)
	if got := d.decide(t).Rules; got != "r7" {
		t.Errorf("got %q", got)
	}
	d.who.Blocked = true
	if got := d.decide(t).Rules; got != "r7" {
		t.Errorf("a refusal cites %q", got)
	}
}

func TestNoZoneIsUTC(t *testing.T) {
	d := newDesk(t)
	got := policy.Rules{}.Decide(d.at, d.req, d.known())
	if got.Due.Location() != time.UTC {
		t.Errorf("got %s", got.Due.Location())
	}
}
