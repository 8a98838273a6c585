package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"nightdesk/agent"
	"nightdesk/agent/config"
	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/wrong"
)

// kioskCommand is the child process: what nightdesk run is, with one line on
// its standard output that says where its screen is. It ends when its standard
// input does.
func kioskCommand() *cobra.Command {
	var path, breaks string
	cmd := &cobra.Command{
		Use:    "kiosk",
		Short:  "The kiosk, as the demonstration starts it",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runKiosk(cmd.Context(), path, breaks, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&path, "config", "kiosk.toml", "the kiosk's configuration")
	cmd.Flags().StringVar(&breaks, "break", "", "promise to break")
	return cmd
}

func runKiosk(ctx context.Context, path, breaks string, stdin io.Reader, stdout, stderr io.Writer) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with standard input, or with the process
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	o := agent.RunOptions{
		Log:     slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: cfg.Log.Level})),
		Program: program,
		Ready: func(url string) {
			if err := table.Announce(stdout, url); err != nil {
				cancel() // nobody is there to look at the screen
			}
		},
	}
	switch breaks {
	case "":
	case wrong.UnlockFirst:
		o.PadLedger = wrong.Hasty
	default:
		return fmt.Errorf("no promise of the kiosk is named %q", breaks)
	}
	return agent.Run(ctx, cfg, o)
}
