package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/google/renameio/v2"

	"nightdesk/agent/config"
	"nightdesk/agent/watch"
)

// End is how a run of the program ended.
type End string

// The ends that count. A power cut is none of them, nor is SIGKILL: both come
// from outside and say nothing about the program, and in a vehicle the first is
// how every day ends.
const (
	EndStuck End = "stuck" // a part stood still, and the watchdog ended the program
	EndPanic End = "panic" // a fault in the program
	EndError End = "error" // something without which it cannot go on; it said so
	EndDied  End = "died"  // Go's runtime ended it: a fault that nobody could catch, or a signal that asks for a dump
)

// workedFor is how long a run has to last to have been a good one.
const workedFor = 10 * time.Minute

// EndsVersion is the version of Ends.
const EndsVersion = 1

// Ends is what is known of how the last runs ended. It lies in the data
// directory, so that a run knows it from the one before.
type Ends struct {
	V       int       `json:"v"`
	Running bool      `json:"running"`        // the last run has not said how it ended
	Bad     int       `json:"bad"`            // bad ends in a row
	Held    bool      `json:"held,omitempty"` // too many: out of order until a technician says service
	Last    End       `json:"last,omitempty"` // the last bad end
	What    string    `json:"what,omitempty"` // the part, or the error
	At      time.Time `json:"at,omitzero"`    // of the last bad end; of one of the runtime's, when it was found
}

// began is what is known when a run begins; died says that the runtime has left
// last words of the one before. A run that ended without a word of anybody was
// ended from outside.
func (e Ends) began(died bool, at time.Time) Ends {
	if e.Running && died {
		e = e.ended(EndDied, "", at)
	}
	e.V, e.Running = EndsVersion, true
	return e
}

// ended is what is known after a bad end.
func (e Ends) ended(how End, what string, at time.Time) Ends {
	const most = 200 // bytes of an error
	e.Running, e.Last, e.What, e.At = false, how, strings.ToValidUTF8(what[:min(len(what), most)], ""), at
	e.Bad++
	return e
}

// well is what is known when a run has worked for long enough, or has ended as
// it was told. It does not release a kiosk that is held: nobody has looked yet.
func (e Ends) well(running bool) Ends {
	e.Running = running
	if !e.Held {
		e.Bad = 0
	}
	return e
}

// tooMany says that it is of no use to start once more as if nothing had been.
func (e Ends) tooMany(limit int) bool { return limit > 0 && e.Bad >= limit }

// EndsPath is where they are kept.
func EndsPath(cfg config.Config) string { return filepath.Join(cfg.Data, "ends.json") }

// ReadEnds reads what is known; nothing, if no kiosk has run yet.
func ReadEnds(cfg config.Config) (Ends, error) {
	var e Ends
	b, err := os.ReadFile(EndsPath(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err != nil {
		return Ends{}, fmt.Errorf("read how the last runs ended: %w", err)
	}
	return e, nil
}

// save is on the disk when it returns.
func (e Ends) save(cfg config.Config) error {
	b, err := json.Marshal(e)
	if err == nil {
		err = renameio.WriteFile(EndsPath(cfg), b, 0o600)
	}
	if err == nil {
		err = syncFolder(cfg.Data)
	}
	if err != nil {
		return fmt.Errorf("write how runs end: %w", err)
	}
	return nil
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// lastWordsPath is where Go's runtime says why it ends the program.
func lastWordsPath(cfg config.Config) string { return filepath.Join(cfg.Data, "died") }

// takeLastWords gives what the runtime said of the run before, "" if it did
// not end that, and has it say there why it ends this one. The words of before
// are gone from the disk then: they may hold values.
func takeLastWords(cfg config.Config) (said string, err error) {
	f, err := os.OpenFile(lastWordsPath(cfg), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("listen for the runtime's last words: %w", err)
	}
	defer f.Close() // the runtime has a handle of its own
	words, err := io.ReadAll(io.LimitReader(f, rawLastWords))
	err = errors.Join(err, f.Truncate(0), debug.SetCrashOutput(f, debug.CrashOptions{}))
	if err != nil {
		err = fmt.Errorf("listen for the runtime's last words: %w", err)
	}
	return string(words), err
}

// rawLastWords is how much of them is read, in bytes.
const rawLastWords = 1 << 20

// diary is this kiosk's Ends. Its methods may be called from any goroutine; they
// write to the disk and may take as long as it does.
type diary struct {
	cfg   config.Config
	now   func() time.Time
	began time.Time // the run

	mu   sync.Mutex // guards what follows, and puts the writing in line
	ends Ends
}

// openDiary begins a run; died is what the runtime said of the one before.
// unsaved: the disk does not take it.
func openDiary(cfg config.Config, died string, now func() time.Time) (d *diary, unsaved error) {
	ends, err := ReadEnds(cfg)
	d = &diary{cfg: cfg, now: now, began: now().Truncate(time.Second)}
	d.ends = ends.began(died != "", now())
	if d.ends.Held && released(cfg) {
		d.ends.Held, d.ends.Bad = false, 0
	}
	if d.ends.tooMany(cfg.Watch.Restarts) && !d.ends.Held {
		d.ends.Held = true
		err = errors.Join(err, hold(cfg))
	}
	return d, errors.Join(err, d.ends.save(cfg))
}

// change notes what has become of the run.
func (d *diary) change(to func(Ends) Ends) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.ends
	if d.ends = to(was); d.ends == was {
		return nil
	}
	return d.ends.save(d.cfg)
}

func (d *diary) known() Ends {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ends
}

// ended notes how the run ended; nil: well.
func (d *diary) ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return d.change(func(e Ends) Ends { return e.well(false) })
	}
	return d.change(func(e Ends) Ends { return e.ended(EndError, err.Error(), d.now()) })
}

// openDiary begins the run, and tells the log what the runtime said of the one
// before: places only, as of every dump. A disk that takes nothing is no reason
// not to serve.
func (k *kiosk) openDiary() {
	died, unheard := takeLastWords(k.cfg)
	if died != "" {
		k.log.Error("Go's runtime ended the run before", "goroutines", watch.Plain(died))
	}
	var unsaved error
	k.diary, unsaved = openDiary(k.cfg, died, func() time.Time { return k.clock.Now().Wall })
	if err := errors.Join(unheard, unsaved); err != nil {
		k.log.Error("nobody will know how this run ends", "err", err)
	}
}
