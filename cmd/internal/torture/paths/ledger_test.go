package paths

// What a kiosk's ledger does, each in one commit.

func (s *state) write(k int, e event) {
	d := &s.k[k]
	d.events[d.n] = e
	d.n++
}

// knows is the item as a kiosk sees it: its own acts, as far as the cache does
// not contain them yet, and else the cache.
func (s *state) knows(k int) (onLoan, yours bool) {
	d := &s.k[k]
	if d.loan != 0 && d.loanN > d.folded {
		return d.lent, d.lent
	}
	return d.cache != 0, d.cache != 0 && s.by[d.cache] == byte(k+1)
}

// overtaken says that the cache knows something newer about the item than the
// loan whose tags are still to be quieted.
func (s *state) overtaken(k int) bool {
	d := &s.k[k]
	if !d.lent {
		return true
	}
	newer := d.folded >= d.loanN || d.cache != 0 && d.cache != d.knew
	return newer && !(d.cache != 0 && s.by[d.cache] == byte(k+1))
}

// record decides on an issue or a return and writes it down.
func (m model) record(s *state, k int, what kind) {
	d := &s.k[k]
	if d.act != 0 && d.kind == what && (d.mine || m.wrong == oneReturn && what == giveBack) {
		d.mine, d.lined = true, true
		return // the same, once more
	}
	onLoan, yours := s.knows(k)
	if what == issue && onLoan && !yours {
		return // on another card
	}
	if d.act != 0 {
		m.drop(s, k)
	}
	d.doubt, d.doubts = 0, 0
	id := s.newAct(byte(k + 1))
	d.act, d.kind, d.wish, d.boots, d.aged, d.of = id, what, m.all(), 0, false, 0
	d.mine, d.lined, d.asked = true, true, !onLoan
	d.tries = [maxTags]byte{}
	switch {
	case what == issue && !onLoan:
		s.lend(k, id)
	case what == giveBack && m.wrong == checkInFirst:
		m.close(s, k)
		d.act, d.told = 0, id
	}
}

func (s *state) lend(k int, id byte) {
	d := &s.k[k]
	s.write(k, event{kind: issue, act: id, at: 2 * id})
	d.loan, d.lent, d.loanN, d.knew = id, true, d.n, d.cache
	s.truth = id
}

// takeBack records that an issue of this visit is to be taken back, if that
// can be: the kiosk must know of the loan by its own act alone.
func (m model) takeBack(s *state, k int) {
	d := &s.k[k]
	d.asked = false
	if !d.lent || d.loanN <= d.folded {
		d.lined = false
		return
	}
	loan := d.loan
	m.drop(s, k)
	d.doubt, d.doubts = 0, 0
	d.act, d.kind, d.wish, d.boots, d.aged = s.newAct(byte(k+1)), cancel, s.onPad(k), 0, false
	d.of, d.mine, d.lined = loan, true, true
	d.tries = [maxTags]byte{}
}

// settle crosses off the tags that this round has read back.
func (m model) settle(s *state, k int) {
	d := &s.k[k]
	d.wish &^= d.done
	d.done = 0
	if d.wish != 0 && (m.wrong != retireEarly || d.kind == issue) {
		return
	}
	if d.kind != issue {
		m.close(s, k)
	}
	if d.mine && d.lined {
		d.told = d.act
	}
	d.clearAct()
}

// close ends the loan and says so to central.
func (m model) close(s *state, k int) {
	d := &s.k[k]
	e := event{kind: d.kind, act: d.act, at: 2 * d.act, of: d.of}
	if d.kind == cancel {
		e.at = s.now()
	}
	s.write(k, e)
	d.loan, d.lent, d.loanN = d.act, false, d.n
	if d.kind == cancel && s.truth == d.of || d.kind == giveBack && s.truth < d.act {
		s.truth = 0
	}
}

// drop ends what is unfinished: an issue stands and its tags are in doubt, a
// return or a cancel is incomplete.
func (m model) drop(s *state, k int) {
	d := &s.k[k]
	switch {
	case m.wrong == reverseUnlocked && d.kind == issue:
		d.kind, d.of = cancel, d.loan
		m.close(s, k)
	case d.kind == issue:
		d.doubt, d.doubts = d.wish, d.act
		s.write(k, event{kind: unverified, act: d.act, at: s.now()})
	default:
		s.write(k, event{kind: incomplete, act: d.act, at: 2 * d.act})
	}
	d.clearAct()
}

func (d *kiosk) clearAct() {
	d.act, d.kind, d.wish, d.of, d.boots, d.aged = 0, none, 0, 0, 0, false
	d.mine, d.lined, d.asked = false, false, false
}

// resume gives the borrower's unfinished issue to the visit in which the card
// is shown again, or ends it.
func (m model) resume(s *state, k int) {
	d := &s.k[k]
	if d.act == 0 || d.kind != issue || d.mine {
		return
	}
	if m.wrong != oldWish && (d.boots > 1 || d.aged || s.overtaken(k)) {
		m.drop(s, k)
		return
	}
	d.mine = true
	d.lined = d.fresh == 0 || d.fresh == m.all() // a set that lies there in part has a line of its own
}

// see is a tag that is put down, or found: a quiet one that was in doubt is
// reported, once.
func (s *state) see(k int, i byte) {
	d := &s.k[k]
	d.tries[i] = 0
	d.known |= 1 << i
	if s.afi[i] != quiet || d.doubt&(1<<i) == 0 {
		return
	}
	d.doubt &^= 1 << i
	if d.lent && d.loan == d.doubts {
		s.write(k, event{kind: verified, act: d.doubts, at: s.now()})
	}
	if d.doubt == 0 {
		d.doubts = 0
	}
}
