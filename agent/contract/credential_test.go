package contract

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func credential() Credential {
	key := []byte("0123456789abcdef0123456789abcdef")
	return Credential{V: 1, Authority: "harbour", Kiosk: "kiosk-1", Venue: "main", Shard: "town", SignKey: key, CentralKey: public,
		SealKey: key, CardKey: key, Broker: Broker{URL: "mqtts://broker.example.org:8883", User: "kiosk-1", Password: "the password"}, Issued: noon}
}

func TestCredentialIsSavedAndLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kiosk.json")
	want := credential()
	for range 2 { // the second time over an old one
		if err := want.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := LoadCredential(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("saved (-) and loaded (+) differ:\n%s", diff)
	}
	if !got.Key().Equal(testKey) || !got.Central().Equal(public) || got.Topics() != (Topics{"harbour", "kiosk-1", "town"}) {
		t.Error("its keys or topics are not what it was made of")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("got %v, %v beside it, want nothing", left, err)
	}
}

func TestCredentialNamesTheField(t *testing.T) {
	for _, c := range []struct {
		field string
		edit  func(map[string]any)
	}{
		{"v: want 1, got 2", func(m map[string]any) { m["v"] = 2 }},
		{`authority ""`, func(m map[string]any) { delete(m, "authority") }},
		{`kiosk "Kiosk 1"`, func(m map[string]any) { m["kiosk"] = "Kiosk 1" }},
		{`venue "-"`, func(m map[string]any) { m["venue"] = "-" }},
		{`shard "a/b"`, func(m map[string]any) { m["shard"] = "a/b" }},
		{"sign_key: want 32 bytes in base64, got 3", func(m map[string]any) { m["sign_key"] = "AAAA" }},
		{"central_key: want 32 bytes", func(m map[string]any) { delete(m, "central_key") }},
		{"seal_key: want 32 bytes", func(m map[string]any) { m["seal_key"] = nil }},
		{"card_key: want 32 bytes", func(m map[string]any) { m["card_key"] = "" }},
		{"issued: missing", func(m map[string]any) { delete(m, "issued") }},
		{`"colour"`, func(m map[string]any) { m["colour"] = "red" }},
		{"Credential.kiosk of type string", func(m map[string]any) { m["kiosk"] = 1 }},
		{"broker.url: want mqtt://", func(m map[string]any) { m["broker"] = map[string]any{"url": "http://x"} }},
		{"broker.ca_pem: no certificate", func(m map[string]any) { m["broker"] = map[string]any{"ca_pem": "x"} }},
		{"broker.cert_pem and broker.key_pem: one without", func(m map[string]any) { m["broker"] = map[string]any{"key_pem": "x"} }},
		{"broker.cert_pem with broker.key_pem: ", func(m map[string]any) { m["broker"] = map[string]any{"key_pem": "x", "cert_pem": "x"} }},
	} {
		var m map[string]any
		if err := json.Unmarshal(raw(t, credential()), &m); err != nil {
			t.Fatal(err)
		}
		c.edit(m)
		path := filepath.Join(t.TempDir(), "kiosk.json")
		if err := os.WriteFile(path, raw(t, m), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadCredential(path)
		if err == nil || !strings.Contains(err.Error(), c.field) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want an error that names %s and the file", err, c.field)
		}
	}
}

func TestCredentialFileIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, text string
		mode       fs.FileMode
		want       string
	}{
		{"everybody may read it", string(raw(t, credential())), 0o604, "chmod 600"},
		{"too large", strings.Repeat(" ", maxCredential+1), 0o600, "larger than"},
		{"empty", "", 0o600, "EOF"},
		{"two of them", string(raw(t, credential())) + "{}", 0o600, "something follows"},
	} {
		path := filepath.Join(t.TempDir(), "kiosk.json")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadCredential(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q in it", c.name, err, c.want)
		}
	}
	if _, err := LoadCredential(filepath.Join(t.TempDir(), "none.json")); err == nil {
		t.Error("loaded a file that is not there")
	}
	bad := credential()
	bad.Kiosk = ""
	if err := bad.Save(filepath.Join(t.TempDir(), "kiosk.json")); err == nil {
		t.Error("saved a credential that cannot be loaded")
	}
}

func TestCredentialHidesItsSecrets(t *testing.T) {
	c := credential()
	text := fmt.Sprintf("%v %+v %#v %v %+v %#v %s", c, c, c, c.Broker, c.Broker, c.Broker, c.LogValue())
	for _, secret := range []string{"the password", "0123456789abcdef", "48 49 50", "0x30"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q stands in %s", secret, text)
		}
	}
}
