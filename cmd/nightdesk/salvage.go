package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nightdesk/agent"
	"nightdesk/agent/config"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
)

func salvageCommand() *cobra.Command {
	var path, out string
	c := &cobra.Command{
		Use:   "salvage --config kiosk.toml",
		Short: "Make a new ledger of what is whole in a damaged one",
		Long: "Read a damaged ledger row by row, keep every row that fits its checksum, and say what is lost. The new ledger\n" +
			"takes the damaged one's place, which is kept beside it under another name. With --out nothing is replaced.\n" +
			"The kiosk must not be running.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return salvage(cmd.Context(), cmd.OutOrStdout(), path, out)
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&out, "out", "", "write the new ledger here, and leave everything else as it is")
	return c
}

func salvage(ctx context.Context, w io.Writer, path, out string) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	cred, err := contract.LoadCredential(cfg.Credential)
	if err != nil {
		return err
	}
	lock, err := agent.Lock(cfg)
	if err != nil {
		return hintFor(err)
	}
	defer lock.Close()
	from := agent.LedgerPath(cfg)
	why := ledger.Check(ctx, from)
	switch {
	case why == nil:
		_, err := fmt.Fprintln(w, "The ledger is whole. Nothing was changed.")
		return err
	case !errors.Is(why, ledger.ErrDamaged):
		return why
	}
	to := out
	if to == "" {
		to = from + ".salvaged"
	}
	s, err := ledger.Salvage(ctx, from, to, ledger.Options{Kiosk: cred.Kiosk, Seal: cred.SealKey})
	if err != nil {
		return withHint(err, "nothing was replaced; make room on the disk, or take "+filepath.Base(to)+" away if it is left from before, and try again")
	}
	printSalvaged(w, s)
	if out != "" {
		_, err := fmt.Fprintf(w, "The new ledger is %s. Nothing was replaced.\n", out)
		return err
	}
	kept, err := ledger.Replace(from, to, time.Now())
	if err != nil {
		return withHint(err, "the new ledger is "+to+": rename it to "+from)
	}
	_, err = fmt.Fprintf(w, "The new ledger is in its place. The damaged one is kept as %s.\nStart the kiosk: systemctl start nightdesk\n", kept)
	return err
}

// printSalvaged says in sentences what was kept and what was lost.
func printSalvaged(w io.Writer, s ledger.Salvaged) {
	all := s.Events + len(s.Missing)
	fmt.Fprintf(w, "%d of %s saved.\n", s.Events, counted(all, "event was", "events were"))
	if s.Guess {
		fmt.Fprintln(w, "Nobody knows how many there should be: the row that counts them is lost.")
	}
	if len(s.Missing) > 0 {
		fmt.Fprintf(w, "Missing: %s.\n", ranges(s.Missing))
	}
	switch lost := s.Lost(); {
	case lost > 0 && !s.Guess:
		fmt.Fprintf(w, "Of these, central has not heard of %s. What was lent or returned then is lost: look at the receipts and the shelves.\n", counted(lost, "event", "events"))
	case len(s.Missing) > 0 && !s.Guess:
		fmt.Fprintln(w, "Central has all of these: nothing is lost.")
	}
	switch {
	case s.Renumbered:
		fmt.Fprintf(w, "%s to central under new numbers. Central tells by what is in them which it has had before.\n", counted(s.Waiting, "event goes", "events go"))
	case s.Waiting > 0:
		fmt.Fprintf(w, "%s for central, as before.\n", counted(s.Waiting, "event waits", "events wait"))
	}
	fmt.Fprintf(w, "%s kept", counted(s.Loans, "loan is", "loans are"))
	if s.Rebuilt > 0 {
		fmt.Fprintf(w, " (%s made again from events)", counted(s.Rebuilt, "entry was", "entries were"))
	}
	fmt.Fprintf(w, ", and %s still to be confirmed.\n", counted(s.Open, "tag is", "tags are"))
	for _, item := range s.Begun {
		fmt.Fprintf(w, "The return of item %s had begun and is lost: put it on the pad again.\n", item)
	}
}

func counted(n int, one, more string) string {
	if n == 1 {
		more = one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// ranges writes numbers as "12, 40 to 43".
func ranges(numbers []uint64) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		part := fmt.Sprint(numbers[i])
		if j > i {
			part += fmt.Sprintf(" to %d", numbers[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
