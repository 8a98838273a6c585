// Command nightdesk-central is the program at the library authority: it
// receives what kiosks did, keeps what is true, and tells kiosks what they may
// do. This package turns flags into calls; it holds no rules of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nightdesk/cmd/internal/central"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "nightdesk-central: error: %v\n", err)
		os.Exit(1)
	}
}

// run is the program without its process.
func run(ctx context.Context, args []string, out, log io.Writer) error {
	p := &program{out: out, log: log, now: time.Now}
	cmd := p.root()
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(log)
	return cmd.ExecuteContext(ctx)
}

// program is what every command needs.
type program struct {
	dir      string
	json     bool
	show     bool // card numbers in full
	out, log io.Writer
	now      func() time.Time
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "nightdesk-central",
		Short: "The library authority's side of Nightdesk",
		Long: `nightdesk-central receives what the kiosks did, keeps loans, items and
borrowers, and tells the kiosks what they may do while nobody is there.

A first installation is four commands:

  nightdesk-central init --dir DIR --authority leics
  nightdesk-central import --dir DIR --from EXPORTS
  nightdesk-central kiosk add syston-1 --dir DIR --venue syston --broker mqtts://broker.example:8883
  nightdesk-central run --dir DIR --broker mqtts://broker.example:8883

The first two make DIR and fill it. The third writes the kiosk's credential
file, to be carried to the kiosk, and the broker's password file and access
list in DIR/mosquitto. The fourth serves the kiosks until it is stopped.
Every other command may be used while it runs.

Keep a copy of DIR where only you can read it: kiosks believe only the keys in
it. Copy the database with nightdesk-central backup, not with cp. After an
older copy was put back, kiosks notice it by themselves and send again what it
lacks.`,
		SilenceUsage: true, SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&p.dir, "dir", "/var/lib/nightdesk-central", "central's directory")
	flags.BoolVar(&p.json, "json", false, "print JSON instead of a table")
	flags.BoolVar(&p.show, "show-cards", false, "print card numbers in full instead of their last four digits")
	root.AddCommand(p.create(), p.serve(), p.imports(), p.kiosk(), p.kiosks(), p.loans(), p.events(), p.cases(), p.receipts(), p.backup(), p.restore())
	return root
}

// with opens central's directory for one command.
func (p *program) with(ctx context.Context, o central.Options, do func(*central.Central) error) error {
	o.Now = p.now
	c, err := central.Open(ctx, p.dir, o)
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close())
}

// once is the body of a command that opens the directory, does one thing and
// closes it again.
func (p *program) once(do func(ctx context.Context, c *central.Central, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return p.with(cmd.Context(), central.Options{}, func(c *central.Central) error {
			return do(cmd.Context(), c, args)
		})
	}
}
