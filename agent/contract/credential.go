package contract

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
)

// maxCredential is how large a credential file may be, in bytes; three PEM
// texts fit into it several times over.
const maxCredential = 64 << 10

// Credential is the file a kiosk starts with. Central makes it when it enrols
// the kiosk; it holds the kiosk's secrets and is readable to nobody else.
type Credential struct {
	V          int       `json:"v"`
	Authority  string    `json:"authority"`
	Kiosk      string    `json:"kiosk"`
	Venue      string    `json:"venue"`
	Shard      string    `json:"shard"`
	SignKey    []byte    `json:"sign_key"`    // the kiosk's Ed25519 seed, 32 bytes
	CentralKey []byte    `json:"central_key"` // central's Ed25519 public key, 32 bytes
	SealKey    SealKey   `json:"seal_key"`    // central's HPKE X25519 public key, 32 bytes
	CardKey    []byte    `json:"card_key"`    // K, 32 bytes: what cards are keyed with at this kiosk (design D6)
	Broker     Broker    `json:"broker"`
	Issued     time.Time `json:"issued"`
}

// Broker is how a kiosk reaches and convinces the MQTT broker.
type Broker struct {
	URL      string `json:"url,omitempty"` // mqtt://host:port or mqtts://host:port; the kiosk's own configuration may say otherwise
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`
	CA       string `json:"ca_pem,omitempty"`   // who may have signed the broker's certificate; empty: the system's authorities
	Cert     string `json:"cert_pem,omitempty"` // the kiosk's client certificate
	Key      string `json:"key_pem,omitempty"`  // and its private key
}

// Key is the key that the kiosk signs with.
func (c Credential) Key() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(c.SignKey) }

// Central is the key that central signs with.
func (c Credential) Central() ed25519.PublicKey { return ed25519.PublicKey(c.CentralKey) }

// Topics are the kiosk's topics.
func (c Credential) Topics() Topics { return Topics{c.Authority, c.Kiosk, c.Shard} }

// String names the credential and hides what is in it.
func (c Credential) String() string { return "credential of " + c.Authority + "/" + c.Kiosk }

// GoString hides as String does.
func (c Credential) GoString() string { return c.String() }

// LogValue hides as String does.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String hides the password and the key.
func (b Broker) String() string { return "broker " + b.URL }

// GoString hides as String does.
func (b Broker) GoString() string { return b.String() }

// Check names the first field that cannot be used.
func (c Credential) Check() error {
	if c.V != Version {
		return fmt.Errorf("v: want %d, got %d", Version, c.V)
	}
	for _, f := range []struct{ field, name string }{
		{"authority", c.Authority}, {"kiosk", c.Kiosk}, {"venue", c.Venue}, {"shard", c.Shard},
	} {
		if err := CheckName(f.field, f.name); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		field string
		key   []byte
	}{
		{"sign_key", c.SignKey}, {"central_key", c.CentralKey}, {"seal_key", c.SealKey}, {"card_key", c.CardKey},
	} {
		if len(f.key) != 32 {
			return fmt.Errorf("%s: want 32 bytes in base64, got %d", f.field, len(f.key))
		}
	}
	if c.Issued.IsZero() {
		return errors.New("issued: missing")
	}
	return c.Broker.check()
}

func (b Broker) check() error {
	if b.URL != "" {
		if err := CheckBroker(b.URL); err != nil {
			return fmt.Errorf("broker.url: %w", err)
		}
	}
	if b.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(b.CA)) {
		return errors.New("broker.ca_pem: no certificate in it")
	}
	if (b.Cert == "") != (b.Key == "") {
		return errors.New("broker.cert_pem and broker.key_pem: one without the other")
	}
	if b.Cert != "" {
		if _, err := tls.X509KeyPair([]byte(b.Cert), []byte(b.Key)); err != nil {
			return fmt.Errorf("broker.cert_pem with broker.key_pem: %w", err)
		}
	}
	return nil
}

// CheckBroker says whether a text is a broker's address: mqtt://host:port or
// mqtts://host:port, with nothing behind it.
func CheckBroker(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "mqtt" && u.Scheme != "mqtts" || u.Hostname() == "" ||
		u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("want mqtt://host:port or mqtts://host:port, with nothing else in it")
	}
	return nil
}

// LoadCredential reads a credential file. Every error names the file and, if
// a field is wrong, the field. A file that everybody may read is refused.
func LoadCredential(path string) (Credential, error) {
	var c Credential
	text, err := readSecret(path)
	if err != nil {
		return c, fmt.Errorf("load the credential: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Credential{}, fmt.Errorf("load the credential %s: %w", path, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Credential{}, fmt.Errorf("load the credential %s: something follows the JSON object", path)
	}
	if err := c.Check(); err != nil {
		return Credential{}, fmt.Errorf("load the credential %s: %w", path, err)
	}
	return c, nil
}

func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("%s: everybody on this computer may read or change it; chmod 600 it", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxCredential+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxCredential {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxCredential)
	}
	return text, nil
}

// Save writes the credential, mode 0600, so that a power cut leaves the old
// file or the new one and nothing between.
func (c Credential) Save(path string) error {
	if err := c.Check(); err != nil {
		return fmt.Errorf("save the credential: %w", err)
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("save the credential: %w", err)
	}
	if err := renameio.WriteFile(path, append(text, '\n'), 0o600, renameio.IgnoreUmask()); err != nil {
		return fmt.Errorf("save the credential: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("save the credential: %w", err)
	}
	return nil
}

// syncDir makes the new name itself last; renameio syncs only the file.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
