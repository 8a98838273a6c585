package agent

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nightdesk/agent/circ"
)

func TestKeepTriesAgainAndSaysSoOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		var log bytes.Buffer
		tried := 0
		err := keep(ctx, slog.New(slog.NewTextHandler(&log, nil)), "pad left", 5*time.Second, func(context.Context) error {
			tried++
			return errors.New("the cable is out")
		})
		if err != nil || tried < 500 {
			t.Errorf("%d tries in an hour, %v, want one every few seconds", tried, err)
		}
		if got := strings.Count(log.String(), "the cable is out"); got != 1 {
			t.Errorf("told %d times, want once", got)
		}
	})
}

func TestKeepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { time.Sleep(time.Second); cancel() }()
		err := keep(ctx, slog.New(slog.DiscardHandler), "broker", time.Minute, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if err != nil {
			t.Errorf("keep: %v, want nil", err)
		}
	})
}

func TestAClockBelowTheFloorIsNotBelieved(t *testing.T) {
	floor := time.Now().Add(24 * time.Hour)
	c := NewClock(floor)
	c.state = func() circ.ClockQuality { return circ.Synced }
	m := c.Now()
	if m.Quality != circ.Unknown || m.Wall.Before(floor.Truncate(time.Millisecond)) {
		t.Errorf("%v, %s, want the floor and unknown", m.Wall, m.Quality)
	}
	c.Raise(floor.Add(-48 * time.Hour))
	if c.Now().Wall.Before(floor.Truncate(time.Millisecond)) {
		t.Error("the floor sank")
	}
}

func TestAClockThatAgreesWithCentralIsTrusted(t *testing.T) {
	c := NewClock(time.Time{})
	c.state = func() circ.ClockQuality { return circ.Restored }
	for off, want := range map[time.Duration]circ.ClockQuality{time.Second: circ.Synced, -time.Hour: circ.Restored} {
		c.Compare(time.Now().Add(off), time.Since(c.start))
		if got := c.Now().Quality; got != want {
			t.Errorf("central's time is %s off: %s, want %s", off, got, want)
		}
	}
}
