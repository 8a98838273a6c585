package drivertest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"nightdesk/drivers"
)

func emptyField(t *testing.T, b *table) {
	look(t, b.open(t))
}

func everyTagOnce(t *testing.T, b *table) {
	pad := b.open(t)
	var tags []drivers.Tag
	// Twenty is a full pile, and more than any reader lists in one frame.
	for serial := byte(1); serial <= 20; serial++ {
		tags = append(tags, b.put(t, serial, 0x07))
	}
	look(t, pad, tags...)
}

// listedAgain catches a reader that reports only what is new on it.
func listedAgain(t *testing.T, b *table) {
	pad := b.open(t)
	one, two := b.put(t, 1, 0x07), b.put(t, 2, 0x07)
	for range 3 {
		look(t, pad, one, two)
	}
}

func liftedNotListed(t *testing.T, b *table) {
	pad := b.open(t)
	one, two := b.put(t, 1, 0x07), b.put(t, 2, 0x07)
	look(t, pad, one, two)
	b.Lift(one.UID)
	look(t, pad, two)
	b.Put(one)
	look(t, pad, one, two)
}

func infoIsTheTag(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0xC2)
	b.put(t, 2, 0x07)
	got, err := pad.Info(t.Context(), tag.UID)
	if err != nil {
		t.Fatalf("got error %v, want what the tag is", err)
	}
	if got.UID != tag.UID || got.AFI != tag.AFI || got.DSFID != tag.DSFID || got.BlockSize != 4 {
		t.Errorf("got %+v, want UID %v, AFI %v, DSFID %02X and blocks of 4", got, tag.UID, tag.AFI, tag.DSFID)
	}
	if got.Blocks != 0 && got.Blocks != 28 {
		t.Errorf("got %d blocks, want 28, or 0 for not told", got.Blocks)
	}
}

func readGivesBlocks(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	for _, span := range []struct{ first, n int }{{0, 1}, {0, 8}, {3, 5}, {0, 28}, {27, 1}} {
		got, err := pad.Read(t.Context(), tag.UID, span.first, span.n)
		if err != nil {
			t.Fatalf("read %d blocks from %d: got error %v", span.n, span.first, err)
		}
		want := tag.Data[span.first*4 : (span.first+span.n)*4]
		if !bytes.Equal(got, want) && !bytes.Equal(got, turned(want, 4)) {
			t.Errorf("read %d blocks from %d: got % X, want % X or every block turned round", span.n, span.first, got, want)
		}
	}
}

// turned reverses every block, as a FEIG host protocol delivers it.
func turned(data []byte, size int) []byte {
	out := slices.Clone(data)
	for i := 0; i+size <= len(out); i += size {
		slices.Reverse(out[i : i+size])
	}
	return out
}

func readRefuses(t *testing.T, b *table) {
	pad := b.open(t)
	tag := b.put(t, 1, 0x07)
	for _, span := range []struct{ first, n int }{{28, 1}, {24, 8}, {-1, 2}, {0, 0}, {250, 20}} {
		got, err := pad.Read(t.Context(), tag.UID, span.first, span.n)
		if err == nil {
			t.Errorf("read %d blocks from %d of 28: got % X, want an error", span.n, span.first, got)
		}
	}
	afi(t, pad, tag.UID, 0x07) // a refusal is no reason to lose step
}

func absentIsGone(t *testing.T, b *table) {
	pad := b.open(t)
	b.put(t, 1, 0x07)
	for name, command := range commands(uid(9)) {
		if err := command(t.Context(), pad); !errors.Is(err, drivers.ErrGone) {
			t.Errorf("%s of a tag that is not there: got %v, want %v", name, err, drivers.ErrGone)
		}
	}
}

func writeAFI(t *testing.T, b *table) {
	pad := b.open(t)
	one, two := b.put(t, 1, 0x07), b.put(t, 2, 0x07)
	for _, want := range []drivers.AFI{0xC2, 0x07, 0xC2} {
		if err := pad.WriteAFI(t.Context(), one.UID, want); err != nil {
			t.Fatalf("write AFI %v: got error %v", want, err)
		}
		if got := b.AFI(one.UID); got != want {
			t.Errorf("the tag holds AFI %v, want %v", got, want)
		}
		afi(t, pad, one.UID, want)
		afi(t, pad, two.UID, 0x07)
	}
}
