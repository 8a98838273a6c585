// Command nightdesk-demo shows Nightdesk on one computer: a broker and central
// in this process, a kiosk as a child process whose power can be cut, a
// simulated pad and scanner, and a table to play with. Nothing of it listens
// beyond this computer, and it is no way to run a library.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/wrong"
)

// program is the version that the demonstration's kiosk tells central.
const program = "demo"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program: 0 if all went well, 1 otherwise.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errToldAlready) {
		fmt.Fprintf(stderr, "nightdesk-demo: error: %s\n", strings.Join(strings.Fields(err.Error()), " "))
	}
	return 1
}

// errToldAlready ends the program with status 1 and no further words: the
// script has printed what is wrong.
var errToldAlready = errors.New("the script has told what is wrong")

// options are the flags.
type options struct {
	script bool
	timing bool
	data   string
	venue  string
	seed   uint64
	port   int
	pin    bool
	breaks string
	logs   bool
}

func rootCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "nightdesk-demo",
		Short: "A library desk on one computer, with its network and power to cut",
		Long: `Shows a kiosk, its pad and scanner, and central on one computer. Open the two
pages that it prints side by side: on the table, put down books and show cards,
cut the network and the power; on the borrower's screen, borrow and return.

With --script it does an evening's work by itself, without a browser, and ends
with a summary from three independent readings. It exits with 0 only if nothing
was lost, nothing was doubled and every tag agrees with the ledger.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demonstrate(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.script, "script", false, "do an evening's work without a browser and check it")
	f.BoolVar(&o.timing, "timing", false, "let pad and tags take the time that they take in a library")
	f.StringVar(&o.data, "data", "", "directory that keeps everything (default: a temporary one, removed at the end)")
	f.StringVar(&o.venue, "venue", "Syston", "library: "+venueNames())
	f.Uint64Var(&o.seed, "seed", 1, "order of the books on the shelf")
	f.IntVar(&o.port, "port", 0, "port of the table's page (default: a free one)")
	f.BoolVar(&o.pin, "pin", false, "the library asks for a PIN; the cards' PINs are printed and on the table")
	f.StringVar(&o.breaks, "break", "", "with --script, break a promise and see it found: "+wrong.UnlockFirst+" or "+wrong.AckEarly)
	f.BoolVar(&o.logs, "logs", false, "show what kiosk and central log")
	cmd.AddCommand(kioskCommand())
	return cmd
}

func venueNames() string {
	var names []string
	for _, v := range table.Venues() {
		names = append(names, v.Name)
	}
	return strings.Join(names, ", ")
}
