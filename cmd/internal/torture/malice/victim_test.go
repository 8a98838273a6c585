package malice

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
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
	"nightdesk/cmd/internal/central/receiver"
)

// A victim is this test's own program, started again to be one end of a
// conversation with a hostile broker: the kiosk's uplink over its real ledger
// and cache, or central's receiver, both without the pauses between two
// sessions. It is a process so that its memory can be told from the test's and
// so that its death is one.
const victimVar = "NIGHTDESK_VICTIM"

// orders is what a victim is told on its first line.
type orders struct {
	Broker string // mqtt://host:port
	Dir    string // of its files; for the kiosk with credential.json
}

// last is what a victim says in the end.
type last struct {
	Sessions   int
	Online     bool // central was heard
	Goroutines int
	Files      int // open descriptors
}

// beVictim runs until standard input ends.
func beVictim(who string) int {
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadString('\n')
	var o orders
	if err == nil {
		err = json.Unmarshal([]byte(line), &o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	var l last
	if err == nil {
		be := map[string]func(context.Context, orders, *last) error{"kiosk": beKiosk, "central": beCentral, "trusting": beTrusting}[who]
		err = be(ctx, o, &l)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	l.settle()
	if err := json.NewEncoder(os.Stdout).Encode(l); err != nil {
		return 1
	}
	return 0
}

// settle counts what is left when everything has had time to end.
func (l *last) settle() {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		files, _ := os.ReadDir("/proc/self/fd")
		if l.Goroutines, l.Files = runtime.NumGoroutine(), len(files); l.Goroutines < 10 {
			return
		}
	}
}

// beKiosk is the uplink as the kiosk makes it.
func beKiosk(ctx context.Context, o orders, l *last) error {
	cred, err := contract.LoadCredential(filepath.Join(o.Dir, "credential.json"))
	if err != nil {
		return err
	}
	book, err := ledger.Open(ctx, filepath.Join(o.Dir, "ledger.db"), ledger.Options{Kiosk: cred.Kiosk, Seal: cred.SealKey})
	if err != nil {
		return err
	}
	defer book.Close()
	copied, err := cache.Open(ctx, filepath.Join(o.Dir, "cache.db"))
	if err != nil {
		return err
	}
	defer copied.Close()
	start, boot := time.Now(), uuid.New()
	now := func() circ.Moment {
		return circ.Moment{Wall: time.Now(), Mono: time.Since(start), Boot: boot, Quality: circ.Synced}
	}
	up := uplink.New(uplink.Config{Credential: cred, Broker: o.Broker, Now: now, Log: slog.New(slog.DiscardHandler)}, book, copied)
	for ctx.Err() == nil {
		_ = up.Session(ctx) // whatever a hostile broker makes of it
		l.Sessions++
		_, _, heard := up.Heard()
		l.Online = l.Online || heard
	}
	return nil
}

// beCentral is the receiver as central makes it; a new one after each session,
// for a receiver waits between two.
func beCentral(ctx context.Context, o orders, l *last) error {
	c, err := central.Open(ctx, o.Dir, central.Options{Now: time.Now, Serving: true})
	if err != nil {
		return err
	}
	defer c.Close()
	user, password := c.BrokerLogin()
	for ctx.Err() == nil {
		session, end := context.WithCancel(ctx)
		r, err := receiver.New(c, receiver.Broker{URL: o.Broker, User: user, Password: password}, c.Authority(), fmt.Sprint("central-", l.Sessions), slog.New(&atLoss{end: end}))
		if err == nil {
			err = r.Run(session)
		}
		end()
		if err != nil {
			return err
		}
		l.Sessions++
	}
	return nil
}

// atLoss hears from the log that a session has ended.
type atLoss struct {
	slog.Handler
	end func()
}

func (*atLoss) Enabled(context.Context, slog.Level) bool { return true }
func (h *atLoss) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "no connection") {
		h.end()
	}
	return nil
}

// beTrusting is the wrong variant: the MQTT library as it comes, which believes
// the broker.
func beTrusting(ctx context.Context, o orders, l *last) error {
	for ; ctx.Err() == nil; l.Sessions++ {
		lost := make(chan struct{})
		opts := mqtt.NewClientOptions().AddBroker(o.Broker).SetClientID("trusting").SetProtocolVersion(4).SetAutoReconnect(false).SetConnectTimeout(5 * time.Second)
		opts.SetConnectionLostHandler(func(mqtt.Client, error) { close(lost) })
		opts.SetCustomOpenConnectionFn(func(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) { return net.Dial("tcp", u.Host) })
		c := mqtt.NewClient(opts)
		if t := c.Connect(); !t.WaitTimeout(10*time.Second) || t.Error() != nil {
			continue
		}
		c.SubscribeMultiple(map[string]byte{"nd/a": 1, "nd/b": 1}, func(mqtt.Client, mqtt.Message) {})
		select {
		case <-lost:
		case <-ctx.Done():
		}
		c.Disconnect(0)
	}
	return nil
}

// victim is the process as the test sees it.
type victim struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	err strings.Builder
}

func startVictim(t *testing.T, who string, o orders) *victim {
	t.Helper()
	v := &victim{cmd: exec.Command(os.Args[0])}
	v.cmd.Env = append(os.Environ(), victimVar+"="+who)
	v.cmd.Stderr = &v.err
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var err error
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	v.out = bufio.NewReader(out)
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.cmd.Process.Kill() })
	if err := json.NewEncoder(v.in).Encode(o); err != nil {
		t.Fatal(err)
	}
	return v
}

// dead says whether the process has ended by itself, without waiting.
func (v *victim) dead() bool {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", v.cmd.Process.Pid))
	return err != nil || strings.Contains(string(state), ") Z ")
}

// end tells the victim to end and hears its last words.
func (v *victim) end() (last, error) {
	var l last
	v.in.Close()
	err := json.NewDecoder(v.out).Decode(&l)
	if fate := v.cmd.Wait(); fate != nil {
		return l, fmt.Errorf("the victim ended with %w:\n%s", fate, head(v.err.String(), 3000))
	}
	return l, err
}

func head(s string, most int) string { return s[:min(len(s), most)] }
