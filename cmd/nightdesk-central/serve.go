package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/catalogue"
	"nightdesk/cmd/internal/central/receiver"
	"nightdesk/cmd/internal/private"
)

func (p *program) create() *cobra.Command {
	var authority string
	cmd := &cobra.Command{
		Use:   "init --authority NAME",
		Short: "Make central's directory, its keys and its database",
		Long: `Makes DIR with central's signing key, its sealing key, the password of its
broker user, the database and the broker's files, all of them readable to
nobody else. Nothing that is there already is overwritten.

The authority's name stands in every topic: a to z, 0 to 9 and hyphens, at
most 40 of them. It cannot be changed later.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := central.Create(cmd.Context(), p.dir, authority, p.now()); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s is ready for %s. Next: nightdesk-central import --dir %s --from EXPORTS\n", p.dir, authority, p.dir)
			return nil
		},
	}
	cmd.Flags().StringVar(&authority, "authority", "", "name of the library authority, for instance leics")
	_ = cmd.MarkFlagRequired("authority") // fails only for a flag that is not there
	return cmd
}

func (p *program) serve() *cobra.Command {
	var b receiver.Broker
	var passwordFile, data string
	cmd := &cobra.Command{
		Use:   "run --broker URL",
		Short: "Serve the kiosks until stopped",
		Long: `Connects to the broker, receives events, acknowledges what is stored, and
answers what kiosks ask for. It connects again after every loss, and ends only
when it is told to or when the database cannot be written.

With --data it imports the directory's files at the start, and again whenever
it receives SIGHUP.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(p.log, nil))
			if err := private.Keep(); err != nil {
				log.Warn("the memory is open to others", "error", err)
			}
			return p.with(cmd.Context(), central.Options{Serving: true, Log: log}, func(c *central.Central) error {
				if err := login(c, &b, passwordFile); err != nil {
					return err
				}
				if data != "" {
					stop, err := follow(cmd.Context(), c, data, log)
					if err != nil {
						return err
					}
					defer stop()
				}
				err := c.Run(cmd.Context(), b)
				log.Info("ended", "counts", c.Counts())
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&b.URL, "broker", "", "the broker, mqtt://host:port or mqtts://host:port")
	f.StringVar(&b.User, "user", "", "broker user (default: the one in DIR/mosquitto/passwd)")
	f.StringVar(&passwordFile, "password-file", "", "file with its password (default: DIR/broker.password)")
	f.StringVar(&b.CA, "ca", "", "PEM file: who may have signed the broker's certificate (default: the system's authorities)")
	f.StringVar(&b.Cert, "cert", "", "PEM file: central's client certificate")
	f.StringVar(&b.Key, "key", "", "PEM file: its private key")
	f.StringVar(&data, "data", "", "directory of exported files to import")
	_ = cmd.MarkFlagRequired("broker") // fails only for a flag that is not there
	return cmd
}

func login(c *central.Central, b *receiver.Broker, passwordFile string) error {
	user, password := c.BrokerLogin()
	if b.User == "" {
		b.User = user
	}
	if passwordFile != "" {
		text, err := os.ReadFile(passwordFile)
		if err != nil {
			return fmt.Errorf("read the broker's password: %w", err)
		}
		password = strings.TrimSpace(string(text))
	}
	b.Password = password
	return nil
}

// follow imports a directory now, and again at every SIGHUP until stop is
// called. A fault in the files is fatal only now; later it is logged, and what
// is there stays.
func follow(ctx context.Context, c *central.Central, dir string, log *slog.Logger) (stop func(), err error) {
	if _, err := c.ImportFrom(ctx, dir); err != nil {
		return nil, err
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
				sum, err := c.ImportFrom(ctx, dir)
				log.Info("imported", "from", dir, "changes", fmt.Sprint(sum), "error", err)
			}
		}
	}()
	return func() { signal.Stop(hup); cancel(); <-done }, nil
}

func (p *program) imports() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "import [FILE…]",
		Short: "Import what the library system exports",
		Long: `Brings central to what the files say, and through it the kiosks. A fault in
any file is told with its line and column, and then nothing is changed. Files
imported again change only what differs; what is missing from one is gone.

` + catalogue.Help,
		RunE: p.once(func(ctx context.Context, c *central.Central, files []string) error {
			if from != "" {
				found, err := catalogue.Find(from)
				if err != nil {
					return err
				}
				files = append(files, found...)
			}
			if len(files) == 0 {
				return errors.New("nothing to import; name files, or a directory with --from")
			}
			sum, err := c.Import(ctx, files...)
			if err != nil {
				return err
			}
			return p.printSummary(sum)
		}),
	}
	cmd.Flags().StringVar(&from, "from", "", "directory whose known files are imported")
	return cmd
}

func (p *program) printSummary(sum catalogue.Summary) error {
	if p.json {
		return p.printJSON(sum)
	}
	t := p.table("WHAT", "READ", "CHANGED", "GONE")
	var kinds []string
	for kind := range sum {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		n := sum[kind]
		t.row(kind, n.Read, n.Changed, n.Gone)
	}
	return t.flush()
}

func (p *program) backup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the database while it is in use",
		Long: `Writes a whole and consistent copy of central.db, readable to nobody else. The
keys beside it (sign.key, seal.key) do not change; copy them once and keep them
apart. A copy made with cp while central runs is not to be trusted.

To put a copy back, stop central, remove DIR/central.db-wal and
DIR/central.db-shm, copy FILE to DIR/central.db, and start central. Kiosks
send again what they did in the last thirty days.`,
		Args: cobra.ExactArgs(1),
		RunE: p.once(func(ctx context.Context, c *central.Central, args []string) error {
			if err := c.Backup(ctx, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s is a copy of the database as it was a moment ago.\n", args[0])
			return nil
		}),
	}
}

func (p *program) restore() *cobra.Command {
	return &cobra.Command{
		Use:   "restore-generation",
		Short: "Tell the kiosks that the database is an older copy",
		Long: `Starts a new generation of what kiosks cache, so that every kiosk fetches
everything again. Use it after an older copy of central.db was put back.
Kiosks that had seen more than the copy holds cause the same by themselves.`,
		Args: cobra.NoArgs,
		RunE: p.once(func(ctx context.Context, c *central.Central, _ []string) error {
			if err := c.RestoreGeneration(ctx); err != nil {
				return err
			}
			fmt.Fprintln(p.out, "A new generation has begun; every kiosk fetches everything at its next contact.")
			return nil
		}),
	}
}
