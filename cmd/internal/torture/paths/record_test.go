package paths

// What central makes of what it is told.

// take stores and processes everything that a kiosk has not sent yet.
func (s *state) take(k int) {
	d := &s.k[k]
	for ; d.stored < d.n; d.stored++ {
		s.apply(byte(k+1), d.events[d.stored])
	}
}

func (s *state) apply(by byte, e event) {
	switch e.kind {
	case issue:
		s.applyIssue(by, e)
	case giveBack:
		s.cameBack(e.at, by)
		if s.open != 0 && (s.by[s.open] == by || s.open < e.act) {
			s.open = 0
		}
	case cancel:
		s.cameBack(e.at, by)
		if s.open == e.of {
			s.open = 0
		}
	}
}

// applyIssue puts an issue into its place in time: within a kiosk by number,
// between kiosks by the clock.
func (s *state) applyIssue(by byte, e event) {
	switch {
	case s.open == 0 && s.backBy != 0 && s.backBy != by && s.back > e.at:
		// it has come back since
	case s.open != 0 && s.by[s.open] != by && s.open > e.act:
		// it has been lent on since
	default:
		s.open = e.act
	}
}

func (s *state) cameBack(at, by byte) {
	if at > s.back {
		s.back, s.backBy = at, by
	}
}

// hear brings a kiosk's cache to where central is.
func (s *state) hear(k int) {
	s.k[k].cache, s.k[k].folded = s.open, s.k[k].stored
}

// void ends an issue of this visit that central knows something newer about.
func (m model) void(s *state, k int) {
	if d := &s.k[k]; d.act != 0 && d.kind == issue && d.mine && s.overtaken(k) && m.wrong != deafInVisit {
		m.drop(s, k)
	}
}

// staffTake is the item returned at the staff desk, which arms its tags.
func (m model) staffTake(s *state) {
	id := s.newAct(staffDesk)
	s.apply(staffDesk, event{kind: giveBack, act: id, at: 2 * id})
	s.truth = 0
	m.setAll(s, loud)
}

// staffLend is the item lent at the staff desk.
func (m model) staffLend(s *state) {
	id := s.newAct(staffDesk)
	s.apply(staffDesk, event{kind: issue, act: id, at: 2 * id})
	s.truth = id
	m.setAll(s, quiet)
}

func (m model) setAll(s *state, a afi) {
	for i := range m.tags {
		s.afi[i] = a
	}
}
