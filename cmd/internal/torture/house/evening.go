package house

import (
	"context"
	"errors"
	"fmt"

	"nightdesk/cmd/internal/check"
)

// Evening is the borrower's work beside the harm that is done, and then the
// wait until everything has come to its end. An error of either ends both.
func (h *House) Evening(ctx context.Context, b *Borrower, harm func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		err := b.Live(ctx, stop)
		if err != nil {
			cancel(err)
		}
		done <- err
	}()
	err := harm(ctx)
	if err != nil {
		cancel(err)
	}
	close(stop)
	if err := errors.Join(err, <-done); err != nil {
		return err
	}
	return h.Drained(ctx)
}

// Judge ends kiosk and central in good order and says what the witnesses
// agree on. That nothing was lent and nothing acknowledged is an error: then
// nothing was tested.
func (h *House) Judge(ctx context.Context, b *Borrower) (check.Verdict, check.Reading, error) {
	if err := h.Stop(ctx); err != nil {
		return check.Verdict{}, check.Reading{}, err
	}
	r, err := h.Read(ctx)
	if err != nil {
		return check.Verdict{}, r, err
	}
	r.Told = b.Told
	v := check.AtRest(r)
	if err := Harms(v); err != nil {
		return v, r, err
	}
	if len(r.Ledger.Loans) == 0 || v.Acked == 0 {
		return v, r, fmt.Errorf("%d loans and %d acknowledged events in the end: nothing was tested", len(r.Ledger.Loans), v.Acked)
	}
	return v, r, nil
}

// LookInTheDark checks what a kiosk that has just been killed has left behind.
func (h *House) LookInTheDark(ctx context.Context) error {
	r, err := h.Read(ctx)
	if err != nil {
		return err
	}
	return Harms(check.InTheDark(r))
}

// Harms is a verdict as an error; nil if nothing was found.
func Harms(v check.Verdict) error {
	if v.OK() {
		return nil
	}
	errs := []error{fmt.Errorf("harm was found: %s", v)}
	for _, h := range v.Harms {
		errs = append(errs, errors.New(h.String()))
	}
	return errors.Join(errs...)
}
