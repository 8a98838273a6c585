package cache

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// Why a chunk was refused. A refused chunk changes nothing that Facts reads.
var (
	// ErrMalformed says that a chunk breaks the contract.
	ErrMalformed = errors.New("the chunk is malformed")
	// ErrOrder says that a chunk does not follow the one before it. Pull what
	// Want says: the page awaited, or the feed from the beginning if central
	// has answered for that page with a page of something else.
	ErrOrder = errors.New("the chunk is out of order")
	// ErrStale says that a chunk is of an older generation of central's record.
	ErrStale = errors.New("the chunk is of an older generation")
	// ErrTotal says that rows are missing at the end. What was loaded is
	// thrown away; the feed must be pulled again from the beginning.
	ErrTotal = errors.New("the number of rows is not what central counted")
)

// Apply takes one chunk of a feed, whose signature, audience and expiry the
// caller has checked. It returns what to pull next, or nil when there is
// nothing: the feed has come to chunk.To, or the chunk had been taken before.
// The Pull lacks only the kiosk's name.
//
// Rows wait aside until the last chunk has come and their number is right;
// then one transaction puts them in place: a reset instead of all that was
// there, a delta row by row where it is newer. A delta that does not start at
// the version held here, of another generation above all, changes nothing,
// and the Pull asks for what is missing.
//
// Errors: ErrMalformed, ErrOrder, ErrStale, ErrTotal, ErrDoubt.
func (c *Cache) Apply(ctx context.Context, chunk contract.Chunk) (*contract.Pull, error) {
	lines, err := readChunk(chunk)
	if err != nil {
		return nil, fmt.Errorf("apply a chunk of feed %q: %w: %w", chunk.Feed, ErrMalformed, err)
	}
	var next *contract.Pull
	var refused error // decided inside, and yet committed: a failed load is gone
	err = c.write(ctx, func(tx *sql.Tx) error {
		next, refused, err = take(tx, chunk, lines)
		return err
	})
	if err := errors.Join(err, refused); err != nil {
		return nil, fmt.Errorf("apply a chunk of feed %q: %w", chunk.Feed, err)
	}
	return next, nil
}

// Want is the Pull that carries a feed on from where it stands: into an
// unfinished transfer if there is one, else from the version held. It is what
// to send after a reconnect or a restart.
func (c *Cache) Want(ctx context.Context, feed contract.Feed) (contract.Pull, error) {
	var pull contract.Pull
	err := c.read(ctx, func(tx *sql.Tx) error {
		have, err := version(tx, feed)
		if err != nil {
			return err
		}
		l, err := underway(tx, feed)
		pull = l.pull(feed, have)
		return err
	})
	if err != nil {
		return pull, fmt.Errorf("look where feed %q stands: %w", feed, err)
	}
	return pull, nil
}

// readChunk checks what can be said of a chunk without knowing the cache.
func readChunk(chunk contract.Chunk) ([]line, error) {
	switch {
	case chunk.Feed != contract.FeedItems && chunk.Feed != contract.FeedOwn:
		return nil, errors.New("the feed is not known")
	case chunk.To == circ.FeedVersion{}:
		return nil, errors.New("it leads to no version")
	case max(chunk.From.Generation, chunk.From.Version, chunk.To.Generation, chunk.To.Version) > math.MaxInt64:
		return nil, errors.New("a version is out of range")
	case !chunk.Reset && chunk.From.Generation != chunk.To.Generation:
		return nil, errors.New("a new generation without a reset")
	case chunk.To.Before(chunk.From) && !chunk.Reset:
		return nil, errors.New("it leads backwards")
	case !chunk.Last && (chunk.Cursor == "" || chunk.Cursor == chunk.After):
		return nil, errors.New("it is not the last and says no way on")
	}
	return readRows(chunk)
}

// take finds out what a chunk is to this cache, and does it.
func take(tx *sql.Tx, chunk contract.Chunk, lines []line) (next *contract.Pull, refused, err error) {
	have, err := version(tx, chunk.Feed)
	if err != nil {
		return nil, nil, err
	}
	l, err := underway(tx, chunk.Feed)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case chunk.Reset && chunk.To.Generation < have.Generation:
		return nil, ErrStale, nil
	case known(chunk, have):
		return nil, nil, nil
	case !chunk.Reset && chunk.From != have:
		pull := l.pull(chunk.Feed, have)
		return &pull, nil, nil
	case l.carries(chunk) && chunk.After != l.cursor:
		return again(tx, chunk, l, have)
	case l.carries(chunk):
	case chunk.After != "" && chunk.After == l.cursor:
		return nil, ErrOrder, discard(tx, chunk.Feed)
	case chunk.After != "":
		return nil, ErrOrder, nil
	default:
		if l, err = begin(tx, chunk); err != nil {
			return nil, nil, err
		}
	}
	return l.add(tx, chunk, lines, have)
}

// known says that a chunk holds nothing that is not in the cache already. A
// delta from the version held to itself is not known: it says how far the
// kiosk's events are folded, and that nothing else has changed.
func known(chunk contract.Chunk, have circ.FeedVersion) bool {
	if chunk.Reset {
		return chunk.To.Generation == have.Generation && !have.Before(chunk.To)
	}
	return chunk.To.Before(have) || chunk.To == have && chunk.From != have
}

// again is a chunk of the transfer under way that is not the one awaited. One
// that was taken before is passed over; the first one means that somebody
// asks from the beginning, and hears where to go on.
func again(tx *sql.Tx, chunk contract.Chunk, l load, have circ.FeedVersion) (*contract.Pull, error, error) {
	var taken bool
	err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM load_page WHERE feed = ? AND after = ?)",
		chunk.Feed, chunk.After).Scan(&taken)
	if err != nil {
		return nil, nil, err
	}
	if !taken {
		return nil, ErrOrder, nil
	}
	if chunk.After != "" {
		return nil, nil, nil
	}
	pull := l.pull(chunk.Feed, have)
	return &pull, nil, nil
}
