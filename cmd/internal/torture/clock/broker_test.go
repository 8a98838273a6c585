package clock

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"nightdesk/cmd/internal/torture/branch"
)

// broker is as much of an MQTT broker as one kiosk needs, behind real TLS: what
// a kiosk publishes reaches central, and central's answers come back.
type broker struct {
	*branch.Branch
	ca      string // PEM
	address string

	mu sync.Mutex // central handles one message after the other
}

// newBroker listens with a certificate of its own authority.
func newBroker(t *testing.T, b *branch.Branch, from, to time.Time) *broker {
	t.Helper()
	r := &broker{Branch: b}
	pair, ca := certificate(t, from, to)
	r.ca = string(ca)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	b.Must(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	b.Must(err)
	r.address = "mqtts://localhost:" + port
	var open sync.WaitGroup
	t.Cleanup(func() { l.Close(); open.Wait() })
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { defer conn.Close(); r.serve(conn) })
		}
	})
	return r
}

// serve answers until the kiosk goes.
func (r *broker) serve(conn net.Conn) {
	for {
		p, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		switch p := p.(type) {
		case *packets.ConnectPacket:
			err = packets.NewControlPacket(packets.Connack).Write(conn)
		case *packets.SubscribePacket:
			ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			ack.MessageID, ack.ReturnCodes = p.MessageID, p.Qoss
			err = ack.Write(conn)
		case *packets.PingreqPacket:
			err = packets.NewControlPacket(packets.Pingresp).Write(conn)
		case *packets.PublishPacket:
			err = r.publish(conn, p)
		}
		if err != nil {
			return
		}
	}
}

func (r *broker) publish(conn net.Conn, p *packets.PublishPacket) error {
	if p.Qos > 0 {
		ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
		ack.MessageID = p.MessageID
		if err := ack.Write(conn); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	outs, err := r.Central.Handle(context.Background(), p.TopicName, p.Payload)
	if err != nil {
		return err
	}
	for _, o := range outs {
		m := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		m.TopicName, m.Payload = o.Topic, o.Payload
		if err := m.Write(conn); err != nil {
			return err
		}
	}
	return nil
}

// certificate is one for localhost, good from one time to another, and its
// authority, which is good for ever.
func certificate(t *testing.T, from, to time.Time) (tls.Certificate, []byte) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"}, DNSNames: []string{"localhost"},
		NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	must(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
}
