package store

import (
	"database/sql"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/cmd/internal/central/record"
)

const loanColumns = `tx, item, card, class, kiosk, start, due, provisional, renewals, renewed, paused, ended, ended_by, ended_tx, epoch, again`

type scanner interface{ Scan(...any) error }

func scanLoan(r scanner) (record.Loan, error) {
	var l record.Loan
	var tx, endedTx, epoch []byte
	var start, due, paused, ended, again sql.NullInt64
	err := r.Scan(&tx, &l.Item, (*string)(&l.Card), &l.Class, &l.Kiosk, &start, &due, &l.Provisional,
		&l.Renewals, &l.Renewed, &paused, &ended, &l.EndedBy, &endedTx, &epoch, &again)
	copy(l.Tx[:], tx)
	copy(l.EndedTx[:], endedTx)
	copy(l.Epoch[:], epoch)
	l.Start, l.Due, l.Paused, l.End, l.Again = at(start), at(due), at(paused), at(ended), at(again)
	return l, err
}

func (t *Tx) oneLoan(where string, args ...any) (record.Loan, bool, error) {
	l, err := scanLoan(t.tx.QueryRow(`SELECT `+loanColumns+` FROM loan WHERE `+where, args...))
	if err == sql.ErrNoRows {
		return l, false, nil
	}
	return l, err == nil, err
}

// Loan finds a loan by the transaction that made it.
func (t *Tx) Loan(tx circ.Tx) (record.Loan, bool, error) { return t.oneLoan(`tx = ?`, tx[:]) }

// OpenLoan finds the loan that an item is on.
func (t *Tx) OpenLoan(item circ.ItemID) (record.Loan, bool, error) {
	return t.oneLoan(`item = ? AND ended IS NULL`, item)
}

// UnseenLoan finds the loan that ran at a time and was ended by an issue.
func (t *Tx) UnseenLoan(item circ.ItemID, when time.Time) (record.Loan, bool, error) {
	return t.oneLoan(`item = ? AND start <= ? AND ended > ? AND ended_by = ? ORDER BY start DESC LIMIT 1`,
		item, ms(when), ms(when), record.ByIssue)
}

// CountLoans counts a card's open loans, in all and of a class.
func (t *Tx) CountLoans(card circ.Card, class string) (all, ofClass int, err error) {
	_, err = t.find(`SELECT count(*), coalesce(sum(class = ?), 0) FROM loan WHERE card = ? AND ended IS NULL`,
		[]any{class, string(card)}, &all, &ofClass)
	return all, ofClass, err
}

// OpenLoans gives what a card has on loan.
func (t *Tx) OpenLoans(card circ.Card) ([]record.Loan, error) {
	var loans []record.Loan
	err := t.each(`SELECT `+loanColumns+` FROM loan WHERE card = ? AND ended IS NULL ORDER BY item`, []any{string(card)}, func(r *sql.Rows) error {
		l, err := scanLoan(r)
		loans = append(loans, l)
		return err
	})
	return loans, err
}

// PutLoan stores a loan.
func (t *Tx) PutLoan(l record.Loan) error {
	if err := t.touch(l.Item, l.Card); err != nil {
		return err
	}
	// Not INSERT OR REPLACE: that would silently delete another open loan of
	// the item, where the index should say no.
	err := t.exec(`INSERT INTO loan (`+loanColumns+`) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
		ON CONFLICT (tx) DO UPDATE SET item = ?2, card = ?3, class = ?4, kiosk = ?5, start = ?6, due = ?7, provisional = ?8,
		renewals = ?9, renewed = ?10, paused = ?11, ended = ?12, ended_by = ?13, ended_tx = ?14, epoch = ?15, again = ?16`,
		l.Tx[:], l.Item, string(l.Card), l.Class, l.Kiosk, l.Start.UnixMilli(), ms(l.Due), l.Provisional,
		l.Renewals, l.Renewed, ms(l.Paused), ms(l.End), l.EndedBy, id(l.EndedTx), id(l.Epoch), ms(l.Again))
	if err != nil {
		return fmt.Errorf("store loan %s: %w", l.Tx, err)
	}
	return nil
}
