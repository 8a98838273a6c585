package malice

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/table"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
)

// A borrower with a PIN borrows and goes, the kiosk is killed with a core dump
// allowed, and a thief takes its disk, its logs and the broker's.
func TestTheft(t *testing.T) {
	r := torture.Start(t, torture.Rig{
		Harm: "the kiosk, its logs and the broker's disk are taken after an evening; the kiosk was made to crash", Unit: "searches",
		Target: "no card number and no PIN in any form, no core dump, memory that other users cannot read", Short: 1, Long: 1,
	})
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: was.Max, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_CORE, &was)
	disk := t.TempDir()
	h := house.New(t, house.Options{CoreDump: true, Broker: []string{"persistence_location " + disk + "/", "persistence true", "log_type all"}})
	secrets := plant(t, h)
	h.Start(t)
	evening(t, h, secrets)
	pid := h.Kiosk.PID()
	if readable(t, pid) {
		t.Error("another user of the computer can read the kiosk's memory")
	}
	if err := syscall.Kill(h.Broker.PID(), syscall.SIGUSR1); err != nil { // write what you hold to the disk
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); h.Kiosk.Fell() == nil && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	if err := h.Central.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, log := range []string{"kiosk.log", "central.log", "broker.log", "kiosk/ledger.db", "kiosk/cache.db"} {
		if _, err := os.Stat(filepath.Join(h.Dir, log)); err != nil {
			t.Fatal(err)
		}
	}
	// Central and what the library exports know everybody; that is what they are for.
	files, hits := search(t, secrets, h.Dir, disk, filepath.Join(h.Dir, "central", "central.db"), filepath.Join(h.Dir, "exports"))
	for _, hit := range hits {
		t.Error(hit)
	}
	if cores, _ := filepath.Glob(filepath.Join(h.Dir, "core*")); len(cores) > 0 {
		t.Errorf("the crash has left %v", cores)
	}
	control(t, secrets)
	r.Done(files * len(secrets))
	r.Reached("%d hits in %d files; no core dump after SIGABRT, memory closed to other users", len(hits), files)
}

// plant gives the borrowers long PINs that are nothing else by chance, and has
// the venue ask for them.
func plant(t *testing.T, h *house.House) (secrets []string) {
	t.Helper()
	h.Stock.PIN = true
	for i := range h.Stock.People {
		h.Stock.People[i].PIN = fmt.Sprintf("739154%d2", i)
		secrets = append(secrets, h.Stock.People[i].PIN, string(h.Stock.People[i].Card))
	}
	venue, err := table.FindVenue("syston")
	if err != nil {
		t.Fatal(err)
	}
	exports := filepath.Join(h.Dir, "exports")
	if _, err := h.Stock.Export(exports, venue); err != nil {
		t.Fatal(err)
	}
	rules := filepath.Join(exports, "policy.toml")
	text, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`pin = {ask = "online"`), []byte(`pin = {ask = "online", length = 8, offline = "verifier"`), 1)
	if err := os.WriteFile(rules, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.CentralCommand(t.Context(), "import", "--from", exports); err != nil {
		t.Fatal(err)
	}
	return append(secrets, "73915499") // a PIN that is wrong
}

// evening is a wrong PIN, a right one, a loan, and a scanned card of no use.
func evening(t *testing.T, h *house.House, secrets []string) {
	t.Helper()
	w := openWeb(t, &attacked{House: h})
	hand := w.hand
	ctx, cancel := house.Within(t.Context(), 60*time.Second)
	defer cancel()
	who := h.Stock.People[0]
	book := h.Stock.Books[0]
	for _, b := range h.Stock.Books {
		if b.Class == "book" && len(b.Tags) == 1 {
			book = b
			break
		}
	}
	showCard(t, h, hand, who.Card)
	w.typePIN(t, secrets[len(secrets)-1])
	if _, err := hand.Until(ctx, "the PIN to be asked for again", func(v screen.View) bool { return v.Screen == visit.PIN }); err != nil {
		t.Fatal(err)
	}
	w.typePIN(t, who.PIN)
	if _, err := hand.Until(ctx, "a visit", func(v screen.View) bool { return v.Screen == visit.Borrow }); err != nil {
		t.Fatal(err)
	}
	h.Room.PutDown(book)
	if _, err := hand.Until(ctx, "the loan", func(v screen.View) bool { return len(v.Lines) == 1 && v.Lines[0].State == visit.LineDone }); err != nil {
		t.Fatal(err)
	}
	h.Room.Lift(book)
	if _, err := hand.Tap(ctx, visit.TapFinish, "", "the end", func(v screen.View) bool { return v.Screen == visit.Bye || v.Screen == visit.Home }); err != nil {
		t.Fatal(err)
	}
	if err := h.Drained(ctx); err != nil {
		t.Fatal(err)
	}
}

func showCard(t *testing.T, h *house.House, hand *table.Hand, card circ.Card) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if v, err := hand.Look(t.Context()); err == nil && v.Screen == visit.PIN {
			return
		}
		if time.Now().After(end) {
			t.Fatal("no PIN is asked for")
		}
		if err := h.Room.ShowCard(card); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
	}
}

// forms are how a text may lie in a file.
func forms(s string) map[string][]byte {
	wide := utf16.Encode([]rune(s))
	var little, big []byte
	for _, c := range wide {
		little, big = append(little, byte(c), byte(c>>8)), append(big, byte(c>>8), byte(c))
	}
	all := map[string][]byte{"plain": []byte(s), "UTF-16, little end first": little, "UTF-16, big end first": big, "hexadecimal": []byte(hex.EncodeToString([]byte(s)))}
	for pad := range 3 { // base64 looks different by what stands before
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, pad), s...))
		all[fmt.Sprint("base64 at ", pad)] = []byte(text[[]int{0, 2, 3}[pad] : len(text)-2])
	}
	return all
}

// search looks through every file below two folders, except some.
func search(t *testing.T, secrets []string, dir, disk string, except ...string) (files int, hits []string) {
	t.Helper()
	for _, root := range []string{dir, disk} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			for _, x := range except {
				if strings.HasPrefix(path, x) {
					return nil
				}
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files++
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for i, s := range secrets {
				for form, b := range forms(s) {
					if bytes.Contains(text, b) || bytes.Contains(text, bytes.ToUpper(b)) {
						hits = append(hits, fmt.Sprintf("secret %d lies in %s, %s", i, strings.TrimPrefix(path, root), form))
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files, hits
}

// control plants a secret in each form; every one must be found.
func control(t *testing.T, secrets []string) {
	t.Helper()
	for form, b := range forms(secrets[0]) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "log"), append([]byte("level=INFO msg="), b...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, hits := search(t, secrets, dir, dir); len(hits) == 0 {
			t.Errorf("a secret in %s is not found", form)
		}
	}
}

// readable says whether another user, nobody, may read a process's memory.
func readable(t *testing.T, pid int) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		info, err := os.Stat(fmt.Sprintf("/proc/%d/mem", pid))
		return err == nil && info.Sys().(*syscall.Stat_t).Uid != 0 // root owns what cannot be dumped
	}
	cmd := exec.Command("head", "-c", "1", fmt.Sprintf("/proc/%d/maps", pid))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.Output()
	return err == nil && len(out) > 0
}

// typePIN types on the screen's own keys.
func (w *door) typePIN(t *testing.T, pin string) {
	t.Helper()
	press := func(b visit.Button, value string) {
		form := url.Values{"button": {string(b)}, "value": {value}, "serial": {w.look(t).Serial}}.Encode()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if status, err := w.send(w.request("POST", "/tap", "Host: "+w.addr, form)); err == nil && status == 204 {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("the key %s cannot be pressed: the screen shows %s", b, w.look(t).Screen)
			}
			form = url.Values{"button": {string(b)}, "value": {value}, "serial": {w.look(t).Serial}}.Encode()
		}
	}
	for _, digit := range pin {
		press(visit.TapDigit, string(digit))
	}
	press(visit.TapEnter, "")
}
