package paths

// state is everything that matters of one item: its tags, two kiosks with
// their ledgers and caches, central's record, and what may still happen.
// States that are equal are the same state.
type state struct {
	afi [maxTags]afi
	at  [maxTags]byte // 0: away from every pad; 1+k: on the pad of kiosk k
	k   [2]kiosk

	open    byte          // central: the act whose loan is open, 0 none
	back    byte          // central: when the item last came back, in half acts
	backBy  byte          // … and where, as in by
	acts    byte          // acts so far; an act's number is its time
	by      [maxActs]byte // who did the act: 1+k a kiosk, staffDesk staff
	truth   byte          // the act whose loan is open by all that is durable anywhere, in the order of the acts; 0 none
	unaware byte          // tags quieted by a kiosk that could not know of what others had done

	crashes, troubles, visits, others, waits int8 // how many there may still be
}

const (
	maxTags   = 3
	maxEvents = 14
	maxActs   = 11
	staffDesk = 3
)

// afi is what a tag says to the gate.
type afi byte

const (
	loud afi = iota
	quiet
	torn
)

// kind is what an act or an event is.
type kind byte

const (
	none kind = iota
	issue
	giveBack
	cancel
	unverified
	incomplete
	verified
)

// event is one line of a ledger for central.
type event struct {
	kind kind
	act  byte
	at   byte // when it happened, in half acts
	of   byte // the loan that is taken back
}

// kiosk is what one kiosk has on its disk and in its head.
type kiosk struct {
	// On the disk.
	act    byte // the act that waits for its tags, 0 none
	kind   kind
	wish   byte // tags that it waits for
	of     byte // the loan that a cancel takes back
	boots  byte // since the act was made
	aged   bool // the power was off for longer than an issue may be resumed
	loan   byte // the last thing done to the item
	lent   bool // … and it was an issue
	loanN  byte // the event that says so
	knew   byte // the loan that the cache showed when it was decided
	doubt  byte // tags reported as unverified, of the act below
	doubts byte
	events [maxEvents]event
	n      byte
	acked  byte
	stored byte // of them at central
	cache  byte // the loan that central told of, 0 none
	folded byte // events that the cache contains

	// In its head.
	off   bool
	visit visitKind
	mine  bool // the act belongs to this visit
	lined bool // … and the screen has a line for it
	asked bool // … and it was asked for in this visit, and the answer was yes
	fresh byte // tags put down before anybody said what for
	tries [maxTags]byte
	known byte // tags whose AFI the pad has read and that it has not written since
	step  byte // 1+tag: the round has come to this tag
	done  byte // tags read back in this round
	told  byte // the act last told to be done
	since byte // acts before this visit began
}

// visitKind is what the borrower at a kiosk came for.
type visitKind byte

const (
	home visitKind = iota
	borrowing
	returning
)

// model is how the journal works: which world, and which wrong order, if any.
type model struct {
	tags   byte
	second bool // a second kiosk acts on the item
	staff  bool // … or staff do, at central itself
	wrong  wrong
}

// all is every tag of the item.
func (m model) all() byte { return 1<<m.tags - 1 }

// wrong is an order of things that the laws must find fault with.
type wrong byte

const (
	right wrong = iota
	unlockFirst
	checkInFirst
	reverseUnlocked
	ackBeforeStore
	puback
	oldWish
	retireEarly
	deafInVisit // news of an item is not heard in the visit that lends it
	oneReturn   // a return goes on in another visit, as if nobody had had the item since
	undoInPart  // a loan is taken back with a part of the set away
)

// onPad is which tags lie on a kiosk's pad.
func (s *state) onPad(k int) (mask byte) {
	for i, at := range s.at {
		if at == byte(k+1) {
			mask |= 1 << i
		}
	}
	return mask
}

func (m model) away(s *state) bool { return s.onPad(0)|s.onPad(1) == 0 }

// begin is the world before anything happens: the item is in stock, or for a
// return on loan from the first kiosk, which has told central and heard back.
func (m model) begin(first kind, b budget) state {
	s := state{crashes: b.crashes, troubles: b.troubles, visits: b.visits, others: b.others, waits: b.waits}
	if first != giveBack {
		return s
	}
	k := &s.k[0]
	id := s.newAct(1)
	k.loan, k.lent, k.loanN = id, true, 1
	k.events[0] = event{kind: issue, act: id, at: 2 * id}
	k.n, k.acked, k.stored, k.folded = 1, 1, 1, 1
	s.open, s.truth, k.cache, s.k[1].cache = id, id, id, id
	for i := range m.tags {
		s.afi[i] = quiet
	}
	return s
}

// budget is how often each thing may happen on one path.
type budget struct{ crashes, troubles, visits, others, waits int8 }

func (s *state) newAct(by byte) byte {
	s.acts++
	s.by[s.acts] = by
	return s.acts
}

// now is the time, after every act so far.
func (s *state) now() byte { return 2*s.acts + 1 }
