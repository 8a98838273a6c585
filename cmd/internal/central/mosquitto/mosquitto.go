// Package mosquitto writes the two files by which a Mosquitto broker knows
// the kiosks: who they are and what each may read and write. It does not
// start, stop or configure the broker; packaging does.
package mosquitto

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// Central is the broker user that central's receivers log in as.
const Central = "nightdesk-central"

// How Mosquitto 2 hashes passwords (mosquitto_passwd(1); src/password_mosq.h:
// PW_SHA512_PBKDF2 is type 7, salt of 12 bytes, 101 iterations by default,
// hash of 64 bytes). Passwords made here are random and long, so more rounds
// would add nothing.
const (
	rounds   = 101
	saltSize = 12
	hashSize = 64
)

// Password makes a random password of 128 bits or more.
func Password() string { return rand.Text() }

// Line is a user's line of the password file.
func Line(user, password string) (string, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails (crypto/rand)
	hash, err := pbkdf2.Key(sha512.New, password, salt, rounds, hashSize)
	if err != nil {
		return "", fmt.Errorf("hash the password of %s: %w", user, err)
	}
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s:$7$%d$%s$%s", user, rounds, b64(salt), b64(hash)), nil
}

// User is a kiosk as the broker must know it.
type User struct {
	Name  string
	Shard string
	Line  string // of the password file
}

// ACL says who may do what (sync.md, 4.1): a kiosk writes what goes up in its
// own name, reads what comes down to it, and reads its shard. Central reads
// and writes everything of its authority.
func ACL(authority string, users []User) string {
	var b strings.Builder
	root := "nd/1/" + authority
	b.WriteString("# Written by nightdesk-central; changes made here are lost.\n\n")
	fmt.Fprintf(&b, "user %s\ntopic readwrite %s/#\n\n", Central, root)
	for _, u := range users {
		fmt.Fprintf(&b, "user %s\ntopic read %s/b/%s/#\n\n", u.Name, root, u.Shard)
	}
	fmt.Fprintf(&b, "pattern write %s/k/%%u/up/#\npattern read %s/k/%%u/dn/#\n", root, root)
	return b.String()
}

// Write writes DIR/passwd and DIR/acl; central is central's own line. The
// broker must be told afterwards, with SIGHUP.
func Write(dir, authority, central string, users []User) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write the broker's files: %w", err)
	}
	lines := []string{central}
	for _, u := range users {
		lines = append(lines, u.Line)
	}
	slices.Sort(lines[1:])
	for _, f := range []struct {
		name, text string
		mode       os.FileMode
	}{
		{"passwd", strings.Join(lines, "\n") + "\n", 0o640},
		{"acl", ACL(authority, users), 0o644},
	} {
		if err := renameio.WriteFile(filepath.Join(dir, f.name), []byte(f.text), f.mode); err != nil {
			return fmt.Errorf("write the broker's files: %w", err)
		}
	}
	return nil
}
