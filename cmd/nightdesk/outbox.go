package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"nightdesk/agent/ledger"
)

// printOutbox lists events, oldest first, and ends with a line that counts.
func printOutbox(w io.Writer, r ledger.Report, all, asJSON bool) error {
	waiting := 0
	var shown []ledger.Entry
	for _, e := range r.Events {
		if !e.Acked {
			waiting++
		}
		if all || !e.Acked {
			shown = append(shown, e.Entry)
		}
	}
	if asJSON {
		return printEntries(json.NewEncoder(w), shown)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range shown {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\n", e.N, e.At.Local().Format(time.DateTime), e.Type, e.Item, state(e))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d events, %d waiting for central, %d tags to be confirmed\n", len(r.Events), waiting, len(r.Wishes))
	return err
}

func state(e ledger.Entry) string {
	if e.Acked {
		return "acknowledged"
	}
	return "waiting"
}

func printEntries(enc *json.Encoder, entries []ledger.Entry) error {
	for _, e := range entries {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return nil
}
