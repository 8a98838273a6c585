package table

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
	"nightdesk/drivers/sim"
)

// Commands of the simulated reader, by their ISO codes (sim.Fault.Command).
const (
	Inventory byte = 0x01 // names no tag
	WriteAFI  byte = 0x27
	Info      byte = 0x2B
)

// antenna is the one pad of the demonstration.
const antenna = "pad"

// Room is the physical side: tags on books, a pad to put them on, a scanner,
// and a printer if one is plugged in. Its methods may be called from any
// goroutine.
type Room struct {
	Stock Stock
	Table *sim.Table

	dir        string
	trueTiming bool
	memory     *memoryFile
	pad        *sim.Reader
	printer    *sim.Printer // nil: there is none
	tray       tray

	mu      sync.Mutex // guards what follows
	scanner *sim.Scanner
	traps   []trap
}

// trap does something once, just before the reader carries a command out.
type trap struct {
	command byte
	uid     drivers.UID
	do      func()
}

// NewRoom lays every book on the shelf and plugs the pad and the scanner in.
// Their pseudo-terminals are named pad and scanner in dir. What tags said when
// a room in dir was last used they say again.
func NewRoom(dir string, stock Stock, trueTiming bool) (*Room, error) {
	r := &Room{Stock: stock, Table: sim.NewTable(), dir: dir, trueTiming: trueTiming, memory: &memoryFile{path: filepath.Join(dir, "tags.json")}}
	kept, err := r.memory.load()
	if err != nil {
		return nil, err
	}
	for _, b := range stock.Books {
		for i, uid := range b.Tags {
			afi, known := kept[uid]
			if !known {
				afi = loud
			}
			r.Table.Put("", newTag(b, i+1, afi))
		}
	}
	r.Table.OnAFI(func(uid drivers.UID, _, is drivers.AFI) { r.memory.note(uid, is) })
	r.pad, err = sim.NewReader(r.Table, antenna, sim.Options{TrueTiming: trueTiming, Link: filepath.Join(dir, "pad"), OnFrame: r.onFrame})
	if err == nil {
		err = r.plugScanner()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("plug the devices in: %w", err), r.Close())
	}
	return r, nil
}

func (r *Room) plugScanner() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	r.scanner, err = sim.NewScanner(sim.ScannerOptions{Suffix: "\r", Link: filepath.Join(r.dir, "scanner")})
	return err
}

// Replug gives the devices new power, as the kiosk's power switch does: what
// was on its way is gone, and so is every claim of a killed process on them.
func (r *Room) Replug() error {
	r.pad.Unplug()
	r.mu.Lock()
	old := r.scanner
	r.mu.Unlock()
	err := errors.Join(old.Close(), r.pad.Plug())
	if err == nil {
		err = r.plugScanner()
	}
	if err == nil && r.printer != nil {
		r.printer.Unplug()
		err = r.printer.Plug()
	}
	if err != nil {
		return fmt.Errorf("give the devices power: %w", err)
	}
	return nil
}

// Close unplugs the devices and keeps what the tags say.
func (r *Room) Close() error {
	var errs []error
	if r.pad != nil {
		errs = append(errs, r.pad.Close())
	}
	if r.scanner != nil {
		errs = append(errs, r.scanner.Close())
	}
	if r.printer != nil {
		errs = append(errs, r.printer.Close())
	}
	return errors.Join(append(errs, r.memory.save())...)
}

// PutDown lays the tags of books on the pad.
func (r *Room) PutDown(books ...Book) {
	for _, b := range books {
		for _, uid := range b.Tags {
			r.Table.Lay(antenna, uid)
		}
	}
}

// Lift takes the tags of books off the pad.
func (r *Room) Lift(books ...Book) {
	for _, b := range books {
		for _, uid := range b.Tags {
			r.Table.Lift(uid)
		}
	}
}

// ShowCard shows a card to the scanner.
func (r *Room) ShowCard(card circ.Card) error { return r.show(string(card)) }

// ShowItem shows a book's barcode to the scanner.
func (r *Room) ShowItem(id circ.ItemID) error { return r.show(string(id)) }

// Codes by their AIM letters, as a scanner names them (ISO/IEC 15424).
const (
	codabar drivers.Symbology = 'F'
	ean     drivers.Symbology = 'E'
	qrCode  drivers.Symbology = 'Q'
)

// stray is something that people show to a scanner and that is no card.
type stray struct {
	Name      string `json:"name"`
	symbology drivers.Symbology
	text      string
}

// strays are the wrong things to show.
func strays() []stray {
	return []stray{
		{"A bus pass", qrCode, "BUS*0000*2027-12-31"},
		{"The shop’s barcode of a paperback", ean, "9780141439549"},
	}
}

// ShowStray shows something that is neither a card nor an item of the library.
func (r *Room) ShowStray(name string) error {
	for _, s := range strays() {
		if s.Name == name {
			return r.scan(s.symbology, s.text)
		}
	}
	return fmt.Errorf("nobody has %q to show", name)
}

func (r *Room) show(number string) error { return r.scan(codabar, number) }

func (r *Room) scan(symbology drivers.Symbology, text string) error {
	r.mu.Lock()
	s := r.scanner
	r.mu.Unlock()
	if err := s.Show(symbology, '0', text); err != nil {
		return fmt.Errorf("show a barcode: %w", err)
	}
	return nil
}

// At has do called once, just before the pad carries out this command to this
// tag; zero is the tag of a command that names none. do must not unplug the pad.
func (r *Room) At(command byte, uid drivers.UID, do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.traps = append(r.traps, trap{command, uid, do})
}

func (r *Room) onFrame(command byte, uid drivers.UID) {
	for _, do := range r.sprung(command, uid) {
		do()
	}
}

func (r *Room) sprung(command byte, uid drivers.UID) (all []func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.traps[:0]
	for _, t := range r.traps {
		if t.command == command && t.uid == uid {
			all = append(all, t.do)
			continue
		}
		kept = append(kept, t)
	}
	r.traps = kept
	return all
}
