package disk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/cmd/internal/check"
	"nightdesk/cmd/internal/torture"
)

// waiting is an event that central has not acknowledged, and the bytes that it
// lies in on the disk.
type waiting struct {
	act  string // what it says, without its number
	disk []byte
}

// actOf is an event without its number, which a new epoch changes.
func actOf(body []byte) string {
	var e contract.Event
	if err := json.Unmarshal(body, &e); err != nil {
		return err.Error()
	}
	e.N = 0
	text, _ := json.Marshal(e)
	return string(text)
}

// waits finds the events of the undamaged files that are not acknowledged.
func (e *evening) waits(t *testing.T, kind files) (list []waiting) {
	t.Helper()
	path := e.path("waiting.db")
	kind.lay(t, path)
	report, err := ledger.Audit(context.Background(), path)
	must(t, err)
	for _, x := range report.Events {
		if x.Acked || x.Epoch != report.Epoch {
			continue
		}
		list = append(list, waiting{actOf(x.Body), record(t, kind, x)})
	}
	if len(list) < 50 {
		t.Fatalf("only %d events wait", len(list))
	}
	return list
}

// record is a stored event's bytes from the row's beginning to its checksum.
// Before the body come the sizes (at most 16 bytes), epoch, number, act, type
// and time; behind it the hash and the checksum.
func record(t *testing.T, kind files, x ledger.AuditedEvent) []byte {
	t.Helper()
	before, behind := 16+16+2+16+len(x.Type)+6, 32+8
	for _, b := range kind {
		if at := bytes.Index(b, x.Body); at >= before {
			return b[at-before : min(at+len(x.Body)+behind, len(b))]
		}
	}
	t.Fatalf("event %d is nowhere on the disk", x.N)
	return nil
}

func (f files) hold(b []byte) bool {
	for _, part := range f {
		if bytes.Contains(part, b) {
			return true
		}
	}
	return false
}

// A damaged ledger is salvaged by the command that a technician types. Every
// event that is whole is in the new one; nothing else is sent; and central,
// which has some of them already, takes none twice.
func TestSalvage(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "a damaged ledger, salvaged by the command", Unit: "ledgers",
		Target: "no whole event lost, nothing unproved sent, 0 doubled at central", Short: 60, Long: 600})
	e := newEvening(t, run.Stream(1))
	lists := [2][]waiting{e.waits(t, e.closed), e.waits(t, e.cut)}
	n := share(t, run, run.Count, func(worker int, r *rand.Rand, i int) (tally, string) {
		s := salvager{evening: e, dir: e.path(fmt.Sprintf("salvage-%d", worker))}
		harmed, what, err := s.damage(t, r, i)
		must(t, err)
		got, wrong := s.try(t, harmed, lists[i%2])
		if wrong != "" {
			wrong = what + ": " + wrong
		}
		return got, wrong
	})
	run.Reached("%d events saved that central lacked, %d lost with their bytes, 0 whole ones lost, 0 doubled", n.found, n.other)
}

// salvager is one kiosk's data directory with a damaged ledger in it.
type salvager struct {
	*evening
	dir string
}

func (s salvager) path() string { return filepath.Join(s.dir, "data", "ledger.db") }

// damage harms the files one to four times, until it matters.
func (s salvager) damage(t *testing.T, r *rand.Rand, i int) (files, string, error) {
	for {
		f, what := maps.Clone(s.kind(i)), ""
		witness := f["-last"]
		delete(f, "-last")
		for range 1 + r.IntN(4) {
			var did string
			f, did = f.harm(r)
			what += did + "; "
		}
		f["-last"] = witness
		if err := os.RemoveAll(s.dir); err != nil {
			return nil, "", err
		}
		if err := os.MkdirAll(filepath.Join(s.dir, "data"), 0o700); err != nil {
			return nil, "", err
		}
		f.lay(t, s.path())
		if err := ledger.Check(context.Background(), s.path()); errors.Is(err, ledger.ErrDamaged) {
			return f, what, nil
		}
	}
}

func (s salvager) try(t *testing.T, harmed files, list []waiting) (n tally, wrong string) {
	t.Helper()
	said, err := s.command()
	if err != nil {
		return n, fmt.Sprintf("the command: %v, %s", err, said)
	}
	w := *s.town
	w.dir = filepath.Join(s.dir, "data")
	w.open(t)
	defer func() { must(t, w.close()) }()
	sent, err := w.waiting()
	must(t, err)
	known := map[string]bool{}
	for _, x := range list {
		known[x.act] = true
		switch {
		case sent[x.act] > 0:
			n.found++
		case harmed.hold(x.disk):
			return n, fmt.Sprintf("a whole event is lost: %s\n%s", x.act, said)
		default:
			n.other++
		}
	}
	for act, times := range sent {
		if !known[act] || times > 1 {
			return n, fmt.Sprintf("%d times sent: %s\n%s", times, act, said)
		}
	}
	return n, s.atCentral(t, &w)
}

// waiting is what would be sent, and how often.
func (w *town) waiting() (map[string]int, error) {
	report, err := ledger.Audit(context.Background(), w.path("ledger.db"))
	sent := map[string]int{}
	for _, x := range report.Events {
		if x.Epoch == report.Epoch && !x.Acked {
			sent[actOf(x.Body)]++
		}
	}
	return sent, err
}

// atCentral sends the salvaged outbox to a central that knows the first half of it.
func (s salvager) atCentral(t *testing.T, w *town) (wrong string) {
	t.Helper()
	must(t, exec.Command("cp", "-a", s.town.path("central"), w.dir).Run())
	w.openCentral(t)
	defer func() { must(t, w.central.Close()) }()
	if err := w.sync(); err != nil {
		return "sync: " + err.Error()
	}
	ctx := context.Background()
	report, err := ledger.Audit(ctx, w.path("ledger.db"))
	must(t, err)
	there, err := check.AtCentral(ctx, w.central, kiosk)
	must(t, err)
	v := check.InTheDark(check.Reading{Ledger: report, Central: there})
	if v.Lost > 0 || v.Doubled > 0 || report.Unacked() > 0 {
		return fmt.Sprintf("%v, %d not acknowledged, %v", v, report.Unacked(), v.Harms)
	}
	return ""
}

// command is what the technician types.
func (s salvager) command() (said string, err error) {
	credential := filepath.Join(s.dir, "credential.json")
	if err := s.cred.Save(credential); err != nil {
		return "", err
	}
	config := filepath.Join(s.dir, "kiosk.toml")
	text := fmt.Sprintf("credential = %q\ndata = %q\n", credential, filepath.Join(s.dir, "data"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return "", err
	}
	out, err := exec.Command(nightdesk, "outbox", "salvage", "--config", config).CombinedOutput()
	return string(out), err
}

// The control: a salvage that believes every row it can read sends what was
// never written, and this rig sees it.
func TestAGullibleSalvageIsCaught(t *testing.T) {
	run := torture.Start(t, torture.Rig{Harm: "the same, salvaged without checks", Unit: "ledgers",
		Target: "control: what was never written is sent, and seen", Short: 150, Long: 1000})
	e := newEvening(t, run.Stream(1))
	list := map[string]bool{}
	for _, x := range e.waits(t, e.closed) {
		list[x.act] = true
	}
	n := share(t, run, run.Count, func(worker int, r *rand.Rand, _ int) (n tally, _ string) {
		harmed, _ := e.closed.harm(r)
		for _, body := range e.gullible(t, e.path(fmt.Sprintf("gullible-%d.db", worker)), harmed) {
			if !list[actOf(body)] {
				n.wrong++
			}
		}
		return n, ""
	})
	run.Reached("%d events that were never written", n.wrong)
	if n.wrong == 0 {
		t.Error("nothing wrong was sent: this rig cannot fail")
	}
}

func (e *evening) gullible(t *testing.T, path string, f files) [][]byte {
	t.Helper()
	f.lay(t, path)
	db, err := openPlain(path)
	must(t, err)
	defer db.Close()
	b, err := careless{db}.Unsent(context.Background(), 1000)
	if err != nil {
		return nil
	}
	return b.Raw()
}
