package table

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"path/filepath"
	"slices"
	"sync"

	"nightdesk/drivers/sim"
)

// Paper is one receipt that came out of the printer.
type Paper struct {
	N    int      // counts the receipts, from 1
	Text []string // its lines; none of what was printed as a picture
	PNG  []byte   // how it looks
}

// keptPapers is how many receipts lie on the table.
const keptPapers = 12

// tray is where the receipts lie.
type tray struct {
	mu     sync.Mutex // guards what follows
	count  int
	papers []Paper // newest first
}

// take is called by the printer, which waits for it.
func (t *tray) take(p sim.Paper) {
	var picture bytes.Buffer
	_ = png.Encode(&picture, p.Image()) // a buffer takes everything
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	t.papers = slices.Insert(t.papers, 0, Paper{N: t.count, Text: p.Text, PNG: picture.Bytes()})
	t.papers = t.papers[:min(len(t.papers), keptPapers)]
}

// paperSpeed is how fast a receipt printer moves its paper, in millimetres a
// second.
const paperSpeed = 150

// PlugPrinter gives the room a receipt printer; its pseudo-terminal is named
// printer in the room's directory.
func (r *Room) PlugPrinter() error {
	o := sim.PrinterOptions{Link: filepath.Join(r.dir, "printer"), OnPaper: r.tray.take}
	if r.trueTiming {
		o.Speed = paperSpeed
	}
	var err error
	if r.printer, err = sim.NewPrinter(o); err != nil {
		return fmt.Errorf("plug the printer in: %w", err)
	}
	return nil
}

// Papers are the newest receipts, the newest first.
func (r *Room) Papers() []Paper {
	r.tray.mu.Lock()
	defer r.tray.mu.Unlock()
	return slices.Clone(r.tray.papers)
}

// printerFaults are what can be chosen to go wrong on the page.
func printerFaults() []string {
	return []string{sim.PaperOut, sim.PaperOutMidJob, sim.CoverOpen, sim.Silent}
}

// errNoPrinter says that nothing prints here.
var errNoPrinter = errors.New("there is no printer on this table")

// PrinterFault makes one thing go wrong with the printer, and mends all else;
// "" mends everything.
func (r *Room) PrinterFault(name string) error {
	if r.printer == nil {
		return errNoPrinter
	}
	r.printer.Mend()
	if name == "" {
		return nil
	}
	return r.printer.Fault(name)
}

// printerTrouble is what is wrong with the printer now; "" nothing.
func (r *Room) printerTrouble() string {
	if r.printer == nil {
		return ""
	}
	for _, f := range r.printer.Faults() {
		return f
	}
	return ""
}
