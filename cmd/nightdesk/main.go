// Command nightdesk is the program on a kiosk. It turns flags into calls and
// does nothing else.
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

	"nightdesk/agent/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program: 0 if all went well, 1 with one line of error, and
// perhaps one of hint, on stderr.
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
	var code exitWith
	if errors.As(err, &code) {
		return int(code)
	}
	var problems *config.Errors
	if errors.As(err, &problems) { // one problem a line, each with its place
		fmt.Fprintln(stderr, problems)
		return 1
	}
	fmt.Fprintf(stderr, "nightdesk: error: %s\n", oneLine(err.Error()))
	var h hinted
	if errors.As(err, &h) {
		printHint(stderr, h.hint)
	}
	return 1
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "nightdesk",
		Short:         "The library desk that works when nobody is there",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), modeCommand(), doctorCommand(), outboxCommand(), tagCommand(), wordsCommand())
	return root
}

// hinted is an error with a line of advice for whoever reads it.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

func withHint(err error, hint string) error { return hinted{error: err, hint: hint} }

func printHint(w io.Writer, hint string) {
	fmt.Fprintf(w, "nightdesk: hint: %s\n", oneLine(hint))
}

// oneLine keeps a message on its line: some libraries' errors have several.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
