package malice

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"nightdesk/agent/contract"
)

// envelope is a signed message taken apart, as anybody can do it.
type envelope struct {
	PayloadType string   `json:"payloadType"`
	Payload     string   `json:"payload"`
	Signatures  []signed `json:"signatures"`
}

type signed struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

func apart(msg []byte) (e envelope) {
	_ = json.Unmarshal(msg, &e) // a message that was heard is one
	return e
}

func (e envelope) join() []byte {
	b, _ := json.Marshal(e) // strings alone
	return b
}

// sealed signs any bytes as any type: what the pre-authentication encoding of
// DSSE covers (DSSE v1.0, protocol.md).
func sealed(mediaType string, body []byte, key ed25519.PrivateKey) envelope {
	pre := "DSSEv1 " + strconv.Itoa(len(mediaType)) + " " + mediaType + " " + strconv.Itoa(len(body)) + " " + string(body)
	return envelope{mediaType, base64.StdEncoding.EncodeToString(body), []signed{{
		contract.KeyID(key.Public().(ed25519.PublicKey)), base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(pre)))}}}
}

// forgery spoils a genuine message so that nobody may believe it.
type forgery struct {
	name string
	do   func(r *rand.Rand, genuine []byte, others []ed25519.PrivateKey) []byte
}

func forgeries() []forgery {
	return []forgery{
		{"unsigned", edit(func(_ *rand.Rand, e *envelope) { e.Signatures = nil })},
		{"with an empty list of signatures", edit(func(_ *rand.Rand, e *envelope) { e.Signatures = []signed{} })},
		{"with an empty signature", edit(func(_ *rand.Rand, e *envelope) { e.Signatures[0].Sig = "" })},
		{"with a signature cut short", edit(func(r *rand.Rand, e *envelope) { e.Signatures[0].Sig = e.Signatures[0].Sig[:4*r.IntN(22)] })},
		{"with many signatures", edit(func(r *rand.Rand, e *envelope) {
			for range 5 + r.IntN(200) {
				e.Signatures = append(e.Signatures, e.Signatures[0])
			}
		})},
		{"a bit of the signature flipped", edit(func(r *rand.Rand, e *envelope) { flip(r, &e.Signatures[0].Sig) })},
		{"a bit of the content flipped", edit(func(r *rand.Rand, e *envelope) { flip(r, &e.Payload) })},
		{"bytes of the content cut off", edit(func(r *rand.Rand, e *envelope) { e.Payload = e.Payload[:4*r.IntN(len(e.Payload)/4)] })},
		{"bytes behind the content", edit(func(r *rand.Rand, e *envelope) {
			body, _ := base64.StdEncoding.DecodeString(e.Payload)
			e.Payload = base64.StdEncoding.EncodeToString(append(body, bytesOf(r, 1+r.IntN(9))...))
		})},
		{"as another type", edit(func(r *rand.Rand, e *envelope) {
			kinds := []string{"ack", "chunk", "head", "answer", "batch", "hello", "pull", "status", "heartbeat", "ask", "job", ""}
			name := "application/vnd.nightdesk." + kinds[r.IntN(len(kinds))] + []string{".v1+json", ".v1+json+zstd", ".v2+json"}[r.IntN(3)]
			if name == e.PayloadType {
				name += "x"
			}
			e.PayloadType = name
		})},
		{"compressed otherwise than it says", edit(func(_ *rand.Rand, e *envelope) {
			if plain, found := strings.CutSuffix(e.PayloadType, "+zstd"); found {
				e.PayloadType = plain
				return
			}
			e.PayloadType += "+zstd"
		})},
		{"signed by somebody else", func(r *rand.Rand, genuine []byte, others []ed25519.PrivateKey) []byte {
			e := apart(genuine)
			body, _ := base64.StdEncoding.DecodeString(e.Payload)
			return sealed(e.PayloadType, body, others[r.IntN(len(others))]).join()
		}},
		{"with somebody else's content", func(r *rand.Rand, genuine []byte, others []ed25519.PrivateKey) []byte {
			e := apart(genuine)
			e.Payload = base64.StdEncoding.EncodeToString([]byte(`{"v":1,"type":"ack","through":` + fmt.Sprint(r.Uint32()) + `}`))
			return e.join()
		}},
		{"with a field that is none", func(_ *rand.Rand, genuine []byte, _ []ed25519.PrivateKey) []byte {
			return bytes.Replace(genuine, []byte("{"), []byte(`{"trust":"me",`), 1)
		}},
		{"with the content twice, the false one last", func(r *rand.Rand, genuine []byte, _ []ed25519.PrivateKey) []byte {
			return append(genuine[:len(genuine)-1:len(genuine)-1], []byte(`,"payload":"`+base64.StdEncoding.EncodeToString(bytesOf(r, 90))+`"}`)...)
		}},
		{"with something behind it", func(r *rand.Rand, genuine []byte, _ []ed25519.PrivateKey) []byte {
			return append(bytes.Clone(genuine), []byte([]string{"{}", "x", "\x00", "]", "null"}[r.IntN(5)])...)
		}},
		{"cut short", func(r *rand.Rand, genuine []byte, _ []ed25519.PrivateKey) []byte {
			return genuine[:r.IntN(len(genuine))]
		}},
		{"too large", func(r *rand.Rand, genuine []byte, _ []ed25519.PrivateKey) []byte {
			return append(bytes.Clone(genuine), bytes.Repeat([]byte(" "), contract.MaxMessage+1-len(genuine)+r.IntN(700))...)
		}},
		{"nested without end", func(r *rand.Rand, genuine []byte, _ []ed25519.PrivateKey) []byte {
			return bytes.Replace(genuine, []byte(`"signatures":`), []byte(`"signatures":`+strings.Repeat("[", 30+r.IntN(60000))), 1)
		}},
		{"no message", func(r *rand.Rand, _ []byte, _ []ed25519.PrivateKey) []byte {
			return []byte([]string{"", "null", "[]", "{}", `""`, "0", "\xff\xfe", "OK", string(bytesOf(r, r.IntN(400)))}[r.IntN(9)])
		}},
	}
}

// edit takes a message apart, changes it, and puts it together again.
func edit(change func(*rand.Rand, *envelope)) func(*rand.Rand, []byte, []ed25519.PrivateKey) []byte {
	return func(r *rand.Rand, genuine []byte, _ []ed25519.PrivateKey) []byte {
		e := apart(genuine)
		change(r, &e)
		return e.join()
	}
}

// flip changes one bit of what a text in base64 stands for.
func flip(r *rand.Rand, text *string) {
	b, _ := base64.StdEncoding.DecodeString(*text)
	b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	*text = base64.StdEncoding.EncodeToString(b)
}
