package agent

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// However long a cable has been out, the device is used again soon after it is
// back: a borrower stands there and waits.
func TestACableIsLookedForEveryOtherSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		last, longest := time.Now(), time.Duration(0)
		_ = keep(ctx, slog.New(slog.DiscardHandler), "pad", cableWait, func(context.Context) error {
			longest, last = max(longest, time.Since(last)), time.Now()
			return errors.New("the cable is out")
		})
		if longest > 1700*time.Millisecond {
			t.Errorf("it was not looked for during %s, want less than 2 s with the time that opening takes", longest)
		}
	})
}
