package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"nightdesk/cmd/internal/central"
)

func (p *program) kiosk() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kiosk",
		Short: "Enrol and revoke kiosks",
	}
	cmd.AddCommand(p.kioskAdd(), p.kioskRevoke(), p.kioskResume())
	return cmd
}

func (p *program) kioskAdd() *cobra.Command {
	var e central.Enrolment
	var file, ca string
	cmd := &cobra.Command{
		Use:   "add NAME --venue VENUE",
		Short: "Enrol a kiosk, or enrol it anew",
		Long: `Writes the kiosk's credential file, readable to nobody else, and adds the kiosk
to DIR/mosquitto/passwd and DIR/mosquitto/acl. The file holds the only copy of
the kiosk's private key: carry it to the kiosk and delete it here.

A kiosk that is enrolled already gets new keys, and the old file is worth
nothing from then on. Tell the broker to read its files again, for instance
with: systemctl reload mosquitto.

Names are a to z, 0 to 9 and hyphens, at most 40 of them.`,
		Args: cobra.ExactArgs(1),
		RunE: p.once(func(ctx context.Context, c *central.Central, args []string) error {
			e.Name = args[0]
			if file == "" {
				file = e.Name + ".credential.json"
			}
			if ca != "" {
				pem, err := os.ReadFile(ca)
				if err != nil {
					return fmt.Errorf("read the broker's authority: %w", err)
				}
				e.BrokerCA = string(pem)
			}
			cred, err := c.AddKiosk(ctx, e)
			if err != nil {
				return err
			}
			if err := cred.Save(file); err != nil {
				return err
			}
			passwd, acl := c.BrokerFiles()
			fmt.Fprintf(p.out, "%s is enrolled. Carry %s to the kiosk and delete it here.\nThe broker reads %s and %s; tell it to read them again.\n",
				e.Name, file, passwd, acl)
			return nil
		}),
	}
	f := cmd.Flags()
	f.StringVar(&e.Venue, "venue", "", "the venue whose rules and calendar it follows")
	f.StringVar(&e.Shard, "shard", "all", "the group of kiosks that hear of the same items")
	f.StringVar(&e.BrokerURL, "broker", "", "the broker as the kiosk reaches it, mqtt://host:port or mqtts://host:port")
	f.StringVar(&ca, "ca", "", "PEM file: who may have signed the broker's certificate")
	f.StringVar(&file, "out", "", "credential file to write (default NAME.credential.json)")
	_ = cmd.MarkFlagRequired("venue") // fails only for a flag that is not there
	return cmd
}

func (p *program) kioskRevoke() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: "End a kiosk's enrolment, for instance because it was stolen",
		Long: `From now on nothing that the kiosk says is believed, and it is gone from the
broker's files. What it sent before stays. Tell the broker to read its files
again; until then the kiosk can connect, but is told to stop.`,
		Args: cobra.ExactArgs(1),
		RunE: p.once(func(ctx context.Context, c *central.Central, args []string) error {
			if err := c.RevokeKiosk(ctx, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s is revoked. Tell the broker to read its files again.\n", args[0])
			return nil
		}),
	}
}

func (p *program) kioskResume() *cobra.Command {
	return &cobra.Command{
		Use:   "resume NAME",
		Short: "Let a kiosk go on that was told to stop",
		Long: `A kiosk is told to stop when it speaks from an older epoch than its current
one: an old image of it, or a copy, is at work. Find out which, take the copy
away, and let the kiosk go on: it is then told to number its events anew.`,
		Args: cobra.ExactArgs(1),
		RunE: p.once(func(ctx context.Context, c *central.Central, args []string) error {
			if err := c.ResumeKiosk(ctx, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s may go on at its next hello.\n", args[0])
			return nil
		}),
	}
}
