package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	_ "time/tzdata" // a kiosk's own time zones: the computer may have none

	"github.com/spf13/cobra"

	"nightdesk/agent"
	"nightdesk/agent/config"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/private"
)

// version is the program's; the build sets it.
var version = "dev"

func runCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "run --config kiosk.toml",
		Short: "Run the kiosk",
		Long: "Run the kiosk until it is told to end. A pad, a scanner or a broker that is not there is no error:\n" +
			"the screen says what works, and everything is tried again. The address of the screen is the first line\n" +
			"on standard output; the log goes to standard error.\n\n" +
			"Exit code 0: it was told to end. 1: it cannot go on, and says why. 2: a fault in the program.\n" +
			"3: a part of it stood still, and the log names it. After any of them it can be started again.\n" +
			"After three in a row it comes up out of order, until \"nightdesk mode service\" is said.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runKiosk(cmd.Context(), path, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	configFlag(c, &path)
	return c
}

func configFlag(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "config", "c", "/etc/nightdesk/kiosk.toml", "the kiosk's configuration; packaging/kiosk.toml explains every key")
}

func runKiosk(ctx context.Context, path string, stdout, stderr io.Writer) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: cfg.Log.Level}))
	if err := private.Keep(); err != nil {
		log.Warn("the memory is open to others", "err", err)
	}
	for _, w := range cfg.Warnings() {
		log.Warn("configuration", "line", w)
	}
	notify, feed := systemd(os.Getenv)
	err = agent.Run(ctx, cfg, agent.RunOptions{Log: log, Program: version, Notify: notify, Feed: feed, Ready: func(url string) {
		fmt.Fprintln(stdout, "screen", url)
	}})
	return hintFor(err)
}

// hintFor adds what to do next to the errors that a start can meet.
func hintFor(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, agent.ErrRunning):
		return withHint(err, "stop the other one first: systemctl stop nightdesk")
	case errors.Is(err, ledger.ErrDamaged):
		return withHint(err, "nothing that central acknowledged is lost; nightdesk outbox salvage makes a new ledger of what is whole, and keeps the old one")
	}
	return err
}

func outboxCommand() *cobra.Command {
	var path string
	var all, asJSON bool
	c := &cobra.Command{
		Use:   "outbox --config kiosk.toml",
		Short: "Print the events that central has not acknowledged",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			r, err := ledger.Audit(cmd.Context(), agent.LedgerPath(cfg))
			if errors.Is(err, ledger.ErrDamaged) {
				return hintFor(err)
			}
			if err != nil {
				return withHint(err, "the ledger is made when the kiosk first runs: nightdesk run --config "+path)
			}
			return printOutbox(cmd.OutOrStdout(), r, all, asJSON)
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&all, "all", false, "acknowledged events too")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	c.AddCommand(salvageCommand())
	return c
}
