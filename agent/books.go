package agent

import (
	"context"
	"errors"

	"nightdesk/agent/cache"
	"nightdesk/agent/ledger"
)

// errMended ends a kiosk that had no ledger, when it can have one again.
var errMended = errors.New("ledger and cache open again")

// openBooks opens ledger and cache. If one does not open, the kiosk runs all
// the same, and listens to nobody: a screen that says "out of order" and a
// doctor who says why are of more use than a program that is started again and
// again.
func (k *kiosk) openBooks(ctx context.Context) {
	k.ledger = &seenLedger{door: door{room: k.watch.Room("ledger", k.cfg.Watch.Stuck.Duration)}}
	k.cache = &seenCache{door: door{room: k.watch.Room("cache", max(cacheMay, k.cfg.Watch.Stuck.Duration))}}
	if k.shut = k.tryBooks(ctx); k.shut != nil {
		k.ledger.shut, k.cache.shut = true, true
		k.log.Error("out of order: ledger or cache does not open", "err", k.shut)
		return
	}
	if r := k.cache.c.Rebuilt; r != nil {
		k.log.Error("the cache was damaged and is begun anew; central fills it", "err", r.Why, "kept", r.Kept)
	}
}

// tryBooks opens both or none.
func (k *kiosk) tryBooks(ctx context.Context) (err error) {
	if k.ledger.l, err = ledger.Open(ctx, LedgerPath(k.cfg), ledger.Options{Kiosk: k.cred.Kiosk, Seal: k.cred.SealKey}); err != nil {
		return err
	}
	if k.cache.c, err = cache.Open(ctx, CachePath(k.cfg)); err != nil {
		return errors.Join(err, k.ledger.l.Close())
	}
	floor, err := k.cache.c.Floor(ctx)
	if err != nil {
		return errors.Join(err, k.cache.c.Close(), k.ledger.l.Close())
	}
	k.clock.Raise(floor)
	return nil
}

// mended looks whether what did not open at the start does now: a disk that was
// full has room, another program has let go. Then the kiosk ends, and well, and
// the service manager starts a whole one. A ledger that is damaged stays shut
// until somebody has looked at it.
func (k *kiosk) mended(ctx context.Context) error {
	if errors.Is(k.shut, ledger.ErrDamaged) {
		return nil
	}
	defer k.ledger.room.Enter(nil)()
	if err := k.tryBooks(ctx); err != nil {
		return nil
	}
	k.log.Warn("ledger and cache open again: the kiosk ends, to be started anew")
	return errors.Join(errMended, k.cache.c.Close(), k.ledger.l.Close())
}
