package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// What a kiosk goes by when its clock is wrong (design D9).
const (
	soonEnough = 20 * time.Second     // an answer that takes longer tells no time
	longSilent = 400 * 24 * time.Hour // past the floor, a clock that nothing keeps right is more likely wrong
)

// told is the time as central told it when it was asked in this boot.
type told struct {
	ever bool
	wall time.Time
	at   time.Duration // circ.Moment.Mono
}

// now is the time by central's word.
func (t told) now(mono time.Duration) time.Time { return t.wall.Add(mono - t.at) }

// Answered is the newest time that central gave as an answer in this boot, and
// when that was, in circ.Moment.Mono; false if it has given none. Unlike what
// Heard tells, nobody can have kept it.
func (u *Uplink) Answered() (wall time.Time, at time.Duration, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.told.wall, u.told.at, u.told.ever
}

// answers says whether a message is central's prompt answer to a hello of this
// session. Such an answer has not expired, whatever the clock says: the clock
// is what it will set right.
func (c *Conversation) answers(v statement, err error) bool {
	a, ok := v.(contract.Ack)
	if !ok || a.Session != c.session || err != nil && !errors.Is(err, contract.ErrExpired) {
		return false
	}
	took := c.now() - time.Duration(a.Asked)*time.Millisecond
	return took >= -time.Millisecond && took <= soonEnough
}

// tell notes the time that an answer brought. The broker's certificate, which
// may have been looked at by a wrong clock, is looked at again.
func (c *Conversation) tell(v statement) error {
	now := c.u.cfg.Now()
	asked := time.Duration(v.(contract.Ack).Asked) * time.Millisecond
	c.u.mu.Lock()
	first := !c.u.told.ever
	c.u.told = told{ever: true, wall: v.Said().Issued, at: asked + (now.Mono-asked)/2}
	c.u.mu.Unlock()
	if first {
		nudge(c.u.changed)
	}
	if l, ok := c.link.(*link); ok && l.valid != nil {
		return c.u.dated(v.Said().Issued, l.valid(v.Said().Issued))
	}
	return nil
}

// wall is the time that messages expire by: central's own, once it has told
// it; before that the clock's, or the newest signed time seen where the clock
// is in doubt and behind it.
func (u *Uplink) wall() time.Time {
	now := u.cfg.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.told.ever {
		return u.told.now(now.Mono)
	}
	if !now.Quality.Trusted() && now.Wall.Before(u.floor) {
		return u.floor
	}
	return now.Wall
}

// tlsTimes are the times that certificates may be good at, the likeliest first:
// never before the floor; and the floor too if a clock that nothing keeps right
// is more than a year past it. The first answer of central then tells the time,
// and the certificate is looked at again.
func (u *Uplink) tlsTimes() []time.Time {
	now := u.cfg.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.told.ever && now.Quality != circ.Synced:
		return []time.Time{u.told.now(now.Mono)}
	case now.Wall.Before(u.floor):
		return []time.Time{u.floor}
	case u.floor.IsZero() || now.Quality == circ.Synced || now.Wall.Before(u.floor.Add(longSilent)):
		return []time.Time{now.Wall}
	}
	return []time.Time{now.Wall, u.floor}
}

// ofAnotherTime says that a certificate is refused only for its dates.
func ofAnotherTime(err error) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(err, &invalid) && invalid.Reason == x509.Expired
}

// again looks at the broker's certificates once more, by another time.
func again(seen tls.ConnectionState, cfg *tls.Config) func(time.Time) error {
	return func(at time.Time) error {
		o := x509.VerifyOptions{Roots: cfg.RootCAs, DNSName: cfg.ServerName, CurrentTime: at, Intermediates: x509.NewCertPool()}
		for _, c := range seen.PeerCertificates[1:] {
			o.Intermediates.AddCert(c)
		}
		_, err := seen.PeerCertificates[0].Verify(o)
		return err
	}
}

// dated says in plain words that a certificate is not good at the time the
// kiosk goes by: one of the two is wrong, and people must look which.
func (u *Uplink) dated(at time.Time, err error) error {
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		return err
	}
	return fmt.Errorf("the broker's certificate is good from %s to %s, and this kiosk goes by %s: if that is not the time, set the clock (timedatectl); if it is, the broker needs a new certificate: %w",
		day(invalid.Cert.NotBefore), day(invalid.Cert.NotAfter), day(at), err)
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// loadFloor reads the floor that the cache kept. It is no earlier than the
// kiosk's enrolment.
func (u *Uplink) loadFloor(ctx context.Context) {
	floor, err := u.feeds.Floor(ctx)
	if err != nil {
		u.trouble(err)
	}
	if issued := u.cfg.Credential.Issued; floor.Before(issued) {
		floor = issued
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.saved = floor
	if u.floor.Before(floor) {
		u.floor = floor
	}
}
