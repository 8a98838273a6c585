package agent

import (
	"context"
	"errors"
	"time"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/watch"
	"nightdesk/drivers"
)

// errShut is what a file's room says while the file is not open.
var errShut = errors.New("it is not open, because this kiosk is out of order")

// door is the way into the room of a file: whoever is in there and does not
// come out again is seen.
type door struct {
	room *watch.Room
	shut bool
}

// through calls do, in the room.
func through[T any](ctx context.Context, d door, do func() (T, error)) (T, error) {
	if d.shut {
		var none T
		return none, errShut
	}
	defer d.room.Enter(watch.From(ctx))()
	return do()
}

// in is through for what only succeeds or fails.
func (d door) in(ctx context.Context, do func() error) error {
	_, err := through(ctx, d, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// seenLedger is the ledger, watched. It holds it and does not embed it, so that
// no call goes past the door.
type seenLedger struct {
	door
	l *ledger.Ledger
}

func (s *seenLedger) Record(ctx context.Context, at circ.Moment, pile []circ.Request, f circ.Facts, decide ledger.Decide) ([]circ.Receipt, error) {
	return through(ctx, s.door, func() ([]circ.Receipt, error) { return s.l.Record(ctx, at, pile, f, decide) })
}

func (s *seenLedger) Drop(ctx context.Context, at circ.Moment, tx circ.Tx) (circ.Receipt, error) {
	return through(ctx, s.door, func() (circ.Receipt, error) { return s.l.Drop(ctx, at, tx) })
}

func (s *seenLedger) Resume(ctx context.Context, at circ.Moment, who circ.CardKey, v circ.Visit, void func(circ.ItemID) bool) ([]circ.Receipt, error) {
	return through(ctx, s.door, func() ([]circ.Receipt, error) { return s.l.Resume(ctx, at, who, v, void) })
}

func (s *seenLedger) Void(ctx context.Context, at circ.Moment, v circ.Visit, overtaken func(circ.ItemID) bool) ([]circ.Receipt, error) {
	return through(ctx, s.door, func() ([]circ.Receipt, error) { return s.l.Void(ctx, at, v, overtaken) })
}

func (s *seenLedger) Expire(ctx context.Context, at circ.Moment, v circ.Visit) ([]circ.Receipt, error) {
	return through(ctx, s.door, func() ([]circ.Receipt, error) { return s.l.Expire(ctx, at, v) })
}

func (s *seenLedger) Lent(ctx context.Context, item circ.ItemID) (ledger.Lent, error) {
	return through(ctx, s.door, func() (ledger.Lent, error) { return s.l.Lent(ctx, item) })
}

func (s *seenLedger) Verify(ctx context.Context, at circ.Moment, v circ.Visit, uid drivers.UID) (bool, error) {
	return through(ctx, s.door, func() (bool, error) { return s.l.Verify(ctx, at, v, uid) })
}

func (s *seenLedger) Note(ctx context.Context, at circ.Moment, v circ.Visit, t contract.EventType, note contract.TagNote) error {
	return s.in(ctx, func() error { return s.l.Note(ctx, at, v, t, note) })
}

func (s *seenLedger) LeftIncomplete(ctx context.Context, at circ.Moment, set circ.Request, feed circ.FeedVersion) error {
	return s.in(ctx, func() error { return s.l.LeftIncomplete(ctx, at, set, feed) })
}

func (s *seenLedger) AskRenew(ctx context.Context, at circ.Moment, v circ.Visit, who circ.Borrower) error {
	return s.in(ctx, func() error { return s.l.AskRenew(ctx, at, v, who) })
}

func (s *seenLedger) AskReceipt(ctx context.Context, at circ.Moment, v circ.Visit, who circ.Borrower, lines []contract.ReceiptLine) error {
	return s.in(ctx, func() error { return s.l.AskReceipt(ctx, at, v, who, lines) })
}

func (s *seenLedger) Told(ctx context.Context, at circ.Moment, v circ.Visit, who circ.Borrower, feed circ.FeedVersion, codes []string) error {
	return s.in(ctx, func() error { return s.l.Told(ctx, at, v, who, feed, codes) })
}

func (s *seenLedger) Notice(ctx context.Context, at circ.Moment, v circ.Visit, n contract.Notice) error {
	return s.in(ctx, func() error { return s.l.Notice(ctx, at, v, n) })
}

func (s *seenLedger) PINTries(ctx context.Context, at circ.Moment, card circ.CardKey) (contract.PINState, error) {
	return through(ctx, s.door, func() (contract.PINState, error) { return s.l.PINTries(ctx, at, card) })
}

func (s *seenLedger) PINTried(ctx context.Context, at circ.Moment, card circ.CardKey, right bool) error {
	return s.in(ctx, func() error { return s.l.PINTried(ctx, at, card, right) })
}

// What pads and the hour need.

func (s *seenLedger) Wanted(ctx context.Context, v circ.Visit, uids []drivers.UID) ([]circ.Wish, error) {
	return through(ctx, s.door, func() ([]circ.Wish, error) { return s.l.Wanted(ctx, v, uids) })
}

func (s *seenLedger) Settle(ctx context.Context, at circ.Moment, done ...circ.Wish) ([]circ.Receipt, error) {
	return through(ctx, s.door, func() ([]circ.Receipt, error) { return s.l.Settle(ctx, at, done...) })
}

func (s *seenLedger) Prune(ctx context.Context, at circ.Moment) (int64, error) {
	return through(ctx, s.door, func() (int64, error) { return s.l.Prune(ctx, at) })
}

// What the uplink needs.

func (s *seenLedger) Unsent(ctx context.Context, most int) (contract.Batch, error) {
	return through(ctx, s.door, func() (contract.Batch, error) { return s.l.Unsent(ctx, most) })
}

func (s *seenLedger) From(ctx context.Context, n uint64, most int) (contract.Batch, error) {
	return through(ctx, s.door, func() (contract.Batch, error) { return s.l.From(ctx, n, most) })
}

func (s *seenLedger) Acked(ctx context.Context, epoch circ.Epoch, n uint64, hash contract.Hash) error {
	return s.in(ctx, func() error { return s.l.Acked(ctx, epoch, n, hash) })
}

func (s *seenLedger) Position(ctx context.Context) (contract.Hello, error) {
	return through(ctx, s.door, func() (contract.Hello, error) { return s.l.Position(ctx) })
}

func (s *seenLedger) NewEpoch(ctx context.Context, at circ.Moment) error {
	return s.in(ctx, func() error { return s.l.NewEpoch(ctx, at) })
}

func (s *seenLedger) Again(ctx context.Context, at circ.Moment) error {
	return s.in(ctx, func() error { return s.l.Again(ctx, at) })
}

func (s *seenLedger) Fold(ctx context.Context, epoch circ.Epoch, n uint64) error {
	return s.in(ctx, func() error { return s.l.Fold(ctx, epoch, n) })
}

// seenCache is the cache, watched.
type seenCache struct {
	door
	c *cache.Cache
}

func (s *seenCache) Facts(ctx context.Context, at circ.Moment, key []byte, who circ.Borrower, items []circ.ItemID) (circ.Facts, error) {
	return through(ctx, s.door, func() (circ.Facts, error) { return s.c.Facts(ctx, at, key, who, items) })
}

func (s *seenCache) Recall(ctx context.Context, uid drivers.UID) (seen cache.Seen, known bool, err error) {
	err = s.in(ctx, func() (err error) { seen, known, err = s.c.Recall(ctx, uid); return err })
	return seen, known, err
}

func (s *seenCache) Learn(ctx context.Context, seen cache.Seen) (changed bool, was circ.ItemID, err error) {
	err = s.in(ctx, func() (err error) { changed, was, err = s.c.Learn(ctx, seen); return err })
	return changed, was, err
}

func (s *seenCache) Apply(ctx context.Context, chunk contract.Chunk) (*contract.Pull, error) {
	return through(ctx, s.door, func() (*contract.Pull, error) { return s.c.Apply(ctx, chunk) })
}

func (s *seenCache) Want(ctx context.Context, feed contract.Feed) (contract.Pull, error) {
	return through(ctx, s.door, func() (contract.Pull, error) { return s.c.Want(ctx, feed) })
}

func (s *seenCache) Versions(ctx context.Context) (items, own circ.FeedVersion, err error) {
	err = s.in(ctx, func() (err error) { items, own, err = s.c.Versions(ctx); return err })
	return items, own, err
}

func (s *seenCache) Confirm(ctx context.Context, items, own circ.FeedVersion, issued time.Time) error {
	return s.in(ctx, func() error { return s.c.Confirm(ctx, items, own, issued) })
}

func (s *seenCache) Floor(ctx context.Context) (time.Time, error) {
	return through(ctx, s.door, func() (time.Time, error) { return s.c.Floor(ctx) })
}

func (s *seenCache) RaiseFloor(ctx context.Context, t time.Time) error {
	return s.in(ctx, func() error { return s.c.RaiseFloor(ctx, t) })
}
