package pads

import (
	"sync"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// Presence is which tags lie on the pads of one kiosk, merged over all of
// them: a book that lies between two pads is one book, and one of them owns
// its tag.
type Presence struct {
	cfg    Config
	ledger Ledger
	memory Memory

	mu   sync.Mutex // guards tags; no device and no file is reached while it is held
	tags map[drivers.UID]*placement
}

// placement is one tag from being put down to being lifted. After it is in
// tags, only the goroutine of the pad that owns it changes what is below the
// line.
type placement struct {
	owner string // pad that may read and write the tag
	first circ.Moment
	last  time.Duration // Moment.Mono when a pad last saw it
	lost  bool          // its owner looked and did not see it, or cannot look
	since time.Duration // Moment.Mono of the first such look
	found bool
	// ---
	rounds int
	read   bool // label, err and afi are filled in
	told   bool // Placed has been emitted
	bad    int  // failed reads
	label  label.Label
	err    error
	afi    drivers.AFI
	failed map[circ.Tx]int // tries that did not succeed, by transaction
}

// New makes the presence of a kiosk's pads.
func New(cfg Config, ledger Ledger, memory Memory) *Presence {
	if cfg.Gone == 0 {
		cfg.Gone = defaultGone
	}
	return &Presence{cfg: cfg, ledger: ledger, memory: memory, tags: map[drivers.UID]*placement{}}
}

// see notes what one pad saw in one round, and returns the placements that
// this pad owns. first says that it is the pad's first round since it opened.
func (p *Presence) see(pad string, uids []drivers.UID, at circ.Moment, first bool) map[drivers.UID]*placement {
	p.mu.Lock()
	defer p.mu.Unlock()
	mine := map[drivers.UID]*placement{}
	for _, u := range uids {
		t := p.tags[u]
		if t == nil {
			t = &placement{owner: pad, first: at, found: first, failed: map[circ.Tx]int{}}
			p.tags[u] = t
		}
		if t.owner != pad && t.lost && at.Mono-t.since > p.cfg.Gone/2 {
			t.owner = pad // its own pad has lost it; this one has it
		}
		t.last = at.Mono
		if t.owner == pad {
			t.lost = false
			mine[u] = t
		}
	}
	p.lose(at, func(u drivers.UID, t *placement) bool { return t.owner == pad && mine[u] == nil })
	return mine
}

// blind notes that a pad cannot vouch for its tags: its reader did not do its part.
func (p *Presence) blind(pad string, at circ.Moment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose(at, func(_ drivers.UID, t *placement) bool { return t.owner == pad })
}

func (p *Presence) lose(at circ.Moment, which func(drivers.UID, *placement) bool) {
	for u, t := range p.tags {
		if !t.lost && which(u, t) {
			t.lost, t.since = true, at.Mono
		}
	}
}

// sweep forgets what has been absent for long enough and tells of it. A tag
// that its owner saw when it last looked is not absent, however long ago that
// was: reading or writing a whole pile takes longer than a tag may be gone.
func (p *Presence) sweep(at circ.Moment) {
	var gone []drivers.UID
	p.mu.Lock()
	for u, t := range p.tags {
		if t.lost && at.Mono-max(t.since, t.last) >= p.cfg.Gone {
			delete(p.tags, u)
			if t.told {
				gone = append(gone, u)
			}
		}
	}
	p.mu.Unlock()
	for _, u := range gone {
		p.cfg.Emit(Lifted{Read: at, UID: u})
	}
}

// Present counts the tags on all pads.
func (p *Presence) Present() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.tags)
}
