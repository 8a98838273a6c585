package central

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/central/mosquitto"
)

// What lies in central's directory.
const (
	databaseFile = "central.db"
	signFile     = "sign.key"        // Ed25519 seed, base64: every kiosk believes what it signs
	sealFile     = "seal.key"        // X25519 private key, base64: opens the card numbers in events
	passwordFile = "broker.password" // of the broker user nightdesk-central
	brokerDir    = "mosquitto"
)

type keys struct {
	sign     ed25519.PrivateKey
	unseal   contract.UnsealKey
	password string
}

// createKeys makes the secrets, mode 0600. An existing one is an error: kiosks
// in the field believe only it.
func createKeys(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make central's directory: %w", err)
	}
	for _, name := range []string{signFile, sealFile, databaseFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s is central's directory already; name another, or use this one as it is", dir)
		}
	}
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make the signing key: %w", err)
	}
	unseal, _, err := contract.NewSealKeys()
	if err != nil {
		return err
	}
	for _, f := range []struct{ name, text string }{
		{signFile, base64.StdEncoding.EncodeToString(sign.Seed())},
		{sealFile, base64.StdEncoding.EncodeToString(unseal)},
		{passwordFile, mosquitto.Password()},
	} {
		if err := renameio.WriteFile(filepath.Join(dir, f.name), []byte(f.text+"\n"), 0o600, renameio.IgnoreUmask()); err != nil {
			return fmt.Errorf("write central's keys: %w", err)
		}
	}
	return nil
}

func loadKeys(dir string) (keys, error) {
	var k keys
	seed, err := loadKey(dir, signFile)
	if errors.Is(err, os.ErrNotExist) {
		return k, fmt.Errorf("%s is not central's directory; make it with: nightdesk-central init --dir %s --authority NAME", dir, dir)
	}
	if err != nil {
		return k, err
	}
	k.sign = ed25519.NewKeyFromSeed(seed)
	if k.unseal, err = loadKey(dir, sealFile); err != nil {
		return k, err
	}
	password, err := os.ReadFile(filepath.Join(dir, passwordFile))
	k.password = strings.TrimSpace(string(password))
	if err != nil {
		return k, fmt.Errorf("read the broker's password: %w", err)
	}
	return k, nil
}

// loadKey reads 32 bytes in base64 from a file that only its owner may read.
func loadKey(dir, name string) ([]byte, error) {
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read central's key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others; run: chmod 600 %s", path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read central's key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%s does not hold a key; restore it from your copy", path)
	}
	return key, nil
}
