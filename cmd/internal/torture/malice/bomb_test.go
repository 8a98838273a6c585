package malice

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"nightdesk/agent/contract"
	"nightdesk/cmd/internal/torture"
)

// What unpacks to a gigabyte is refused before the memory is taken, even with
// the good signature of a kiosk that was stolen.
func TestBombs(t *testing.T) {
	r := torture.Start(t, torture.Rig{
		Harm: "well signed messages that unpack to as much as 1 GB, or claim to", Unit: "bombs",
		Target: "every one refused, at most 8 MB taken for each", Short: 150, Long: 5_000,
	})
	c, cred, _ := authority(t)
	bombs := pack(t)
	unpacksIndeed(t, bombs[0])
	most := uint64(0)
	for range r.Count {
		body := bombs[r.Rand.IntN(len(bombs))]
		msg := sealed("application/vnd.nightdesk."+kinds[r.Rand.IntN(len(kinds))]+".v1+json+zstd", tamper(r.Rand, body), cred.Key()).join()
		var was, is runtime.MemStats
		runtime.ReadMemStats(&was)
		outs, err := c.Handle(t.Context(), cred.Topics().Ev(), msg)
		_, errChunk := contract.Decode[contract.Chunk](contract.KindChunk, msg, cred.Key().Public().(ed25519.PublicKey))
		runtime.ReadMemStats(&is)
		if err == nil || errChunk == nil || len(outs) > 0 {
			t.Fatalf("a bomb of %d bytes is taken", len(msg))
		}
		most = max(most, is.TotalAlloc-was.TotalAlloc)
	}
	if most > 8<<20 {
		t.Errorf("one of them took %s", mb(int(most)))
	}
	r.Reached("all refused, %s at most for one", mb(int(most)))
}

var kinds = []string{"batch", "chunk", "hello", "ask"}

// pack makes the bombs: the first unpacks to 1 GB.
func pack(t *testing.T) (all [][]byte) {
	t.Helper()
	zeros := make([]byte, 1<<20)
	runs := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 9 << 3} // RFC 8878, 3.1.1: the magic number, and a window of 512 kB
	for i := range 1 << 13 {
		header := 1<<17<<3 | 1<<1 // a run of one byte, 128 kB long (3.1.1.2)
		if i == 1<<13-1 {
			header |= 1 // the last block
		}
		runs = append(runs, byte(header), byte(header>>8), byte(header>>16), 0)
	}
	all = append(all, runs)
	for _, o := range [][]zstd.EOption{
		{zstd.WithEncoderCRC(false), zstd.WithWindowSize(512 << 10)},
		{zstd.WithEncoderLevel(zstd.SpeedBestCompression)},
		{zstd.WithWindowSize(64 << 20), zstd.WithSingleSegment(true)},
	} {
		var b bytes.Buffer
		w, err := zstd.NewWriter(&b, o...)
		if err != nil {
			t.Fatal(err)
		}
		for range 1024 {
			if _, err := w.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, b.Bytes())
	}
	small, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	frame := small.EncodeAll(zeros[:500<<10], nil)
	all = append(all, bytes.Repeat(frame, 80_000/len(frame)))                                   // many frames, each within the limit
	all = append(all, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0}) // claims 68 GB (RFC 8878, 3.1.1)
	all = append(all, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 1, 0, 0})                      // wants a window of terabytes
	var g bytes.Buffer
	z := gzip.NewWriter(&g)
	z.Write(zeros)
	z.Close()
	return append(all, g.Bytes(), append([]byte{0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff}, 0)) // a frame to be skipped, of 4 GB
}

// tamper leaves most bombs as they are.
func tamper(r *rand.Rand, body []byte) []byte {
	if len(body) > 90_000 {
		body = body[:90_000]
	}
	if r.IntN(3) > 0 {
		return body
	}
	body = bytes.Clone(body)
	body[r.IntN(len(body))] ^= 1 << r.IntN(8)
	return body
}

// unpacksIndeed is the control: a reader without a limit gets the gigabyte.
func unpacksIndeed(t *testing.T, bomb []byte) {
	t.Helper()
	if n := base64.StdEncoding.EncodedLen(len(bomb)); n > contract.MaxMessage {
		t.Fatalf("the bomb has %d bytes: it would be refused for its size alone", n)
	}
	z, err := zstd.NewReader(bytes.NewReader(bomb))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if n, err := io.Copy(io.Discard, z); err != nil || n != 1<<30 {
		t.Fatalf("the bomb unpacks to %d bytes, %v: it is none", n, err)
	}
}
