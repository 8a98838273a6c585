package sim

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"sync"
	"time"

	"nightdesk/drivers"
)

// The faults of a printer by name; Silent and Slow are others.
const (
	PaperOut       = "paper-out"         // the roll is empty: it stops, and goes on when Mend puts a new one in
	PaperOutMidJob = "paper-out-mid-job" // the roll ends inside the next sheet
	PaperLow       = "paper-low"         // the roll is nearly empty
	CoverOpen      = "cover-open"        // it stops until the cover is shut
	Offline        = "offline"           // it stops and names no cause
	CutterStuck    = "cutter-stuck"      // it stops at the next cut
	Garbage        = "garbage"           // what it answers is noise
)

// faultsOfPrinters: Silent never answers, Slow prints 10 mm a second.
func faultsOfPrinters() []string {
	return []string{PaperOut, PaperOutMidJob, PaperLow, CoverOpen, Offline, CutterStuck, Garbage, Silent, Slow}
}

// PrinterOptions is how a printer is built. The zero value is an 80 mm printer
// that prints in no time.
type PrinterOptions struct {
	Width  int    // dots across: 384 or 576; 0 is 576
	Speed  int    // millimetres of paper a second; 0 takes no time
	Buffer int    // bytes that it keeps before it stops the computer; 0 is 4096
	Link   string // a file name that leads to the pseudo-terminal while the printer is plugged in

	// OnPaper is told of each piece of paper that is cut off, unless nothing is
	// on it. The printer waits for it. It must not call Unplug or Close.
	OnPaper func(Paper)
}

// Paper is a piece of paper that was cut off.
type Paper struct {
	Text []string       // its lines, without the spaces that centre them; pictures are not among them
	Dots drivers.Bitmap // how it looks; 8 dots are a millimetre
}

// Image is the paper as a picture: 0 is black, 255 white.
func (p Paper) Image() *image.Gray {
	g := image.NewGray(image.Rect(0, 0, p.Dots.Width, p.Dots.Height))
	for y := range p.Dots.Height {
		for x := range p.Dots.Width {
			if !p.Dots.Black(x, y) {
				g.Pix[y*g.Stride+x] = 0xFF
			}
		}
	}
	return g
}

// Printer is an ESC/POS receipt printer on a serial line, with the answers of an
// Epson TM. Its methods may be called from any goroutine.
type Printer struct {
	o     PrinterOptions
	paper *roll // used only by the goroutine of the head, of which there is one at a time

	plugging sync.Mutex // guards line and done
	line     *line
	done     chan struct{}

	mu     sync.Mutex // guards faults and odd
	faults map[string]bool
	odd    []string // commands that it did not understand, at most mostOdd
}

const mostOdd = 100

// NewPrinter builds a printer and plugs it in. It has one goroutine, which ends
// with Unplug or Close.
func NewPrinter(o PrinterOptions) (*Printer, error) {
	o.Width = cmp.Or(o.Width, 576)
	o.Buffer = cmp.Or(o.Buffer, 4096)
	if o.Width != 384 && o.Width != 576 {
		return nil, errors.New("a printer is 384 or 576 dots wide")
	}
	if o.Buffer < 256 {
		return nil, errors.New("a printer keeps 256 bytes at least")
	}
	p := &Printer{o: o, paper: newRoll(o.Width), faults: map[string]bool{}}
	return p, p.Plug()
}

// Path is the file that a driver opens: PrinterOptions.Link, or the
// pseudo-terminal, whose name changes when the printer is plugged in again.
func (p *Printer) Path() string {
	p.plugging.Lock()
	defer p.plugging.Unlock()
	return p.line.path()
}

// Plug plugs the printer in; it does nothing to one that is plugged in. The
// printer starts as after power-up, but the paper hangs out of it as it did.
func (p *Printer) Plug() error {
	p.plugging.Lock()
	defer p.plugging.Unlock()
	if p.line != nil {
		select {
		case <-p.line.gone:
			<-p.done
		default:
			return nil
		}
	}
	l, err := plug(p.o.Link)
	if err != nil {
		return err
	}
	p.line, p.done = l, make(chan struct{})
	go newHead(p, l).run(p.done)
	return nil
}

// Unplug pulls the cable; pulling twice does nothing more. The printer's
// goroutine has ended when it returns.
func (p *Printer) Unplug() {
	p.plugging.Lock()
	defer p.plugging.Unlock()
	if p.line == nil {
		return
	}
	p.line.close()
	<-p.done
}

// Close unplugs the printer for good.
func (p *Printer) Close() error {
	p.Unplug()
	return nil
}

// Fault makes something go wrong until Mend.
func (p *Printer) Fault(name string) error {
	if !slices.Contains(faultsOfPrinters(), name) {
		return fmt.Errorf("no fault of a printer is named %q", name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[name] = true
	return nil
}

// Mend ends all faults: the paper is new, the cover shut, the cutter free. A
// printer that has stopped goes on with what it still keeps.
func (p *Printer) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.faults)
}

// Faults lists what is wrong at the moment.
func (p *Printer) Faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.faults))
}

// Odd lists what the printer was sent and did not understand, in hexadecimal.
func (p *Printer) Odd() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.odd)
}

func (p *Printer) wrong(command []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.odd) < mostOdd {
		p.odd = append(p.odd, fmt.Sprintf("% X", command))
	}
}

func (p *Printer) has(fault string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults[fault]
}

// swap ends one fault and begins another, if the first is there.
func (p *Printer) swap(from, to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.faults[from] {
		delete(p.faults, from)
		p.faults[to] = true
	}
}

// stopped says whether it prints nothing at the moment.
func (p *Printer) stopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults[PaperOut] || p.faults[CoverOpen] || p.faults[Offline] || p.faults[CutterStuck+jammed]
}

// jammed marks a cutter that is stuck already.
const jammed = ", jammed"

// speed is in dots a second, of which 8 are a millimetre; 0 is no limit.
func (p *Printer) speed() int {
	if p.has(Slow) {
		return 10 * 8
	}
	return p.o.Speed * 8
}

// took is how long so many dots of paper take.
func (p *Printer) took(dots int) time.Duration {
	if v := p.speed(); v > 0 {
		return time.Duration(dots) * time.Second / time.Duration(v)
	}
	return 0
}
