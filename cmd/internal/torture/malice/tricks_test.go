package malice

import (
	"fmt"
	"strings"
	"time"

	"nightdesk/agent/contract"
)

// some is how long a trick waits for the client to go by itself.
const some = 10 * time.Millisecond

// lightTricks take no memory worth speaking of, even from somebody who falls for them.
func lightTricks() []trick {
	return []trick{
		{"closes at once", func(*wire) {}},
		{"speaks first", func(w *wire) { w.Write(bytesOf(w.r, 1+w.r.IntN(200))); w.linger(some) }},
		{"answers with noise", func(w *wire) { w.greet(bytesOf(w.r, 1+w.r.IntN(200))...); w.linger(some) }},
		{"is a web server", func(w *wire) { w.greet([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")...); w.linger(some) }},
		{"refuses the connection", func(w *wire) { w.greet(packet(connack, 0, byte(1+w.r.IntN(255)))...); w.linger(some) }},
		{"lets in with half an answer", func(w *wire) { w.greet(packet(connack, 0, 0)[:1+w.r.IntN(3)]...) }},
		{"lets in with a long answer", func(w *wire) { w.greet(packet(connack, bytesOf(w.r, 3+w.r.IntN(3000))...)...); w.linger(some) }},
		{"lets in twice", func(w *wire) {
			w.greet(append(packet(connack, 0, 0), packet(connack, 1, 0)...)...)
			w.linger(some)
		}},
		{"goes after the welcome", func(w *wire) { w.greet(packet(connack, 0, 0)...) }},
		{"goes after the subscription", func(w *wire) { w.listening() }},
		{"a length that does not end", func(w *wire) { w.say(w.kind(), 0x80, 0x80, 0x80, 0x80, 0x80, 0x80) }},
		{"a subscription with another number", func(w *wire) { w.confirm(uint16(1+w.r.IntN(60000)), 0, 0) }},
		{"a subscription without answers", func(w *wire) { w.confirm(0) }},
		{"a subscription with too many answers", func(w *wire) { w.confirm(0, bytesOf(w.r, 3+w.r.IntN(60))...) }},
		{"a subscription refused", func(w *wire) { w.confirm(0, bytesOf(w.r, 2)...) }},
		{"a subscription confirmed twice", func(w *wire) { w.confirm(0, 0, 0); w.confirm(0, 0, 0) }},
		{"receipts for nothing", func(w *wire) {
			for range 3 {
				w.say(packet([]byte{puback, pubrec, pubrel, pubcomp, unsuback, suback}[w.r.IntN(6)], id(uint16(w.r.Uint32()))...)...)
			}
		}},
		{"half a receipt", func(w *wire) {
			w.say(packet([]byte{puback, pubrec, pubrel, pubcomp, unsuback, suback, pub, connack}[w.r.IntN(8)], bytesOf(w.r, w.r.IntN(2))...)...)
		}},
		{"what only a client says", func(w *wire) {
			w.say(packet([]byte{0x10, 0x82, 0xa2, 0xc0, 0xe0, 0x00, 0xf0}[w.r.IntN(7)], bytesOf(w.r, w.r.IntN(40))...)...)
		}},
		{"a topic longer than its packet", func(w *wire) { w.say(packet(pub, 0xff, 0xff, 'n', 'd')...) }},
		{"a topic that nobody asked for", func(w *wire) { w.say(message(w.strange(), byte(w.r.IntN(4)), 7, bytesOf(w.r, 50))...) }},
		{"a message without a number", func(w *wire) { w.say(message(w.topic(), byte(1+w.r.IntN(3)), 0, []byte("{}"))...) }},
		{"JSON without a bottom", func(w *wire) {
			w.say(message(w.topic(), 1, 8, []byte(strings.Repeat(`{"a":[`, 1+w.r.IntN(15000))))...)
		}},
		{"noise as messages", func(w *wire) {
			for i := range 6 {
				w.say(message(w.topic(), byte(w.r.IntN(2)), uint16(i+1), bytesOf(w.r, w.r.IntN(2000)))...)
			}
		}},
		{"noise", func(w *wire) { w.say(bytesOf(w.r, 1+w.r.IntN(2000))...) }},
		{"one byte at a time, and then none", func(w *wire) {
			m := message(w.topic(), 0, 0, bytesOf(w.r, 20))
			for _, b := range m[:w.r.IntN(len(m))] {
				w.Write([]byte{b})
				time.Sleep(time.Millisecond)
			}
		}},
	}
}

// heavyTricks want memory.
func heavyTricks() []trick {
	return []trick{
		{"sends what it says are 256 MB", func(w *wire) {
			w.say(append([]byte{w.kind()}, length(200_000_000+w.r.IntN(68_000_000))...)...)
			some := make([]byte, 1<<20)
			for range 200 {
				if _, err := w.Write(some); err != nil {
					return
				}
			}
		}},
		{"announces a little too much", func(w *wire) {
			w.say(append([]byte{pub}, length(contract.MaxMessage+(40<<10)+w.r.IntN(1<<20))...)...)
		}},
		{"welcomes with 256 MB", func(w *wire) { w.greet(connack, 0xff, 0xff, 0xff, 0x7f); w.linger(some) }},
		{"a flood", func(w *wire) { w.flood(2000, contract.MaxMessage, 0) }},
		{"a flood that wants receipts", func(w *wire) { w.flood(2000, contract.MaxMessage, 1) }},
		{"a flood that is never released", func(w *wire) { w.flood(2000, contract.MaxMessage, 2) }},
		{"a flood of small ones", func(w *wire) { w.flood(20000, 200, 1) }},
		{"a flood by somebody who does not read", func(w *wire) {
			payload := bytesOf(w.r, 100_000)
			w.SetDeadline(time.Now().Add(300 * time.Millisecond))
			for i := range 2000 {
				if _, err := w.Write(message(w.topic(), 1, uint16(i+1), payload)); err != nil {
					return
				}
			}
		}},
	}
}

// say says something behind a subscription; the first time it waits for that.
func (w *wire) say(b ...byte) {
	if w.topics == nil && !w.subscribed() {
		return
	}
	w.Write(b)
	w.linger(some)
}

// confirm answers the SUBSCRIBE, or one whose number is beside it.
func (w *wire) confirm(beside uint16, answers ...byte) {
	if w.topics == nil && !w.listening() {
		return
	}
	w.Write(packet(suback, append(id(w.sub+beside), answers...)...))
	w.linger(some)
}

// kind is any packet's first byte.
func (w *wire) kind() byte { return byte(1+w.r.IntN(14))<<4 | byte(w.r.IntN(16)) }

// topic is one of those that the client has subscribed to.
func (w *wire) topic() string {
	if w.topics == nil && !w.subscribed() {
		return "none"
	}
	t := w.topics[w.r.IntN(len(w.topics))]
	t = strings.ReplaceAll(t, "k/+/up/+", "k/syston-1/up/"+[]string{"ev", "hi", "st", "hb", "ask"}[w.r.IntN(5)])
	return strings.ReplaceAll(t, "#", []string{"ak", "dt", "hd", "answer", "jb"}[w.r.IntN(5)])
}

// strange is a topic that nobody asked for.
func (w *wire) strange() string {
	return []string{"", "#", "$SYS/broker/uptime", "nd/1/leics/k/oadby-1/dn/ak", "\xff\xfe\x00", strings.Repeat("nd/", 20000),
		"nd/1/leics/k/syston-1/dn/../dn/ak", fmt.Sprint("x/", w.r.Uint64())}[w.r.IntN(8)]
}
