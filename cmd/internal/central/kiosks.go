package central

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"path/filepath"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/inbox"
	"nightdesk/cmd/internal/central/mosquitto"
	"nightdesk/cmd/internal/central/record"
	"nightdesk/cmd/internal/central/store"
)

// Enrolment is what a new kiosk is to be.
type Enrolment struct {
	Name      string
	Venue     string // whose rules and calendar it follows
	Shard     string // whose broadcasts it hears; "": "all"
	BrokerURL string // mqtt://… or mqtts://…; "": the kiosk's own configuration says
	BrokerCA  string // PEM text: who may have signed the broker's certificate
}

// AddKiosk enrols a kiosk, or enrols it anew: its old credential is worth
// nothing from then on. The credential holds the only copy of its private key.
// The broker's files are written again; tell the broker with SIGHUP.
func (c *Central) AddKiosk(ctx context.Context, e Enrolment) (contract.Credential, error) {
	var none contract.Credential
	if e.Shard == "" {
		e.Shard = "all"
	}
	if e.Name == mosquitto.Central {
		return none, fmt.Errorf("kiosk %q: the name is central's own at the broker; choose another", e.Name)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return none, fmt.Errorf("make the kiosk's key: %w", err)
	}
	seal, err := c.keys.unseal.Public()
	if err != nil {
		return none, err
	}
	k := make([]byte, 32)
	rand.Read(k) // never fails (crypto/rand)
	cred := contract.Credential{
		V: contract.Version, Authority: c.authority, Kiosk: e.Name, Venue: e.Venue, Shard: e.Shard,
		SignKey: private.Seed(), CentralKey: c.PublicKey(), SealKey: seal, CardKey: k,
		Broker: contract.Broker{URL: e.BrokerURL, User: e.Name, Password: mosquitto.Password(), CA: e.BrokerCA},
		Issued: c.now().UTC(),
	}
	if err := cred.Check(); err != nil {
		return none, fmt.Errorf("enrol the kiosk: %w", err)
	}
	line, err := mosquitto.Line(e.Name, cred.Broker.Password)
	if err != nil {
		return none, err
	}
	err = c.store.Enrol(ctx, inbox.Kiosk{Name: e.Name, Venue: e.Venue, Shard: e.Shard, Key: public, CardKey: k}, line, c.now())
	if err != nil {
		return none, fmt.Errorf("enrol %s: %w", e.Name, err)
	}
	return cred, c.writeBroker(ctx)
}

// RevokeKiosk ends a kiosk's enrolment: nothing it says is believed any more,
// and the broker does not know it. What it sent before stays.
func (c *Central) RevokeKiosk(ctx context.Context, name string) error {
	found, err := c.store.Revoke(ctx, name, c.now())
	if err != nil {
		return fmt.Errorf("revoke %s: %w", name, err)
	}
	if !found {
		return unknown(name)
	}
	return c.writeBroker(ctx)
}

// ResumeKiosk lets a kiosk that was told to stop start a new epoch.
func (c *Central) ResumeKiosk(ctx context.Context, name string) error {
	found, err := c.store.Resume(ctx, name)
	if err != nil {
		return fmt.Errorf("resume %s: %w", name, err)
	}
	if !found {
		return unknown(name)
	}
	return nil
}

func unknown(name string) error {
	return fmt.Errorf("there is no kiosk %q; nightdesk-central kiosks lists them", name)
}

// BrokerLogin is what central logs in with at a broker that uses the files
// written here.
func (c *Central) BrokerLogin() (user, password string) {
	return mosquitto.Central, c.keys.password
}

// BrokerFiles are the password file and the access list for Mosquitto.
func (c *Central) BrokerFiles() (passwd, acl string) {
	return filepath.Join(c.dir, brokerDir, "passwd"), filepath.Join(c.dir, brokerDir, "acl")
}

func (c *Central) writeBroker(ctx context.Context) error {
	kiosks, err := c.store.Kiosks(ctx)
	if err != nil {
		return fmt.Errorf("list the kiosks: %w", err)
	}
	var users []mosquitto.User
	for _, k := range kiosks {
		if k.Revoked.IsZero() {
			users = append(users, mosquitto.User{Name: k.Name, Shard: k.Shard, Line: k.Broker})
		}
	}
	own, err := mosquitto.Line(mosquitto.Central, c.keys.password)
	if err != nil {
		return err
	}
	return mosquitto.Write(filepath.Join(c.dir, brokerDir), c.authority, own, users)
}

// Kiosks lists the kiosks by name.
func (c *Central) Kiosks(ctx context.Context) ([]store.Kiosk, error) { return c.store.Kiosks(ctx) }

// Loans lists open loans by item; with all, ended ones too, by their start.
func (c *Central) Loans(ctx context.Context, all bool) ([]record.Loan, error) {
	return c.store.Loans(ctx, all)
}

// Events lists a kiosk's newest events, at most max; every kiosk's for "".
func (c *Central) Events(ctx context.Context, kiosk string, max int) ([]store.Event, error) {
	return c.store.Events(ctx, kiosk, max)
}

// Cases lists open cases, urgent ones first; with all, closed ones too.
func (c *Central) Cases(ctx context.Context, all bool) ([]record.Case, error) {
	return c.store.Cases(ctx, all)
}

// Receipts lists what borrowers want by e-mail and nobody has sent, oldest first.
func (c *Central) Receipts(ctx context.Context) ([]record.Receipt, error) {
	return c.store.Receipts(ctx)
}

// ReceiptSent removes a receipt: the mailer has taken it.
func (c *Central) ReceiptSent(ctx context.Context, id int64) error {
	found, err := c.store.DropReceipt(ctx, id)
	if err != nil {
		return fmt.Errorf("remove receipt %d: %w", id, err)
	}
	if !found {
		return fmt.Errorf("there is no receipt %d; nightdesk-central receipts lists them", id)
	}
	return nil
}

// CloseCase closes a case by hand; the note says why.
func (c *Central) CloseCase(ctx context.Context, id int64, note string) error {
	found, err := c.store.CloseCase(ctx, id, c.now(), note)
	if err != nil {
		return fmt.Errorf("close case %d: %w", id, err)
	}
	if !found {
		return fmt.Errorf("there is no open case %d; nightdesk-central cases lists them", id)
	}
	return nil
}
