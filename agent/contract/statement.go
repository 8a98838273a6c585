package contract

import (
	"errors"
	"fmt"
	"time"
)

// Why a good signature was not enough.
var (
	// ErrAudience says that a message is meant for somebody else.
	ErrAudience = errors.New("the message is for somebody else")
	// ErrExpired says that a message is too old to be believed.
	ErrExpired = errors.New("the message has expired")
)

// ShardAudience is the audience of what is said to a whole shard.
func ShardAudience(shard string) string { return "shard:" + shard }

// Check says whether a kiosk may believe a message whose signature is good:
// of the kind, for the audience, not expired at now. A kiosk whose clock is
// in doubt passes the later of its clock and its floor (design D9).
// Errors: ErrKind, ErrAudience, ErrExpired.
func (s Statement) Check(kind Kind, audience string, now time.Time) error {
	if s.Type != kind {
		return fmt.Errorf("%w: %q, not %q", ErrKind, clip(string(s.Type)), kind)
	}
	if s.Audience != audience {
		return fmt.Errorf("%w: %q, not %q", ErrAudience, clip(s.Audience), audience)
	}
	if !now.Before(s.Expires) {
		return fmt.Errorf("%w: at %s", ErrExpired, s.Expires.UTC().Format(time.RFC3339))
	}
	return nil
}

// Said is the statement that a message of central begins with.
func (s Statement) Said() Statement { return s }
