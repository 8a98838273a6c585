package visit_test

import (
	"fmt"
	"strings"

	"nightdesk/agent/circ"
	"nightdesk/agent/visit"
)

// headings are the first words of each screen, for the reader of a script.
var headings = map[visit.Screen]string{
	"":             "What would you like to do?",
	visit.Home:     "What would you like to do?",
	visit.PadFull:  "What would you like to do with these items?",
	visit.CardAsk:  "Show your library card",
	visit.Check:    "Checking your card",
	visit.Stop:     "We can't lend to this card today",
	visit.Borrow:   "Borrowing",
	visit.GiveBack: "Returning",
	visit.Fix:      "These items need you",
	visit.PIN:      "Type your PIN",
	visit.Tell:     "Something to tell you",
	visit.Count:    "Is that right?",
	visit.Account:  "Your account",
	visit.Renew:    "We have asked for more time",
	visit.Pays:     "Please pay at the terminal",
	visit.Receipt:  "Would you like a receipt?",
	visit.Printing: "Printing",
	visit.Warn:     "Do you need more time?",
	visit.Settle:   "Finishing",
	visit.Bye:      "Thank you",
}

var stateWords = map[visit.LineState]string{
	visit.LineSeen:       "lies there",
	visit.LineRecording:  "is being written down",
	visit.LineSecuring:   "is being secured, please leave it there",
	visit.LinePutBack:    "please put this back on the shelf",
	visit.LineUnreadable: "cannot be read, show its stripes to the light",
	visit.LineLeftOut:    "not recorded",
	visit.LineUnsecured:  "borrowed, but the gate may sound",
	visit.LineIncomplete: "not returned yet",
	visit.LineUndo:       "is being taken back, please leave it there",
}

var shelfWords = map[circ.Shelf]string{
	circ.TakeIt:     "take it",
	circ.Bin:        "put it in the returns",
	circ.HelpShelf:  "put it on the help shelf",
	circ.HoldShelf:  "put it on the reservation shelf",
	circ.KeepIt:     "please keep it",
	circ.OnTheShelf: "put it back where it was",
}

// look writes a state as a borrower would see it.
func look(s visit.State) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  screen: %s", headings[s.Screen])
	if s.Who.Known() {
		fmt.Fprintf(&b, " (card %s)", s.Who.Card)
	}
	if s.Screen == visit.Stop {
		fmt.Fprintf(&b, " (%s)", s.Standing.Reason)
	}
	b.WriteString(asideWords(s))
	b.WriteByte('\n')
	for _, l := range s.Lines {
		fmt.Fprintf(&b, "    %s\n", lineWords(l))
	}
	if s.Note != visit.NoNote {
		fmt.Fprintf(&b, "    note: %s\n", s.Note)
	}
	if s.Mine {
		fmt.Fprintf(&b, "    asks: These were already here. Are they yours? (%d)\n", len(s.Parked))
	}
	if s.Other.Known() && s.Screen != visit.Settle {
		b.WriteString("    asks: Finish this person's visit first?\n")
	}
	if home := s.Screen == visit.Home || s.Screen == ""; home && len(s.Parked) > 0 {
		fmt.Fprintf(&b, "    parked: %d\n", len(s.Parked))
	}
	return b.String()
}

// asideWords is what a screen says beside its heading.
func asideWords(s visit.State) string {
	var w []string
	say := func(is bool, words string, args ...any) {
		if is {
			w = append(w, fmt.Sprintf(words, args...))
		}
	}
	say(s.Shows() != visit.InService && s.Mode != "", "the kiosk is %s", s.Shows())
	say(s.Cause != "", "because of its %s", s.Cause)
	say(s.Typed != "", "typed %s", s.Typed)
	say(s.Typing, "by number")
	say(s.Screen == visit.PIN && s.Left > 0, "%d tries left", s.Left)
	say(s.Screen == visit.Tell, "%s", strings.Join(s.Standing.Notes, ", "))
	say(s.Screen == visit.Count, "%d items", s.Issued())
	say(s.Paper.List, "the list is shown")
	say(s.Paper.Fault != "", "the printer has: %s", s.Paper.Fault)
	say(s.Over != "", "over it: %s", s.Over)
	say(s.Calling, "the lamp asks for help")
	say(s.Screen == visit.Warn && s.Last(), "for the last time")
	say(s.Ease.Lang != "", "in %s", s.Ease.Lang)
	say(s.Ease.Theme != "", "%s colours", s.Ease.Theme)
	say(s.Ease.Slow, "with more time")
	say(s.Ease.Speech, "spoken")
	if len(w) == 0 {
		return ""
	}
	return " [" + strings.Join(w, "; ") + "]"
}

func lineWords(l visit.Line) string {
	name := string(l.Item)
	switch {
	case name == "":
		name = "an item"
	case l.Title != "":
		name += " " + l.Title
	}
	words := stateWords[l.State]
	switch l.State {
	case visit.LineParts:
		words = fmt.Sprintf("%d of %d parts found", parts(l), l.Of)
	case visit.LineDone:
		words = doneWords(l)
	case visit.LineRefused:
		words = fmt.Sprintf("no: %s, %s", l.Decision.Reason, shelfWords[l.Decision.Shelf])
	case visit.LineLeftOut, visit.LineIncomplete:
		if shelf := shelfWords[l.Decision.Shelf]; shelf != "" {
			words += ", " + shelf
		}
	}
	if len(l.Decision.Flags) > 0 {
		words += fmt.Sprintf(" %v", l.Decision.Flags)
	}
	if l.Twin {
		words += " (two tags)"
	}
	return name + ": " + words
}

func doneWords(l visit.Line) string {
	switch {
	case l.Decision.Reason == circ.ItemAlreadyYours:
		return "this is yours already"
	case l.Decision.Reason == circ.ItemNotOnLoan:
		return "this is already returned, thank you, " + shelfWords[l.Decision.Shelf]
	case l.Kind == circ.Return:
		return "returned, " + shelfWords[l.Decision.Shelf]
	}
	return "borrowed, bring it back by " + l.Decision.Due.Format("Monday 2 January")
}

func parts(l visit.Line) int {
	seen := map[int]bool{}
	for _, t := range l.Tags {
		seen[t.Part] = true
	}
	return len(seen)
}

var kindWords = map[circ.Kind]string{circ.Issue: "lend", circ.Return: "take back", circ.Cancel: "undo the loan of"}

// effect says what the kiosk does, in words.
func (d *table) effect(e visit.Effect) string {
	switch e := e.(type) {
	case visit.Look:
		if len(e.Items) > 0 && d.state.Screen != visit.Check {
			return fmt.Sprintf("looks up %v", e.Items)
		}
		return fmt.Sprintf("looks up card %s", e.Who.Card)
	case visit.Record:
		var pile []string
		for _, r := range e.Pile {
			pile = append(pile, requestWords(r))
		}
		return "records: " + strings.Join(pile, "; ")
	case visit.Drop:
		return fmt.Sprintf("gives up the tags of %s", d.receipts[e.Tx].Item)
	case visit.Resume:
		return fmt.Sprintf("goes on with what card %s left unfinished", e.Who.Card)
	case visit.AskPIN:
		return fmt.Sprintf("asks whether card %s and the PIN belong together", e.Who.Card)
	case visit.Judge:
		return fmt.Sprintf("looks what number %s is", e.Text)
	case visit.AskRenew:
		return fmt.Sprintf("asks for more time for card %s", e.Who.Card)
	case visit.Told:
		return fmt.Sprintf("has told card %s: %s", e.Who.Card, strings.Join(e.Codes, ", "))
	case visit.Print:
		return fmt.Sprintf("prints %d items", len(e.Lines))
	case visit.Mail:
		return fmt.Sprintf("sends the list to the address of card %s", e.Who.Card)
	case visit.LeaveSet:
		return fmt.Sprintf("notes that %s was brought back with %d tags, and is not whole", e.Set.Item, len(e.Set.Tags))
	case visit.Notice:
		return fmt.Sprintf("tells staff: %s %v", e.Why, e.Items)
	case visit.Ended:
		return "the visit ends, everything about it is forgotten"
	}
	return "?"
}

func requestWords(r circ.Request) string {
	how := fmt.Sprintf("with %d tags", len(r.Tags))
	switch len(r.Tags) {
	case 0:
		how = "by barcode"
	case 1:
		how = "with its tag"
	}
	who := ""
	if r.Who.Known() {
		who = fmt.Sprintf(" for card %s", r.Who.Card)
	}
	return fmt.Sprintf("%s %s%s %s", kindWords[r.Kind], r.Item, who, how)
}
