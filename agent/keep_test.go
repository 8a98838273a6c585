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
