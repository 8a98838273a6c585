package drivertest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"nightdesk/drivers"
)

// fails wants every command on a tag to end in want under a fault, and
// the next command to work as if nothing had been.
func fails(t *testing.T, b *table, fault string, want error) {
	t.Helper()
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	for name, command := range commands(tag.UID) {
		b.Fault(fault, tag.UID)
		if err := command(t.Context(), pad); !errors.Is(err, want) {
			t.Errorf("%s, %s: got %v, want %v", name, fault, err, want)
		}
		afi(t, pad, tag.UID, b.AFI(tag.UID))
	}
	b.Fault(fault, drivers.UID{})
	if got, err := pad.Inventory(t.Context()); !errors.Is(err, want) {
		t.Errorf("inventory, %s: got %v and %v, want %v", fault, got, err, want)
	}
	look(t, pad, tag)
}

func silence(t *testing.T, b *table)   { fails(t, b, Silent, drivers.ErrSilent) }
func garbage(t *testing.T, b *table)   { fails(t, b, Garbled, drivers.ErrGarbled) }
func turnedBit(t *testing.T, b *table) { fails(t, b, CRCError, drivers.ErrGarbled) }

// lateAnswer is the reason for resynchronising: both commands have the same
// code, so only the order of events tells the answers apart.
func lateAnswer(t *testing.T, b *table) {
	pad := b.open(t)
	one, two := b.put(t, 1, 0x07), b.put(t, 2, 0xC2)
	b.Fault(Late, one.UID)
	if _, err := pad.Info(t.Context(), one.UID); !errors.Is(err, drivers.ErrSilent) {
		t.Fatalf("info, late: got %v, want %v", err, drivers.ErrSilent)
	}
	afi(t, pad, two.UID, 0xC2)

	b.Fault(Late, one.UID)
	if _, err := pad.Read(t.Context(), one.UID, 0, 8); !errors.Is(err, drivers.ErrSilent) {
		t.Fatalf("read, late: got %v, want %v", err, drivers.ErrSilent)
	}
	got, err := pad.Read(t.Context(), two.UID, 0, 8)
	if err != nil {
		t.Fatalf("read after a late answer: got error %v", err)
	}
	if want := two.Data[:32]; !bytes.Equal(got, want) && !bytes.Equal(got, turned(want, 4)) {
		t.Errorf("read after a late answer: got % X, want % X, the second tag's", got, want)
	}
}

// lateAcceptance tries the dangerous one: an acceptance names no tag, and the
// write that follows it goes to a tag that is not there.
func lateAcceptance(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	b.Fault(Late, tag.UID)
	if err := pad.WriteAFI(t.Context(), tag.UID, 0xC2); !errors.Is(err, drivers.ErrSilent) {
		t.Fatalf("write AFI, late: got %v, want %v", err, drivers.ErrSilent)
	}
	if err := pad.WriteAFI(t.Context(), uid(9), 0xC2); !errors.Is(err, drivers.ErrGone) {
		t.Errorf("write AFI of an absent tag after a late acceptance: got %v, want %v", err, drivers.ErrGone)
	}
}

func lostAnswer(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	b.Fault(LostReply, tag.UID)
	if err := pad.WriteAFI(t.Context(), tag.UID, 0xC2); !errors.Is(err, drivers.ErrSilent) {
		t.Errorf("write AFI, answer lost: got %v, want %v", err, drivers.ErrSilent)
	}
	afi(t, pad, tag.UID, 0xC2)
}

func goneMidWrite(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	b.Fault(GoneMidWrite, tag.UID)
	if err := pad.WriteAFI(t.Context(), tag.UID, 0xC2); !errors.Is(err, drivers.ErrGone) {
		t.Errorf("write AFI of a tag that leaves: got %v, want %v", err, drivers.ErrGone)
	}
	if got := b.AFI(tag.UID); got != 0x07 {
		t.Errorf("the lifted tag holds AFI %v, want 07", got)
	}
	look(t, pad)
}

func tornAFI(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	b.Fault(TornAFI, tag.UID)
	if err := pad.WriteAFI(t.Context(), tag.UID, 0xC2); err == nil {
		t.Error("write AFI that is torn: got no error, want one")
	}
	torn := b.AFI(tag.UID)
	if torn == 0x07 || torn == 0xC2 {
		t.Errorf("the torn tag holds AFI %v, want a third value", torn)
	}
	afi(t, pad, tag.UID, torn)
	if err := pad.WriteAFI(t.Context(), tag.UID, 0xC2); err != nil {
		t.Errorf("write AFI again: got error %v", err)
	}
	afi(t, pad, tag.UID, 0xC2)
}

func doneContext(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, command := range commands(tag.UID) {
		if err := command(done, pad); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a done context: got %v, want %v", name, err, context.Canceled)
		}
	}
	if got := b.AFI(tag.UID); got != 0x07 {
		t.Errorf("the tag holds AFI %v after a write that was not to begin, want 07", got)
	}
	afi(t, pad, tag.UID, 0x07)
}

func closedPad(t *testing.T, b *table) {
	pad := b.Open(t)
	tag := b.put(t, 1, 0x07)
	if err := pad.Close(); err != nil {
		t.Errorf("close: got error %v", err)
	}
	if err := pad.WriteAFI(t.Context(), tag.UID, 0xC2); err == nil {
		t.Error("write AFI on a closed pad: got no error, want one")
	}
	if got := b.AFI(tag.UID); got != 0x07 {
		t.Errorf("the tag holds AFI %v after a write on a closed pad, want 07", got)
	}
	if err := pad.Close(); err != nil {
		t.Errorf("close again: got error %v", err)
	}
}

func pulledBefore(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	look(t, pad, tag)
	b.Pull()
	if got, err := pad.Inventory(t.Context()); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("inventory of a pulled pad: got %v and %v, want %v", got, err, drivers.ErrUnplugged)
	}
	look(t, b.open(t), tag)
}

func pulledDuring(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	b.Fault(Unplug, tag.UID)
	if _, err := pad.Info(t.Context(), tag.UID); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("info while the device is pulled: got %v, want %v", err, drivers.ErrUnplugged)
	}
	if err := pad.WriteAFI(t.Context(), tag.UID, 0xC2); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("write AFI after that: got %v, want %v", err, drivers.ErrUnplugged)
	}
	if got := b.AFI(tag.UID); got != 0x07 {
		t.Errorf("the tag holds AFI %v, want 07", got)
	}
}
