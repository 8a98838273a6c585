package central_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/uuid"

	"nightdesk/agent/cache"
	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
	"nightdesk/agent/ledger"
	"nightdesk/agent/uplink"
	"nightdesk/cmd/internal/central"
)

// Long ones, so that no number, time or hash has them in it by chance.
const (
	plantedCard  circ.Card = "21221987654329"
	plantedPIN   string    = "73915482"
	plantedGuess string    = "73915483"
)

// aKiosk is what a kiosk has for questions: the real ledger, cache and uplink.
type aKiosk struct {
	t      *testing.T
	h      *house
	dir    string
	boot   uuid.UUID
	start  time.Time
	ledger *ledger.Ledger
	cache  *cache.Cache
	uplink *uplink.Uplink
	key    []byte
	who    circ.Borrower
	log    *os.File
}

func realKiosk(t *testing.T, h *house, url string) *aKiosk {
	t.Helper()
	cred := h.kiosks["a"].cred
	k := &aKiosk{t: t, h: h, dir: t.TempDir(), boot: uuid.New(), start: time.Now(), key: cred.CardKey,
		who: circ.Borrower{Card: plantedCard, Key: contract.CardKey(cred.CardKey, plantedCard)}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	k.ledger, err = ledger.Open(h.ctx, filepath.Join(k.dir, "ledger.db"), ledger.Options{Kiosk: cred.Kiosk, Seal: cred.SealKey})
	must(err)
	k.cache, err = cache.Open(h.ctx, filepath.Join(k.dir, "cache.db"))
	must(err)
	k.log, err = os.Create(filepath.Join(k.dir, "log"))
	must(err)
	k.uplink = uplink.New(uplink.Config{Credential: cred, Broker: url, Now: k.now,
		Log: slog.New(slog.NewTextHandler(k.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, k.ledger, k.cache)
	return k
}

// now is the moment, with central's idea of the time.
func (k *aKiosk) now() circ.Moment {
	return circ.Moment{Wall: k.h.clock.now(), Mono: time.Since(k.start), Boot: k.boot, Quality: circ.Synced}
}

// online runs sessions until what it returns is called.
func (k *aKiosk) online() (end func()) {
	ctx, stop := context.WithCancel(k.h.ctx)
	var done sync.WaitGroup
	done.Go(func() {
		if err := k.uplink.Session(ctx); err != nil {
			k.t.Errorf("the session broke: %v", err)
		}
	})
	k.until("the kiosk to hear central", func() bool { return k.uplink.Online(k.now()) })
	return func() {
		stop()
		done.Wait()
	}
}

func (k *aKiosk) until(what string, is func() bool) {
	k.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// typed is a borrower's PIN, from the keypad to the ledger, as the desk does it.
func (k *aKiosk) typed(pin string) contract.PINStep {
	k.t.Helper()
	f := k.facts()
	state, err := k.ledger.PINTries(k.h.ctx, k.now(), k.who.Key)
	if err != nil {
		k.t.Fatal(err)
	}
	var v *circ.Verifier
	if f.Borrower != nil {
		v = f.Borrower.Verifier
	}
	online := k.uplink.Online(k.now())
	if step := contract.BeforePIN(f.Rules.PIN, online, state, v); step != contract.PINEnter {
		return step
	}
	answer, err := k.uplink.Ask(k.h.ctx, k.now(), k.who, pin)
	step := contract.AfterPIN(f.Rules.PIN, answer, err, v, pin)
	if step == contract.PINRight || step == contract.PINWrong {
		if err := k.ledger.PINTried(k.h.ctx, k.now(), k.who.Key, step == contract.PINRight); err != nil {
			k.t.Fatal(err)
		}
	}
	return step
}

func (k *aKiosk) facts() circ.Facts {
	k.t.Helper()
	f, err := k.cache.Facts(k.h.ctx, k.now(), k.key, k.who, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	return f
}

func (k *aKiosk) expect(pin string, want contract.PINStep) {
	k.t.Helper()
	if got := k.typed(pin); got != want {
		k.t.Fatalf("got %s, want %s", got, want)
	}
}

func (k *aKiosk) close() {
	k.t.Helper()
	for _, c := range []interface{ Close() error }{k.ledger, k.cache, k.log} {
		if err := c.Close(); err != nil {
			k.t.Error(err)
		}
	}
}

// A borrower types PINs at a real kiosk, over a real broker, to central, online
// and off. Then somebody takes the kiosk, the broker's disk and the logs, and
// looks for the card and the PINs.
func TestAThiefFindsNeitherCardNorPIN(t *testing.T) {
	mosquittoPath(t)
	h := newHouse(t, export(t, map[string]string{
		"borrowers.csv": "card,category,pin\n" + string(plantedCard) + ",adult," + plantedPIN + "\n",
		"policy.toml":   policyTML + pinRule + "offline = \"verifier\"\nlength = 8\n",
	}), "a")
	disk := t.TempDir()
	b := startBroker(t, h.c, "persistence_location "+disk+"/", "log_dest file "+disk+"/log", "log_type all", "queue_qos0_messages true")
	overhear(t, h, b, nil)
	var heard bytes.Buffer
	h.c.Close()
	h.openWith(slog.New(slog.NewTextHandler(&heard, &slog.HandlerOptions{Level: slog.LevelDebug})))
	stopServing := h.serveUntil(b.url())
	defer stopServing()
	k := realKiosk(t, h, b.url())
	end := k.online()
	k.until("the rules", func() bool { return k.facts().Borrower != nil })
	k.expect(plantedGuess, contract.PINWrong)
	k.expect(plantedPIN, contract.PINRight)
	k.until("the verifier", func() bool { return k.facts().Borrower.Verifier != nil })
	end()
	k.start = k.start.Add(-2 * time.Minute) // central has not been heard for a while
	k.expect(plantedPIN, contract.PINRight)
	v := contract.Verifier(*k.facts().Borrower.Verifier)
	want := contract.PINWrong
	if v.Check(plantedGuess) { // once in 128 runs
		want = contract.PINRight
	}
	k.expect(plantedGuess, want)
	stopServing()

	secrets := []string{string(plantedCard), plantedPIN, plantedGuess}
	search(t, k.dir, secrets, "ledger.db", "ledger.db-wal", "cache.db", "cache.db-wal", "log")
	k.close()
	search(t, k.dir, secrets, "ledger.db", "cache.db", "log")
	if err := b.cmd.Process.Signal(syscall.SIGUSR1); err != nil { // write what you hold to the disk
		t.Fatal(err)
	}
	k.until("the broker to save what it holds", func() bool {
		text, _ := os.ReadFile(filepath.Join(disk, "mosquitto.db"))
		return bytes.Contains(text, []byte("/a/up/ask")) && bytes.Contains(text, []byte("/a/dn/answer"))
	})
	search(t, disk, secrets, "mosquitto.db", "log")
	listen(t, h, b, secrets)
	for _, s := range secrets {
		if strings.Contains(heard.String(), s) {
			t.Error("central's log tells a secret")
		}
	}
	h.c.Close()
	h.neverSays(plantedPIN, plantedGuess)
	h.open()
}

// search looks through a directory that holds at least these files.
func search(t *testing.T, dir string, secrets []string, files ...string) {
	t.Helper()
	for _, name := range files {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range secrets {
		out, err := exec.Command("grep", "-rlaF", "--", s, dir).Output()
		if err == nil { // found
			t.Errorf("a secret lies in %s", out)
		}
	}
}

// listen looks into every message that the broker has kept, out of its
// envelope: in there a text would not be seen.
func listen(t *testing.T, h *house, b *broker, secrets []string) {
	t.Helper()
	in := make(chan mqtt.Message, 1000)
	overhear(t, h, b, in)
	cred := h.kiosks["a"].cred
	keys := map[bool]ed25519.PublicKey{true: cred.Key().Public().(ed25519.PublicKey), false: cred.Central()}
	kinds := map[contract.Kind]int{}
	for len(in) > 0 {
		m := <-in
		kind, err := contract.PeekKind(m.Payload())
		if err != nil {
			t.Fatal(err)
		}
		payload, err := contract.Open(kind, m.Payload(), keys[strings.Contains(m.Topic(), "/up/")])
		if err != nil {
			t.Fatalf("%s: %v", m.Topic(), err)
		}
		kinds[kind]++
		for _, s := range secrets {
			if bytes.Contains(payload, []byte(s)) || bytes.Contains(payload, []byte(base64.StdEncoding.EncodeToString([]byte(s)))) {
				t.Errorf("a %s tells a secret", kind)
			}
		}
	}
	if kinds[contract.KindAsk] < 2 || kinds[contract.KindAnswer] < 2 || kinds[contract.KindChunk] == 0 {
		t.Errorf("heard %v, want two questions with their answers, and feeds", kinds)
	}
}

// overhear connects as somebody for whom the broker keeps everything while he
// is away, and goes away again.
func overhear(t *testing.T, h *house, b *broker, in chan mqtt.Message) {
	t.Helper()
	user, password := h.c.BrokerLogin()
	o := mqtt.NewClientOptions().AddBroker(b.url()).SetClientID("eavesdropper").SetUsername(user).SetPassword(password).
		SetProtocolVersion(4).SetCleanSession(false).SetAutoReconnect(false)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { in <- m })
	c := mqtt.NewClient(o)
	if err := settled(c.Connect()); err != nil {
		t.Fatal(err)
	}
	if in == nil {
		if err := settled(c.Subscribe("nd/#", 1, nil)); err != nil {
			t.Fatal(err)
		}
	} else {
		last(in)
	}
	c.Disconnect(250)
}

// openWith opens central's directory with a log.
func (h *house) openWith(log *slog.Logger) {
	h.t.Helper()
	c, err := central.Open(h.ctx, h.dir, central.Options{Now: h.clock.now, Serving: true, Log: log})
	if err != nil {
		h.t.Fatal(err)
	}
	h.c = c
}

// last returns when nothing has come for a while.
func last(in chan mqtt.Message) {
	for seen := -1; seen != len(in); time.Sleep(300 * time.Millisecond) {
		seen = len(in)
	}
}
