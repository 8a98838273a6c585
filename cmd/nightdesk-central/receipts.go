package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"nightdesk/cmd/internal/central"
	"nightdesk/cmd/internal/central/record"
)

func (p *program) receipts() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "receipts",
		Short: "List the receipts that borrowers want by e-mail",
		Long: `Lists what borrowers asked for and nobody has sent, oldest first. Central sends
no e-mail itself and knows no address. A program of the library's own takes this
list (--json --show-cards), finds the address of each card in the library
system, writes the e-mail, and then says "receipts sent" with the receipt's
number; central keeps nothing of it.

Kiosks offer an e-mail only where policy.toml says mailer = true, and only to
borrowers for whom borrowers.csv says that there is an address.`,
		Args: cobra.NoArgs,
		RunE: p.once(func(ctx context.Context, c *central.Central, _ []string) error {
			list, err := c.Receipts(ctx)
			if err != nil {
				return err
			}
			all := []receiptView{}
			for _, r := range list {
				all = append(all, receiptView{Receipt: r.ID, Card: p.card(r.Card), Kiosk: r.Kiosk, Visit: r.Visit, At: r.At, Lines: r.Lines})
			}
			if p.json {
				return p.printJSON(all)
			}
			t := p.table("RECEIPT", "CARD", "KIOSK", "AT", "LINES")
			for _, r := range all {
				t.row(r.Receipt, r.Card, r.Kiosk, stamp(r.At), r.lines())
			}
			return t.flush()
		}),
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "sent RECEIPT",
		Short: "Say that a receipt was sent, and forget it",
		Args:  cobra.ExactArgs(1),
		RunE: p.once(func(ctx context.Context, c *central.Central, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return errors.New("a receipt is named by its number; nightdesk-central receipts lists them")
			}
			if err := c.ReceiptSent(ctx, id); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "Receipt %d is forgotten.\n", id)
			return nil
		}),
	})
	return cmd
}

type receiptView struct {
	Receipt int64                `json:"receipt"`
	Card    string               `json:"card"`
	Kiosk   string               `json:"kiosk"`
	Visit   uuid.UUID            `json:"visit"` // a long list is several receipts of one visit
	At      time.Time            `json:"at"`
	Lines   []record.ReceiptLine `json:"lines"`
}

func (r receiptView) lines() string {
	var all []string
	for _, l := range r.Lines {
		all = append(all, string(l.Kind)+" "+string(l.Item))
	}
	return strings.Join(all, ", ")
}
