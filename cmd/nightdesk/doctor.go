package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"nightdesk/agent"
	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/config"
	"nightdesk/agent/contract"
	"nightdesk/agent/doctor"
	"nightdesk/agent/ledger"
	"nightdesk/drivers/catalog"
)

// doctorTime bounds the whole examination.
const doctorTime = 10 * time.Second

// exitWith is a command's exit code that is no error to print.
type exitWith int

func (e exitWith) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func doctorCommand() *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor --config kiosk.toml",
		Short: "Say what works, what does not, and what to do next",
		Long:  "One line for each check. Exit code 0: all is well, 1: something needs attention, 2: something does not work.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), doctorTime)
			defer cancel()
			findings := examine(ctx, path)
			print := doctor.Print
			if asJSON {
				print = doctor.PrintJSON
			}
			if err := print(cmd.OutOrStdout(), findings); err != nil {
				return err
			}
			if code := doctor.ExitCode(findings); code != 0 {
				return exitWith(code)
			}
			return nil
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "for programs")
	return c
}

// examine runs every check. Without a configuration there is nothing else to look at.
func examine(ctx context.Context, path string) []doctor.Finding {
	cfg, err := config.Load(path)
	if err != nil {
		return []doctor.Finding{doctor.Bad(doctor.Fail, doctor.Config, "config", err.Error(), "mend the file; packaging/kiosk.toml explains every key")}
	}
	cred, err := contract.LoadCredential(cfg.Credential)
	p := patient{path: path, cfg: cfg, cred: cred, clock: agent.NewClock(time.Time{})}
	p.find(configFinding(path, cfg, err))
	p.files(ctx)
	p.running(ctx)
	p.languages()
	p.find(doctor.CheckDisplay(cfg.Display.Diagonal, cfg.Display.Viewing))
	p.broker(ctx)
	return p.findings
}

// patient is a kiosk that is looked at.
type patient struct {
	path     string // of the configuration
	cfg      config.Config
	cred     contract.Credential
	clock    *agent.Clock
	findings []doctor.Finding
}

func (p *patient) find(f doctor.Finding) { p.findings = append(p.findings, f) }

func configFinding(path string, cfg config.Config, err error) doctor.Finding {
	switch w := cfg.Warnings(); {
	case err != nil:
		return doctor.Bad(doctor.Fail, doctor.Config, "config", err.Error(), "put the credential file there: nightdesk-central kiosk add NAME writes it")
	case len(w) > 0:
		return doctor.Bad(doctor.Warn, doctor.Config, "config", w[0], "see packaging/kiosk.toml")
	}
	return doctor.Fine(doctor.Config, "config", "%s", path)
}

// files looks at ledger, cache and clock.
func (p *patient) files(ctx context.Context) {
	now := p.clock.Now()
	r, err := readLedger(ctx, agent.LedgerPath(p.cfg))
	p.find(doctor.CheckLedger(r, err, now.Wall))
	if _, err := os.Stat(agent.CachePath(p.cfg)); err != nil {
		p.find(doctor.CheckCache(0, false, true, 0, 0, 0, nil))
		p.find(doctor.CheckClock(now, time.Time{}))
		return
	}
	c, err := cache.Open(ctx, agent.CachePath(p.cfg))
	if err != nil {
		p.find(doctor.CheckCache(0, false, false, 0, 0, 0, err))
		return
	}
	defer c.Close()
	s, err := c.Status(ctx)
	full, capped := p.ages(ctx, c)
	age, heard := s.Age(now.Wall)
	p.find(doctor.CheckCache(age, heard, false, s.Rows["item"], full, capped, err))
	p.find(doctor.CheckClock(now, s.Floor))
}

// ages are the venue's own limits of the cache's age (design D7).
func (p *patient) ages(ctx context.Context, c *cache.Cache) (full, capped time.Duration) {
	const day = 24 * time.Hour
	full, capped = 3*day, 14*day
	f, err := c.Facts(ctx, p.clock.Now(), p.cred.CardKey, circ.Borrower{}, nil)
	if err != nil || f.Rules == nil {
		return full, capped
	}
	if d := f.Rules.Offline.FullDays; d > 0 {
		full = time.Duration(d) * day
	}
	if d := f.Rules.Offline.CappedDays; d > 0 {
		capped = time.Duration(d) * day
	}
	return full, capped
}

func readLedger(ctx context.Context, path string) (doctor.LedgerReading, error) {
	r, err := ledger.Audit(ctx, path)
	if errors.Is(err, os.ErrNotExist) {
		return doctor.LedgerReading{Missing: true}, nil
	}
	out := doctor.LedgerReading{Open: len(r.Wishes), Damaged: errors.Is(err, ledger.ErrDamaged)}
	for _, e := range r.Events {
		if e.Acked {
			continue
		}
		if out.Waiting == 0 {
			out.Oldest = e.At
		}
		out.Waiting++
	}
	return out, err
}

// running asks a running kiosk about its devices, and opens them itself only
// if none runs.
func (p *patient) running(ctx context.Context) {
	lock, err := agent.Lock(p.cfg)
	switch {
	case errors.Is(err, agent.ErrRunning):
		p.ask(ctx)
		return
	case err == nil:
		defer lock.Close()
	case !errors.Is(err, os.ErrNotExist):
		p.find(doctor.Bad(doctor.Warn, doctor.Program, "kiosk", "nobody can tell whether it runs: "+err.Error(), "ask as root: sudo nightdesk doctor; no device was looked at"))
		return
	}
	p.find(doctor.Bad(doctor.Warn, doctor.Program, "kiosk", "is not running", "systemctl start nightdesk"))
	p.mode(agent.Report{})
	p.faults(agent.Report{})
	for _, pad := range p.cfg.Pads {
		p.tryPad(ctx, pad)
	}
	p.tryScanner(ctx)
	p.tryPrinter(ctx)
	p.tryHeadset(ctx)
	p.tryLines(ctx)
}

// ask reads what the running kiosk last wrote.
func (p *patient) ask(ctx context.Context) {
	r, err := agent.ReadReport(p.cfg)
	switch {
	case errors.Is(err, os.ErrNotExist):
		p.find(doctor.Bad(doctor.Warn, doctor.Program, "kiosk", "is running and has not told yet what works", "wait ten seconds and ask again"))
		return
	case err != nil:
		p.find(doctor.Bad(doctor.Warn, doctor.Program, "kiosk", "is running, but "+err.Error(), "after an update restart it: systemctl restart nightdesk"))
		return
	}
	p.find(doctor.Fine(doctor.Program, "kiosk", "is running (process %d), told %s ago what works", r.PID, p.clock.Now().Wall.Sub(r.At).Round(time.Second)))
	p.mode(r)
	p.faults(r)
	p.find(doctor.CheckCentral(doctor.CentralReading{Online: r.Online, Heard: r.Heard, Began: r.Began}, p.clock.Now().Wall))
	if r.Kept != "" {
		p.find(doctor.CacheBegunAnew(r.Kept))
	}
	if r.Held || r.Shut != "" {
		return // it has opened no device
	}
	for _, pad := range p.cfg.Pads {
		p.find(device(doctor.Pads, "pad", pad.Name+" on "+pad.Path, r.Pads[pad.Name], r.Trouble["pad "+pad.Name]))
	}
	if p.cfg.Scanner.Path != "" {
		p.find(device(doctor.Scanner, "scanner", "on "+p.cfg.Scanner.Path, r.Scanner, r.Trouble["scanner"]))
	}
	p.askPrinter(r)
	p.askHeadset(ctx, r)
	p.askLines(r)
}

// mode looks at what a technician said, and at what the kiosk made of it.
func (p *patient) mode(r agent.Report) {
	p.find(doctor.CheckMode(doctor.ModeReading{Told: agent.ReadMode(p.cfg), Is: r.Mode, Shows: r.Shows,
		Program: "nightdesk mode service --config " + p.path}))
}

func device(id, name, where string, works bool, trouble string) doctor.Finding {
	if works {
		return doctor.Fine(id, name, "%s works", where)
	}
	if trouble == "" {
		trouble = "not opened yet"
	}
	return doctor.Bad(doctor.Fail, id, name, where+": "+trouble, "check cable and power; the kiosk tries again by itself")
}

func (p *patient) tryPad(ctx context.Context, cfg config.Pad) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	pad, err := catalog.OpenPad(ctx, cfg.Driver, catalog.Line{Path: cfg.Path, Baud: cfg.Baud, Parity: cfg.Parity})
	if err != nil {
		p.find(doctor.Bad(doctor.Fail, doctor.Pads, "pad", cfg.Name+": "+err.Error(), "check cable and power, and that no other program has the port open"))
		return
	}
	defer pad.Close()
	p.find(doctor.Fine(doctor.Pads, "pad", "%s: %s (what was asked for; a line cannot be asked whether it took the parity)", cfg.Name, pad))
}

func (p *patient) tryScanner(ctx context.Context) {
	if p.cfg.Scanner.Path == "" {
		return
	}
	s, err := catalog.OpenScanner(ctx, "serial", catalog.Line{Path: p.cfg.Scanner.Path, Baud: p.cfg.Scanner.Baud})
	if err != nil {
		p.find(doctor.Bad(doctor.Fail, doctor.Scanner, "scanner", err.Error(), "check cable and power"))
		return
	}
	defer s.Close()
	p.find(doctor.Fine(doctor.Scanner, "scanner", "%s can be opened; scan something to see it read", s.Set()))
}

// broker looks whether anything listens where central is reached.
func (p *patient) broker(ctx context.Context) {
	address := p.cfg.Broker.URL
	if address == "" {
		address = p.cred.Broker.URL
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		p.find(doctor.Bad(doctor.Fail, doctor.Broker, "broker", "no address is known", "set broker.url in the configuration"))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		p.find(doctor.Bad(doctor.Fail, doctor.Broker, "broker", u.Host+": "+err.Error(), "ask whether the network or the tunnel is up; the kiosk works on without it"))
		return
	}
	conn.Close()
	p.find(doctor.Fine(doctor.Broker, "broker", "%s answers", u.Host))
}
