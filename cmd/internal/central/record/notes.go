package record

import (
	"encoding/json"
	"fmt"
	"strings"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// told lets a card's row forget what its borrower has been told.
func (a act) told() (verdict, error) {
	var d contract.Told
	if err := json.Unmarshal(a.event.Data, &d); err != nil {
		return parked(Unreadable, "its data does not say what was told: "+err.Error()), nil
	}
	card, v, done, err := a.asked(d.Who)
	if done || err != nil {
		return v, err
	}
	return v, a.tx.Forget(card, d.Codes, a.event.Feed, a.at)
}

// receipt stores a list for the mailer, if there is one. Without one it stores
// nothing: a list of what somebody reads is not kept for nobody.
func (a act) receipt() (verdict, error) {
	var d contract.ReceiptAsked
	if err := json.Unmarshal(a.event.Data, &d); err != nil {
		return parked(Unreadable, "its data is no receipt: "+err.Error()), nil
	}
	card, v, done, err := a.asked(d.Who)
	if done || err != nil {
		return v, err
	}
	rules, err := a.tx.Rules(a.stored.Venue)
	if err != nil {
		return v, err
	}
	b, _, err := a.tx.Borrower(card)
	if err != nil {
		return v, err
	}
	if rules == nil || !rules.Mailer || !b.Mail {
		v.out, v.reason = Changed, NoMailer
		return v, nil
	}
	r := Receipt{Card: card, Kiosk: a.stored.Kiosk, Visit: a.event.Visit, At: a.at}
	for _, line := range d.Lines {
		it, _, err := a.tx.Item(line.Item)
		if err != nil {
			return v, err
		}
		r.Lines = append(r.Lines, ReceiptLine{Item: circ.ItemID(clip(string(line.Item))), Title: it.Title, Kind: line.Kind, Due: line.Due})
	}
	return v, a.tx.PutReceipt(r)
}

// notice lays before staff what a kiosk saw. It changes no books.
func (a act) notice() (verdict, error) {
	var d contract.Notice
	if err := json.Unmarshal(a.event.Data, &d); err != nil {
		return parked(Unreadable, "its data is no notice: "+err.Error()), nil
	}
	before, err := a.mark()
	if err != nil || before {
		return accepted(Duplicate), err
	}
	v := verdict{out: Accepted}
	if len(d.Items) == 1 {
		v.item = circ.ItemID(clip(string(d.Items[0])))
	}
	why, text := a.noticed(d)
	v.flag(why, text)
	v.urgent = d.Why == contract.NoticeHelp
	if d.Why != contract.NoticeLargeLoan { // each of those is its own matter
		v.share = string(a.event.Type) + "/" + a.stored.Kiosk + "/" + clip(string(d.Why)) + "/" + clip(d.Device) + "/" + named(d.Items)
	}
	return v, nil
}

// noticed is a notice in plain words.
func (a act) noticed(d contract.Notice) (circ.Reason, string) {
	kiosk, n := a.stored.Kiosk, len(d.Items)
	switch d.Why {
	case contract.NoticeLeftBehind:
		return LeftBehind, fmt.Sprintf("%s lay on the shelf of %s for five minutes and nobody came: %s. Fetch them, and look whose they are", things(n), kiosk, named(d.Items))
	case contract.NoticeHelp:
		return circ.Reason(d.Why), "somebody pressed the help button at " + kiosk
	case contract.NoticeLargeLoan:
		return circ.Reason(d.Why), fmt.Sprintf("%s went out in one visit at %s, more than is usual there; look whether that is right", things(n), kiosk)
	case contract.NoticeCardRefused:
		return circ.Reason(d.Why), "three scans in a row at " + kiosk + " were no library card; look at the scanner's window, or somebody needs a new card"
	case contract.NoticePrinter:
		return circ.Reason(d.Why), "the receipt printer at " + kiosk + " needs paper, is open or does not answer"
	case contract.NoticeDevice:
		return circ.Reason(d.Why), fmt.Sprintf("%s at %s has been out of reach for long; look at its cable, then run nightdesk doctor there", clip(d.Device), kiosk)
	}
	return StaffNotice, fmt.Sprintf("%s tells of %q, for which this version has no words; update central", kiosk, clip(string(d.Why)))
}

func things(n int) string {
	switch n {
	case 0:
		return "a number of items"
	case 1:
		return "one item"
	}
	return fmt.Sprintf("%d items", n)
}

// named lists items, the first few by their numbers.
func named(items []circ.ItemID) string {
	var list []string
	for i, item := range items {
		if i == 5 {
			list = append(list, fmt.Sprintf("and %d more", len(items)-i))
			break
		}
		list = append(list, clip(string(item)))
	}
	return strings.Join(list, ", ")
}
