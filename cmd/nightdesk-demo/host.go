package main

import (
	"context"
	"fmt"
	"io"
	"strings"

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
Every picture that a borrower can see is at %sgallery.
Languages other than English can be chosen; nobody has reviewed them yet.
%sEverything is kept in %s%s. Ctrl-C ends it.
`, s.desk.Venue.Name, page.URL(), page.URL(), page.URL(), s.pins(), s.dir, s.fate())
	return page.Run(ctx)
}

func (s *scene) fate() string {
	if s.temporary {
		return " and removed at the end"
	}
	return ""
}

// pins lists the cards' PINs, if the library asks for them. They are nobody's.
func (s *scene) pins() string {
	if !s.desk.Room.Stock.PIN {
		return ""
	}
	var b strings.Builder
	for _, p := range s.desk.Room.Stock.People {
		fmt.Fprintf(&b, "  PIN %s  %s\n", p.PIN, p.Name)
	}
	return b.String()
}
