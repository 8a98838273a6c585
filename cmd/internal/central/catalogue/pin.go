package catalogue

import (
	"encoding/json"
	"maps"
	"slices"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// most of a rule's numbers: a keypad and a borrower have their limits.
const (
	mostDigits = 12
	leastDigit = 4
	mostTries  = 10
)

// checkPIN checks what a rule book says about PINs.
func checkPIN(r circ.PINRule) *Problem {
	switch {
	case r.Ask != "" && r.Ask != circ.PINNever && r.Ask != circ.PINOnline:
		return &Problem{Column: "pin.ask", Text: `want "never" or "online"`}
	case r.Offline != "" && r.Offline != circ.PINOff && r.Offline != circ.PINVerifier && r.Offline != circ.PINRefuse:
		return &Problem{Column: "pin.offline", Text: `want "off", "verifier" or "refuse"`}
	case r.Length != 0 && (r.Length < leastDigit || r.Length > mostDigits):
		return &Problem{Column: "pin.length", Text: "want 4 to 12 digits"}
	case r.Tries < 0 || r.Tries > mostTries:
		return &Problem{Column: "pin.tries", Text: "want 1 to 10 tries, or 0 for 3"}
	}
	return nil
}

// pin reads a borrower's PIN. What is wrong with it is told without it.
func (t *table) pin() string {
	s := t.text("pin", maxField)
	if s != "" && contract.CheckPIN(s) != nil {
		t.bad("pin", "want 4 to 12 digits, or nothing; a spreadsheet takes leading noughts away: format the column as text")
		return ""
	}
	return s
}

// hasPINs says whether the file speaks of PINs at all.
func (t *table) hasPINs() bool {
	_, ok := t.columns["pin"]
	return ok
}

// pins stores what the PINs of an export have come to (record.HashPINs).
func (i importing) pins(s Set) error {
	if s.Borrowers != nil {
		if err := i.tx.DropGonePINs(); err != nil {
			return err
		}
	}
	if s.PINs == nil {
		return nil
	}
	n := Count{}
	for _, p := range s.PINs {
		if p.PIN != "" {
			n.Read++
		}
	}
	for _, p := range s.NewPINs {
		if p.PIN.None() {
			n.Gone++
		} else {
			n.Changed++
		}
		if err := i.tx.PutPIN(p, i.at); err != nil {
			return err
		}
	}
	i.sum["pins"] = n
	return nil
}

// verifiers sees to it that kiosks hold verifiers where their venue uses them,
// and nowhere else.
func (i importing) verifiers(before map[string][]byte, now map[string]json.RawMessage) error {
	moved, used := false, false
	for _, venue := range slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(now))) {
		is := usesVerifiers(now, venue)
		used = used || is
		moved = moved || is != usesVerifiers(before, venue)
	}
	if !moved {
		return nil
	}
	return i.tx.MoveVerifiers(used)
}

// usesVerifiers is about a venue's rules, or the default ones if it has none.
func usesVerifiers[B ~[]byte](books map[string]B, venue string) bool {
	book, ok := books[venue]
	if !ok {
		book = books[""]
	}
	var r struct {
		PIN circ.PINRule `json:"pin"`
	}
	return json.Unmarshal(book, &r) == nil && r.PIN.Ask == circ.PINOnline && r.PIN.Offline == circ.PINVerifier
}
