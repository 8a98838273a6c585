package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/wrong"
)

// scene is everything that must be closed again, in this process.
type scene struct {
	dir       string
	temporary bool
	log       *slog.Logger
	authority *authority
	broker    *broker
	desk      *table.Desk

	hush   context.CancelFunc // ends central's service
	served chan error
}

// demonstrate is the program without the child's sub-command.
func demonstrate(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	s, err := set(ctx, o, stderr)
	if err != nil {
		return err
	}
	if o.script {
		err = s.play(ctx, stdout)
	} else {
		err = s.host(ctx, o, stdout)
	}
	return errors.Join(err, s.strike())
}

func (o options) check() error {
	switch {
	case o.breaks != "" && o.breaks != wrong.UnlockFirst && o.breaks != wrong.AckEarly:
		return fmt.Errorf("--break knows %s and %s, not %q", wrong.UnlockFirst, wrong.AckEarly, o.breaks)
	case o.breaks != "" && !o.script:
		return errors.New("--break goes with --script")
	case o.pin && o.script:
		return errors.New("--pin goes with the pages, not with --script")
	case o.script && o.data != "" && exists(o.data+"/central"):
		return fmt.Errorf("%s holds a demonstration already; the script wants a directory of its own", o.data)
	}
	return nil
}

// set puts everything in place except the kiosk's power.
func set(ctx context.Context, o options, stderr io.Writer) (s *scene, err error) {
	s = &scene{dir: o.data, log: slog.New(slog.DiscardHandler), served: make(chan error, 1)}
	childLog := io.Discard
	if o.logs {
		s.log = slog.New(slog.NewTextHandler(stderr, nil))
		childLog = stderr
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.strike())
		}
	}()
	venue, err := table.FindVenue(o.venue)
	if err != nil {
		return s, err
	}
	stock, err := table.NewStock(o.seed)
	if err != nil {
		return s, err
	}
	stock = stock.Enliven()
	stock.PIN = o.pin
	if err := s.makeDir(); err != nil {
		return s, err
	}
	if s.authority, err = openAuthority(ctx, s.dir, stock, venue, s.log); err != nil {
		return s, err
	}
	if s.broker, err = startBroker(ctx, s.log, s.authority.logins()...); err != nil {
		return s, err
	}
	s.serve(ctx, o.breaks)
	return s, s.furnish(ctx, o, venue, stock, childLog)
}

func (s *scene) makeDir() error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "nightdesk-demo-")
		if err != nil {
			return fmt.Errorf("make a directory for the demonstration: %w", err)
		}
		s.dir, s.temporary = dir, true
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make the demonstration's directory: %w", err)
	}
	return nil
}

// serve lets central answer; quiet ends it.
func (s *scene) serve(ctx context.Context, breaks string) {
	ctx, s.hush = context.WithCancel(context.WithoutCancel(ctx))
	go func() { s.served <- s.authority.serve(ctx, s.broker.addr, breaks, s.log) }()
}

// furnish makes the room, the cable and the power switch.
func (s *scene) furnish(ctx context.Context, o options, v table.Venue, stock table.Stock, childLog io.Writer) error {
	d := &table.Desk{Venue: v, Kiosk: s.authority.kiosk.Kiosk, Central: s.authority, Fed: s.authority.fed, Now: time.Now, Log: s.log}
	s.desk = d
	var err error
	if d.Room, err = table.NewRoom(s.dir, stock, o.timing); err != nil {
		return err
	}
	if err := d.Room.PlugPrinter(); err != nil {
		return err
	}
	if d.Cable, err = table.NewCable(ctx, s.broker.addr); err != nil {
		return err
	}
	path, c, err := table.WriteWholeConfig(s.dir, v, d.Cable.Addr())
	if err != nil {
		return err
	}
	d.Config = c
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	child := []string{self, "kiosk", "--config", path}
	if o.breaks == wrong.UnlockFirst {
		child = append(child, "--break", wrong.UnlockFirst)
	}
	d.Power = table.NewPower(child, childLog)
	return nil
}

// play runs the script and judges.
func (s *scene) play(ctx context.Context, stdout io.Writer) error {
	script, err := table.NewScript(s.desk, stdout)
	if err != nil {
		return err
	}
	played := script.Run(ctx)
	if ctx.Err() != nil {
		return played
	}
	s.desk.Power.Cut() // off already, unless the script broke off
	if err := s.silence(); err != nil {
		return errors.Join(played, err)
	}
	c, err := reread(ctx, s.dir)
	if err != nil {
		return errors.Join(played, err)
	}
	v, err := script.Verdict(ctx, c, played == nil)
	if err := errors.Join(err, c.Close()); err != nil {
		return errors.Join(played, err)
	}
	fmt.Fprintln(stdout, v)
	if played != nil && !errors.Is(played, table.ErrHarm) {
		return played
	}
	if played != nil || !v.OK() {
		return errToldAlready
	}
	return nil
}

// silence ends central's service and closes its database.
func (s *scene) silence() error {
	if s.authority == nil {
		return nil
	}
	var served error
	if s.hush != nil {
		s.hush()
		served = <-s.served
	}
	err := errors.Join(served, s.authority.Close())
	s.authority = nil
	return err
}

// strike puts everything away.
func (s *scene) strike() error {
	var errs []error
	if d := s.desk; d != nil {
		if d.Power != nil {
			d.Power.Cut()
		}
		if d.Cable != nil {
			errs = append(errs, d.Cable.Close())
		}
		if d.Room != nil {
			errs = append(errs, d.Room.Close())
		}
	}
	errs = append(errs, s.silence())
	if s.broker != nil {
		errs = append(errs, s.broker.Close())
	}
	if s.temporary {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
