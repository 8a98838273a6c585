package screen

import (
	"slices"
	"strings"

	"nightdesk/agent/visit"
	"nightdesk/agent/words"
)

// account says what the card has on loan, in numbers: central keeps the titles.
func (d drawer) account(v *View, st visit.State) {
	s := st.Standing
	v.Heading = d.Say("screen.account.heading", nil)
	if s.Loans == 0 {
		v.Body = append(v.Body, d.Say("screen.account.none", nil))
	} else {
		v.Body = append(v.Body, d.Count("screen.account.loans", s.Loans, nil))
	}
	if s.Late > 0 {
		v.Body = append(v.Body, d.Count("screen.account.late", s.Late, nil))
	}
	if s.Loans > 0 && !s.Oldest.IsZero() {
		v.Body = append(v.Body, d.Say("screen.account.oldest", words.Fill{"date": d.Date(s.Oldest)}))
	}
	v.Body = append(v.Body, d.messages(s.Notes)...)
	d.paid(v, st)
	if answered := slices.ContainsFunc(s.Notes, func(code string) bool { return strings.HasPrefix(code, "renewed-") }); st.Asks && !answered {
		v.Note = d.Say("note.renew-asked", nil)
	} else if !st.Asks && s.Loans > 0 && !st.Devices.ReadOnly {
		d.button(v, visit.TapRenew, PlaceOption)
	}
	if st.Devices.Online && st.Devices.Terminal {
		d.button(v, visit.TapPay, PlaceOption)
	}
	if !returnsOnly(st) {
		d.button(v, visit.TapBorrow, PlaceSecondary)
	}
	d.button(v, visit.TapFinish, PlacePrimary)
}

// paid says how a payment ended. Of one that nobody knows the borrower keeps a
// number: the beginning of the visit's own, by which staff find it.
func (d drawer) paid(v *View, st visit.State) {
	switch st.Owed {
	case visit.PayDone:
		v.Note = d.Say("note.paid", nil)
	case visit.PayDeclined:
		v.Note = d.Say("note.pay-stopped", nil)
	case visit.PayUnknown:
		v.Heading = d.Say("screen.pay.unknown_heading", nil)
		v.Urgent = v.Heading
		code := strings.ToUpper(st.Visit.String()[:6])
		v.Body = append([]string{d.Say("screen.pay.unknown_body", words.Fill{"code": code})}, v.Body...)
	}
}

func (d drawer) count(v *View, st visit.State) {
	n := st.Issued()
	v.Heading = d.Count("screen.count.heading", n, nil)
	v.Body = []string{d.Say("screen.count.body", nil)}
	d.button(v, visit.TapNo, PlaceSecondary)
	d.buttonFor(v, visit.TapYes, n, PlacePrimary)
}

// receipt offers the list on paper, by e-mail or on the screen, whatever of
// these is possible now.
func (d drawer) receipt(v *View, st visit.State) {
	if st.Paper.List {
		d.receiptList(v, st)
		return
	}
	v.Heading = d.Say("screen.receipt.heading", nil)
	if f := st.Paper.Fault; f != visit.PrinterReady {
		v.Heading = d.Say("screen.receipt.failed_heading", nil)
		v.Body = []string{d.Say("screen.receipt."+string(f), nil), d.Say("screen.receipt.failed_body", nil)}
		v.Urgent = v.Heading
	}
	if f := st.Devices.Printer; st.Devices.HasPaper && f != visit.PrinterReady && len(v.Body) == 0 {
		v.Body = []string{d.Say("screen.receipt."+string(f), nil)} // why no paper is offered
	}
	at := PlacePrimary
	offer := func(b visit.Button, possible bool) {
		if possible {
			d.button(v, b, at)
			at = PlaceOption
		}
	}
	offer(visit.TapPrint, st.Devices.HasPaper && st.Devices.Printer == visit.PrinterReady && st.Paper.Fault == visit.PrinterReady)
	offer(visit.TapEmail, st.MayMail())
	offer(visit.TapList, true)
	d.button(v, visit.TapNone, PlaceSecondary)
}

func (d drawer) receiptList(v *View, st visit.State) {
	v.Heading = d.Say("screen.receipt.list_heading", nil)
	v.Body = []string{d.Say("screen.receipt.list_body", nil)}
	for i := len(st.Lines) - 1; i >= 0; i-- {
		if l := st.Lines[i]; l.Listed() {
			v.Lines = append(v.Lines, d.line(l, i, st))
		}
	}
	v.add(Button{Button: visit.TapList, Label: d.Say("screen.receipt.list_close", nil), Place: PlaceAgain})
	v.add(Button{Button: visit.TapNone, Label: d.Say("screen.borrow.finish", nil), Place: PlacePrimary})
}
