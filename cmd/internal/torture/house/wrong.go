package house

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"nightdesk/agent"
	"nightdesk/agent/config"
	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/wrong"
)

// A program that is sold cannot be told to break a promise. So for a rig's
// control the test's own binary plays it: the words below are its first
// argument, and what follows are the sold one's arguments.
const (
	wrongKiosk   = "wrong-kiosk"
	wrongCentral = "wrong-central"
)

// play plays a wrong program, if that is what this process was started for.
func play(args []string) (played bool, err error) {
	if len(args) < 2 || args[1] != wrongKiosk && args[1] != wrongCentral {
		return false, nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	flags := flag.NewFlagSet(args[1], flag.ContinueOnError)
	path, dir, broker := flags.String("config", "", ""), flags.String("dir", "", ""), flags.String("broker", "", "")
	if err := flags.Parse(args[3:]); err != nil { // args[2] is the command "run"
		return true, err
	}
	if args[1] == wrongKiosk {
		return true, playKiosk(ctx, *path)
	}
	return true, playCentral(ctx, *dir, *broker)
}

// playKiosk is nightdesk run with wrong.UnlockFirst.
func playKiosk(ctx context.Context, path string) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	return agent.Run(ctx, cfg, agent.RunOptions{
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Program: "wrong", PadLedger: wrong.Hasty,
		Ready: func(url string) { _ = table.Announce(os.Stdout, url) }, // whoever waits for it sees that it does not come
	})
}

// playCentral is nightdesk-central run with wrong.AckEarly.
func playCentral(ctx context.Context, dir, broker string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	c, err := central.Open(ctx, dir, central.Options{Now: time.Now, Log: log, Serving: true})
	if err != nil {
		return err
	}
	defer c.Close()
	kiosk, err := contract.LoadCredential(filepath.Join(filepath.Dir(dir), "credential.json"))
	if err != nil {
		return err
	}
	desk, err := wrong.Forgetful(c, dir, kiosk, time.Now)
	if err != nil {
		return err
	}
	b := receiver.Broker{URL: broker}
	b.User, b.Password = c.BrokerLogin()
	r, err := receiver.New(desk, b, c.Authority(), "central-wrong", log)
	if err != nil {
		return err
	}
	return r.Run(ctx)
}

// breaking replaces the program that can break a promise.
func (h *House) breaking(promise string) error {
	switch promise {
	case "":
	case wrong.UnlockFirst:
		h.Kiosk.Args = append([]string{os.Args[0], wrongKiosk}, h.Kiosk.Args[1:]...)
	case wrong.AckEarly:
		h.Central.Args = append([]string{os.Args[0], wrongCentral}, h.Central.Args[1:]...)
	default:
		return fmt.Errorf("no program breaks the promise %q", promise)
	}
	return nil
}
