package sim

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"

	"nightdesk/drivers"
)

// Where a FEIG reader keeps "output new transponders only", the setting that
// makes a polling kiosk believe that every book has left (H60301-3e, 3.6,
// p. 31: CFG5, byte 11, bit 0).
const (
	ONTBlock = 5
	ONTByte  = 11
	ONTBit   = 0
)

// Options is how a reader is built and set. The zero value is a patient reader
// without delays that lists every tag.
type Options struct {
	Address      byte          // what it is called beside FF
	TrueTiming   bool          // take the time that the line and the air would take
	Baud         int           // bits a second for TrueTiming; 0 is 38400
	WriteTime    time.Duration // how long a tag programs, for TrueTiming; 0 is TypicalWrite
	TagsPerFrame int           // in an answer to an inventory; 0 is 24, all that fit; CPR readers list fewer
	ONT          bool          // leaves the factory with ONT set, as the manual says readers do
	NaturalOrder bool          // blocks as they lie in the tag; FEIG sends each most significant byte first
	LessOne      bool          // words the memory in the answer to 2B as 03 1B, not 04 1C; the manual does not say which
	Quiet        time.Duration // frames that begin earlier than this after an answer are not heard (PSST); 0 hears all
	SlowBy       time.Duration // the extra wait of the fault Slow; 0 is 50 ms
	Link         string        // a file name that leads to the pseudo-terminal while the reader is plugged in

	// OnFrame is told of each command before it is carried out, by the code
	// that Fault.Command takes, with the tag it names or zero. It may move
	// tags: that is how a book is lifted in the middle of a write.
	OnFrame func(command byte, uid drivers.UID)
}

// Reader is a FEIG OBID reader on one antenna of a table. Its methods may be
// called from any goroutine.
type Reader struct {
	table   *Table
	antenna string
	o       Options
	eeprom  [configBlocks][configSize]byte // used only by the goroutine of the session, of which there is one at a time

	plugging sync.Mutex // guards line and done
	line     *line
	done     chan struct{}

	mu     sync.Mutex // guards faults
	faults []Fault
}

// NewReader builds a reader and plugs it in. It has one goroutine, which ends
// with Unplug, Close or the fault Unplug.
func NewReader(table *Table, antenna string, o Options) (*Reader, error) {
	o.Baud = cmp.Or(o.Baud, 38400)
	o.WriteTime = cmp.Or(o.WriteTime, TypicalWrite)
	o.SlowBy = cmp.Or(o.SlowBy, 50*time.Millisecond)
	o.TagsPerFrame = cmp.Or(o.TagsPerFrame, mostTags)
	if o.TagsPerFrame < 1 || o.TagsPerFrame > mostTags {
		return nil, errors.New("an inventory frame has room for 1 to 24 tags")
	}
	r := &Reader{table: table, antenna: antenna, o: o}
	if o.ONT {
		r.eeprom[ONTBlock][ONTByte] = 1 << ONTBit
	}
	return r, r.Plug()
}

// Path is the file that a driver opens: Options.Link, or the pseudo-terminal,
// whose name changes when the reader is plugged in again.
func (r *Reader) Path() string {
	r.plugging.Lock()
	defer r.plugging.Unlock()
	return r.line.path()
}

// Plug plugs the reader in; it does nothing to one that is plugged in. The
// reader starts as after power-up.
func (r *Reader) Plug() error {
	r.plugging.Lock()
	defer r.plugging.Unlock()
	if r.line != nil {
		select {
		case <-r.line.gone:
			<-r.done
		default:
			return nil
		}
	}
	l, err := plug(r.o.Link)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.faults = slices.DeleteFunc(r.faults, func(f Fault) bool { return f.Name == NeverAnswers })
	r.mu.Unlock()
	r.line, r.done = l, make(chan struct{})
	go newSession(r, l).run(r.done)
	return nil
}

// Unplug pulls the cable; pulling twice does nothing more. The reader's
// goroutine has ended when it returns. OnFrame must not call it.
func (r *Reader) Unplug() {
	r.plugging.Lock()
	defer r.plugging.Unlock()
	if r.line == nil {
		return
	}
	r.line.close()
	<-r.done
}

// Close unplugs the reader for good.
func (r *Reader) Close() error {
	r.Unplug()
	return nil
}
