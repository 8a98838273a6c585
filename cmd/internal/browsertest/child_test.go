package browsertest

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/cmd/internal/table"
)

// TestMain is the kiosk as well: a process of its own, so that its power can
// be cut in the middle of a line of code.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "kiosk" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		err := kiosk(ctx, os.Args[2:])
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// kiosk is nightdesk run, with times shorter than a configuration may have: a
// test has no minute to lose on a borrower who has walked away.
func kiosk(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("kiosk", flag.ContinueOnError)
	path := f.String("config", "", "kiosk.toml")
	quiet := f.Duration("quiet", 0, "how long nothing may happen, if not as configured")
	if err := f.Parse(args); err != nil {
		return err
	}
	cfg, err := config.Load(*path)
	if err != nil {
		return err
	}
	if *quiet > 0 {
		cfg.Visit.Quiet.Duration, cfg.Visit.Warning.Duration = *quiet, 3*time.Second
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with standard input, or with the process
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return agent.Run(ctx, cfg, agent.RunOptions{
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Program: "test",
		Quality: func() circ.ClockQuality { return circ.Synced }, // the words on the tiles must not depend on this computer's clock
		Ready: func(url string) {
			if err := table.Announce(os.Stdout, url); err != nil {
				cancel()
			}
		},
	})
}
