package main

import (
	"context"
	"fmt"
	"io"

	"nightdesk/cmd/internal/table"
)

// host switches the kiosk on and serves the table's page until ctx is done.
func (s *scene) host(ctx context.Context, o options, stdout io.Writer) error {
	page, err := table.NewPage(ctx, s.desk, o.port)
	if err != nil {
		return err
	}
	if err := s.desk.PowerOn(ctx); err != nil {
		return err
	}
	fmt.Fprintf(stdout, `Nightdesk at %s. Open these two pages side by side:

  the table            %s
  the borrower's page  %sscreen

On the table, put books down, show cards, cut the network and the power.
Everything is kept in %s%s. Ctrl-C ends it.
`, s.desk.Venue.Name, page.URL(), page.URL(), s.dir, s.fate())
	return page.Run(ctx)
}

func (s *scene) fate() string {
	if s.temporary {
		return " and removed at the end"
	}
	return ""
}
