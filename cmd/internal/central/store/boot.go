package store

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// How long what is known of a boot is good for.
const (
	bootFor  = 400 * 24 * time.Hour // then nothing of it is waited for any more
	driftFor = 10 * time.Minute     // then the kiosk's crystal has moved it more than a slow message would
)

// Began notes how long a boot of the kiosk had run at a time. What is not newer
// than what was heard of that boot tells nothing.
func (t *Tx) Began(boot uuid.UUID, mono int64, told time.Time) error {
	began := told.UnixMilli() - mono
	err := t.exec(`INSERT INTO boot (kiosk, boot, began, told, mono) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT (kiosk, boot) DO UPDATE SET mono = ?5,
		  began = CASE WHEN ?3 <= began OR ?4 - told > ?6 THEN ?3 ELSE began END,
		  told = CASE WHEN ?3 <= began OR ?4 - told > ?6 THEN ?4 ELSE told END
		WHERE ?5 > mono`, t.kiosk, boot[:], began, told.UnixMilli(), mono, driftFor.Milliseconds())
	if err != nil {
		return fmt.Errorf("note when a boot began: %w", err)
	}
	return t.exec(`DELETE FROM boot WHERE told < ?`, ms(told.Add(-bootFor)))
}

// Heard is the longest that a boot of the kiosk is known to have run.
func (t *Tx) Heard(boot uuid.UUID) (mono int64, err error) {
	_, err = t.find(`SELECT mono FROM boot WHERE kiosk = ? AND boot = ?`, []any{t.kiosk, boot[:]}, &mono)
	return mono, err
}

// Boot says when a boot of the kiosk began; false if it never said hello.
func (t *Tx) Boot(boot uuid.UUID) (time.Time, bool, error) {
	var began sql.NullInt64
	found, err := t.find(`SELECT began FROM boot WHERE kiosk = ? AND boot = ?`, []any{t.kiosk, boot[:]}, &began)
	return at(began), found, err
}

// Reached is when the newest processed event of the kiosk was.
func (t *Tx) Reached() (time.Time, error) {
	var reached int64
	_, err := t.find(`SELECT coalesce(max(reached), 0) FROM stream WHERE kiosk = ?`, []any{t.kiosk}, &reached)
	if err != nil || reached == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(reached).UTC(), nil
}
