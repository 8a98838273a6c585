package main

import (
	"context"
	"fmt"
	"io"
)

// host serves the table's page until ctx is done.
func (s *scene) host(ctx context.Context, o options, stdout io.Writer) error {
	fmt.Fprintln(stdout, "not yet")
	return nil
}
