package sim

import (
	"bytes"
	"slices"
	"testing"
)

// deskless is a printer without a cable: what it says goes nowhere.
func deskless(o PrinterOptions) *head {
	p := &Printer{o: o, paper: newRoll(o.Width), faults: map[string]bool{}}
	p.paper.reset()
	return &head{Printer: p, tell: func([]byte) error { return nil }}
}

func feedBytes(b []byte, step int) (papers []Paper, h *head) {
	h = deskless(PrinterOptions{Width: 384, Buffer: 256, OnPaper: func(p Paper) { papers = append(papers, p) }})
	for chunk := range slices.Chunk(b, step) {
		for _, c := range chunk {
			_ = h.receive(c) // nothing is said to nobody without success
		}
		h.work()
		_ = h.flow()
	}
	return papers, h
}

// Whatever comes, the printer stays within its memory and its paper, and however
// it is cut into reads, the same papers fall out.
func FuzzPrinter(f *testing.F) {
	f.Add([]byte("\x1B@\x1Bt\x12Za\xBE\n\x1DVB\x00"))
	f.Add([]byte("\x1Dv0\x00\x02\x00\x02\x00\x80\x01\xFF\xFF\x1DVB\x00"))
	f.Add([]byte("\x10\x04\x01\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08\x10\x05\x02\x10\x10"))
	f.Add([]byte("\x1D(k\x03\x00\x31\x43\x05\x1Dr\x01\x1D!\x77\x1B3\xFFx\n\x1Bd\xFF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 512 {
			return
		}
		one, h := feedBytes(b, 1)
		if n := len(h.in); n > 256+underWay {
			t.Errorf("it keeps %d bytes", n)
		}
		if n := len(h.paper.out) / h.paper.stride(); n > mostLong {
			t.Errorf("%d dots of paper hang out", n)
		}
		all, _ := feedBytes(b, max(len(b), 1))
		if bytes.Contains(b, []byte{0x10, 0x14}) || bytes.Contains(b, []byte{0x10, 0x05}) {
			return // what a real-time command clears depends on when it comes
		}
		if len(one) != len(all) {
			t.Fatalf("got %d papers and %d", len(one), len(all))
		}
		for i := range one {
			if !slices.Equal(one[i].Text, all[i].Text) || !bytes.Equal(one[i].Dots.Bits, all[i].Dots.Bits) {
				t.Errorf("paper %d differs", i)
			}
		}
	})
}
