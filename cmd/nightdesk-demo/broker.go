package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// login is a user of the broker with what it may read and write.
type login struct {
	user, password string
	read, write    []string // topic filters; a user without any may do everything
}

// broker is an MQTT broker in this process, on loopback.
type broker struct {
	server *mqtt.Server
	addr   string
}

// startBroker serves at once. It ends with Close.
func startBroker(ctx context.Context, log *slog.Logger, users ...login) (*broker, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for MQTT: %w", err)
	}
	s := mqtt.New(&mqtt.Options{Logger: log})
	if err := s.AddHook(new(auth.Hook), &auth.Options{Ledger: rules(users)}); err != nil {
		return nil, fmt.Errorf("set the broker's users up: %w", err)
	}
	if err := s.AddListener(listeners.NewNet("loopback", l)); err != nil {
		return nil, fmt.Errorf("set the broker up: %w", err)
	}
	if err := s.Serve(); err != nil {
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	return &broker{server: s, addr: l.Addr().String()}, nil
}

func (b *broker) Close() error { return b.server.Close() }

// rules are those that central writes for Mosquitto. What no filter of a user
// allows, the last rule denies.
func rules(users []login) *auth.Ledger {
	r := &auth.Ledger{Users: auth.Users{}, ACL: auth.ACLRules{{Filters: auth.Filters{"#": auth.Deny}}}}
	for _, u := range users {
		acl := auth.Filters{}
		for _, f := range u.read {
			acl[auth.RString(f)] = auth.ReadOnly
		}
		for _, f := range u.write {
			acl[auth.RString(f)] = auth.WriteOnly
		}
		if len(acl) == 0 {
			acl["#"] = auth.ReadWrite
		}
		r.Users[u.user] = auth.UserRule{Username: auth.RString(u.user), Password: auth.RString(u.password), ACL: acl}
	}
	return r
}
