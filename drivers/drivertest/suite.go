package drivertest

import (
	"context"
	"testing"

	"nightdesk/drivers"
)

// Suite runs everything a pad must do. It lifts what it puts down. The two
// unplugging tests come last; Open after them must give a working pad again.
func Suite(t *testing.T, bench Bench) {
	b := &table{Bench: bench}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *table)
	}{
		{"an empty field is an empty list", emptyField},
		{"every tag is listed once", everyTagOnce},
		{"a tag that stays is listed again", listedAgain},
		{"a lifted tag is not listed", liftedNotListed},
		{"info is what the tag is", infoIsTheTag},
		{"read gives the blocks in one order", readGivesBlocks},
		{"read refuses what is not there", readRefuses},
		{"an absent tag is gone", absentIsGone},
		{"write AFI changes one tag", writeAFI},
		{"silence is said and passes", silence},
		{"garbage is said and passes", garbage},
		{"a turned bit is not believed", turnedBit},
		{"a late answer is nobody's", lateAnswer},
		{"a late acceptance is nobody's", lateAcceptance},
		{"a lost answer may have been carried out", lostAnswer},
		{"lifted in the middle of a write", goneMidWrite},
		{"a torn AFI is seen", tornAFI},
		{"a done context stops it", doneContext},
		{"a closed pad does nothing", closedPad},
		{"pulled before a command", pulledBefore},
		{"pulled during a command", pulledDuring},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, b) })
	}
}

// table is a bench on which the suite keeps its tags apart.
type table struct {
	Bench
}

func (b *table) open(t *testing.T) drivers.Pad {
	t.Helper()
	pad := b.Open(t)
	t.Cleanup(func() { _ = pad.Close() }) // a test that unplugs has nothing to close properly
	return pad
}

// put lays down a tag of 28 blocks (the size of the tags in the live 3M
// capture) that carries its own number, and lifts it when the test ends.
func (b *table) put(t *testing.T, serial byte, afi drivers.AFI) drivers.Tag {
	t.Helper()
	tag := drivers.Tag{
		UID:       uid(serial),
		AFI:       afi,
		DSFID:     0x06,
		BlockSize: 4,
		Data:      make([]byte, 28*4),
	}
	for i := range tag.Data {
		tag.Data[i] = byte(i) ^ serial<<3
	}
	b.Put(tag)
	t.Cleanup(func() { b.Lift(tag.UID) })
	return tag
}

// uid is a tag of NXP make whose serial number ends with serial.
func uid(serial byte) drivers.UID {
	return drivers.UID{0xE0, 0x04, 0x01, 0x00, 0x31, 0x26, 0x91, serial}
}

// look asks for the inventory and wants exactly these tags, each once.
func look(t *testing.T, pad drivers.Pad, want ...drivers.Tag) {
	t.Helper()
	got, err := pad.Inventory(t.Context())
	if err != nil {
		t.Fatalf("inventory: got error %v, want %d tags", err, len(want))
	}
	if len(got) != len(want) {
		t.Fatalf("inventory: got %v, want %d tags", got, len(want))
	}
	seen := map[drivers.UID]bool{}
	for _, u := range got {
		seen[u] = true
	}
	for _, tag := range want {
		if !seen[tag.UID] {
			t.Errorf("inventory: got %v, want %v among them", got, tag.UID)
		}
	}
}

// afi asks one tag for its AFI and wants this one.
func afi(t *testing.T, pad drivers.Pad, u drivers.UID, want drivers.AFI) {
	t.Helper()
	got, err := pad.Info(t.Context(), u)
	if err != nil {
		t.Fatalf("info of %v: got error %v, want AFI %v", u, err, want)
	}
	if got.UID != u || got.AFI != want {
		t.Errorf("info of %v: got AFI %v of %v, want AFI %v", u, got.AFI, got.UID, want)
	}
}

// commands are the calls that name one tag.
func commands(u drivers.UID) map[string]func(context.Context, drivers.Pad) error {
	return map[string]func(context.Context, drivers.Pad) error{
		"info": func(ctx context.Context, p drivers.Pad) error { _, err := p.Info(ctx, u); return err },
		"read": func(ctx context.Context, p drivers.Pad) error { _, err := p.Read(ctx, u, 0, 8); return err },
		"write AFI": func(ctx context.Context, p drivers.Pad) error {
			return p.WriteAFI(ctx, u, 0xC2)
		},
	}
}
