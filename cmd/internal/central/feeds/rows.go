package feeds

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/record"
)

func (r reading) items(c cursor) ([]contract.Row, []string, bool, error) {
	list, err := r.view.Items(r.since, circ.ItemID(c.after), page)
	if err != nil {
		return nil, nil, false, err
	}
	return rows(list, func(i Item) (contract.Row, string, error) {
		x, err := row(contract.RowItem, string(i.ID), i.Ver, i.Gone, contract.ItemRow{
			Title: i.Title, Class: i.Class, Owner: i.Owner, Parts: i.Parts, Tagged: i.Tagged, Age: i.Age, NotLoan: i.NotLoan,
		})
		return x, string(i.ID), err
	})
}

// rows turns a page of the record into rows of a feed.
func rows[T any](list []T, turn func(T) (contract.Row, string, error)) (out []contract.Row, after []string, more bool, err error) {
	for _, x := range list {
		row, pos, err := turn(x)
		if err != nil {
			return nil, nil, false, err
		}
		out, after = append(out, row), append(after, pos)
	}
	return out, after, len(list) == page, nil
}

// books are the venue's rules and calendar: two rows at most. The cursor's
// position tells how many of them have been passed.
func (r reading) books(c cursor) (out []contract.Row, after []string, more bool, err error) {
	passed, err := c.number()
	if err != nil {
		return nil, nil, false, err
	}
	for i, kind := range []contract.RowKind{contract.RowRules, contract.RowCalendar} {
		body, ver, err := r.view.Book(string(kind), r.to.Venue)
		if err != nil {
			return nil, nil, false, err
		}
		if int64(i) < passed || ver <= r.since || body == nil && r.reset {
			continue
		}
		out = append(out, contract.Row{Kind: kind, Key: string(kind), Ver: ver, Deleted: body == nil, Data: json.RawMessage(body)})
		after = append(after, strconv.Itoa(i+1))
	}
	return out, after, false, nil
}

func (r reading) borrowers(c cursor) ([]contract.Row, []string, bool, error) {
	pos, err := c.number()
	if err != nil {
		return nil, nil, false, err
	}
	list, err := r.view.Borrowers(r.since, pos, page)
	if err != nil {
		return nil, nil, false, err
	}
	rules, err := r.venueRules()
	if err != nil {
		return nil, nil, false, err
	}
	return rows(list, func(b Borrower) (contract.Row, string, error) {
		key := contract.CardKey(r.to.CardKey, b.Card)
		data, err := r.borrower(b, rules)
		if err != nil {
			return contract.Row{}, "", err
		}
		x, err := row(contract.RowBorrower, hex.EncodeToString(key[:]), b.Ver, b.Gone, data)
		return x, strconv.FormatInt(b.ID, 10), err
	})
}

// borrower is a card as this kiosk may know it. Only a venue that holds PINs
// against verifiers gets any (design D6).
func (r reading) borrower(b Borrower, rules *circ.RuleBook) (contract.BorrowerRow, error) {
	data := contract.BorrowerRow{
		Category: b.Category, Blocked: b.Blocked, Expires: b.Expires, AgeBand: b.AgeBand,
		Loans: b.Loans, ByClass: b.ByClass, Messages: r.messages(b), Mail: b.Mail && rules != nil && rules.Mailer,
	}
	if !b.Oldest.IsZero() {
		data.Oldest = b.Oldest.In(record.Zone(rules)).Format(time.DateOnly)
	}
	if rules == nil || rules.PIN.Ask != circ.PINOnline || rules.PIN.Offline != circ.PINVerifier {
		return data, nil
	}
	var err error
	data.Verifier, err = r.view.Verifier(b.Card)
	return data, err
}

// messages is what a borrower is told at this kiosk: what the library system
// wants told, what central found, and what can be collected at its venue.
func (r reading) messages(b Borrower) []string {
	codes := append(b.Messages, b.Told...)
	here := 0
	for _, venue := range b.Ready {
		if venue == r.to.Venue {
			here++
		}
	}
	switch {
	case here == 1:
		codes = append(codes, contract.MsgHoldReady)
	case here > 1:
		codes = append(codes, contract.MsgHoldsReady)
	}
	return contract.SortMessages(codes)
}

// venueRules gives the rules of the kiosk's venue; nil if there are none.
func (r reading) venueRules() (*circ.RuleBook, error) {
	body, _, err := r.view.Book(string(contract.RowRules), r.to.Venue)
	if err != nil || body == nil {
		return nil, err
	}
	var book circ.RuleBook
	if err := json.Unmarshal(body, &book); err != nil {
		return nil, nil // the import checks it; a date is not worth failing for
	}
	return &book, nil
}

func (r reading) circs(c cursor) ([]contract.Row, []string, bool, error) {
	list, err := r.view.Circs(r.since, circ.ItemID(c.after), page)
	if err != nil {
		return nil, nil, false, err
	}
	return rows(list, func(x Circ) (contract.Row, string, error) {
		data := contract.CircRow{
			OnLoan: x.OnLoan, Holder: r.mark(x.Item, x.Holder), Due: x.Due, Renewals: x.Renewals, Hold: r.mark(x.Item, x.Waits),
		}
		row, err := row(contract.RowCirc, string(x.Item), x.Ver, !x.OnLoan && x.Waits == "", data)
		return row, string(x.Item), err
	})
}

func (r reading) mark(item circ.ItemID, card circ.Card) string {
	if card == "" {
		return ""
	}
	m := contract.Mark(r.to.CardKey, item, card)
	return hex.EncodeToString(m[:])
}

func (r reading) outcomes(c cursor) ([]contract.Row, []string, bool, error) {
	pos, err := c.number()
	if err != nil {
		return nil, nil, false, err
	}
	list, err := r.view.Outcomes(r.to.Kiosk, r.since, pos, r.at.Add(-outcomesFor), page)
	if err != nil {
		return nil, nil, false, err
	}
	return rows(list, func(o Outcome) (contract.Row, string, error) {
		data := contract.OutcomeRow{Outcome: string(o.Out), Reason: string(o.Reason)}
		if o.Case != 0 {
			data.Case = strconv.FormatInt(o.Case, 10)
		}
		key := o.Epoch.String() + "/" + strconv.FormatUint(o.N, 10)
		row, err := row(contract.RowOutcome, key, o.Ver, false, data)
		return row, strconv.FormatInt(o.ID, 10), err
	})
}
