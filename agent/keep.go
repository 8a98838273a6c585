package agent

import (
	"context"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Waits between two sessions of the same thing.
const (
	firstWait = 500 * time.Millisecond
	longest   = 60 * time.Second
	settled   = 60 * time.Second // a session that lived this long starts the waits anew
	cableWait = time.Second      // the longest for a device; give or take a half, and still used within 2 s of its coming back
)

// keep runs one pad, scanner or MQTT session until it ends, and then another,
// until ctx is done. It is the only reconnect loop there is. A session closes
// what it opened before it returns. Trouble is logged when it changes, not each
// time it is met: an unplugged pad is one line and not one a minute.
func keep(ctx context.Context, log *slog.Logger, name string, max time.Duration, session func(context.Context) error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = firstWait, max
	var last string
	for ctx.Err() == nil {
		began := time.Now()
		err := session(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > settled {
			wait.Reset()
			last = ""
		}
		if err != nil && err.Error() != last {
			last = err.Error()
			log.Warn("not working, will be tried again", "what", name, "err", err)
		}
		sleep(ctx, wait.NextBackOff())
	}
	return nil
}

// sleep waits, but not beyond the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
