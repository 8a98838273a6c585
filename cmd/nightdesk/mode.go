package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"nightdesk/agent"
	"nightdesk/agent/config"
	"nightdesk/agent/visit"
)

const modeHelp = `Mode takes the kiosk out of service and puts it back. Without a mode it prints
what was said last.

  service   borrowers are served, as far as calendar and devices let it
  closed    the screen says that the library is closed
  out       the screen says that the kiosk is out of order
  tech      the screen says that somebody works on the kiosk

A running kiosk takes it over within a second, and lets a visit that is going
on come to its end. It holds until it is changed, through restarts too.`

// technicians are the modes that a technician may say. Emergency is the
// building's own word.
func technicians() []string {
	return []string{string(visit.InService), string(visit.Closed), string(visit.Out), string(visit.Tech)}
}

func modeCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:       "mode [service|closed|out|tech] --config kiosk.toml",
		Short:     "Take the kiosk out of service, or put it back",
		Long:      modeHelp,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: technicians(),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				err = setMode(cfg, args[0])
			} else {
				err = canRead(cfg)
			}
			if err != nil {
				return hintForMode(err, path)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), agent.ReadMode(cfg))
			return err
		},
	}
	configFlag(c, &path)
	return c
}

var errNoMode = errors.New("is no mode")

// setMode leaves a technician's word for the kiosk. The file may be read by
// everybody: the kiosk does not run as the technician.
func setMode(cfg config.Config, mode string) error {
	if !slices.Contains(technicians(), mode) {
		return fmt.Errorf("%q %w", mode, errNoMode)
	}
	if visit.Mode(mode) == visit.InService {
		if err := os.Remove(agent.ModePath(cfg)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("set the mode: %w", err)
		}
		return nil
	}
	if err := renameio.WriteFile(agent.ModePath(cfg), []byte(mode+"\n"), 0o644, renameio.IgnoreUmask()); err != nil {
		return fmt.Errorf("set the mode: %w", err)
	}
	return nil
}

// canRead tells a kiosk in service from one whose word is not for our eyes.
func canRead(cfg config.Config) error {
	if _, err := os.Stat(agent.ModePath(cfg)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the mode: %w", err)
	}
	return nil
}

func hintForMode(err error, path string) error {
	switch {
	case errors.Is(err, errNoMode):
		return withHint(err, "write one of: "+strings.Join(technicians(), ", "))
	case errors.Is(err, fs.ErrPermission):
		return withHint(err, "run it as root: sudo nightdesk mode …")
	case errors.Is(err, fs.ErrNotExist):
		return withHint(err, "the data directory is made when the kiosk first runs: nightdesk run --config "+path)
	}
	return err
}
