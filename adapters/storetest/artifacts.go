package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Artifacts is the contract of bridge.Artifacts.
func Artifacts(t *testing.T, open Open) {
	ctx := context.Background()
	now := start()
	for name, test := range map[string]func(*testing.T, Store){
		"comes back as put": func(t *testing.T, s Store) {
			a := bridge.Artifact{Kind: bridge.KindTicket, Key: "k\x00\xff", Group: "g", Session: "s", Payload: []byte{0, 1, 0xff}, Expires: now.Add(time.Hour)}
			must(t, s.Put(ctx, a, false))
			got, err := s.Get(ctx, a.Kind, a.Key, now)
			must(t, err)
			wantEqual(t, got, a)
			got.Payload[0] = 9
			again, err := s.Get(ctx, a.Kind, a.Key, now)
			must(t, err)
			wantEqual(t, again, a)
		},
		"absent": func(t *testing.T, s Store) {
			_, err := s.Get(ctx, bridge.KindReplay, "nobody", now)
			wantError(t, err, bridge.ErrNotFound)
			_, err = s.Consume(ctx, bridge.KindReplay, "nobody", now)
			wantError(t, err, bridge.ErrNotFound)
		},
		"kinds are apart": func(t *testing.T, s Store) {
			must(t, s.Put(ctx, artifact("a"), false))
			_, err := s.Get(ctx, bridge.KindTicket, "a", now)
			wantError(t, err, bridge.ErrNotFound)
		},
		"a living one is not replaced unasked": func(t *testing.T, s Store) {
			must(t, s.Put(ctx, artifact("a"), false))
			wantError(t, s.Put(ctx, artifact("a"), false), bridge.ErrExists)
			other := artifact("a")
			other.Payload = []byte("other")
			must(t, s.Put(ctx, other, true))
			got, err := s.Get(ctx, other.Kind, "a", now)
			must(t, err)
			wantEqual(t, got, other)
		},
		"expires at the instant": func(t *testing.T, s Store) {
			a := artifact("a")
			must(t, s.Put(ctx, a, false))
			_, err := s.Get(ctx, a.Kind, a.Key, a.Expires.Add(-1))
			must(t, err)
			_, err = s.Get(ctx, a.Kind, a.Key, a.Expires)
			wantError(t, err, bridge.ErrNotFound)
			_, err = s.Consume(ctx, a.Kind, a.Key, a.Expires)
			wantError(t, err, bridge.ErrNotFound)
		},
		"the key of an expired one is free": func(t *testing.T, s Store) {
			dead := artifact("a")
			dead.Expires = now.Add(-time.Minute)
			must(t, s.Put(ctx, dead, false))
			must(t, s.Put(ctx, artifact("a"), false))
			wantError(t, s.Put(ctx, artifact("a"), false), bridge.ErrExists)
		},
		"a spent one still shows, and stays spent": func(t *testing.T, s Store) {
			a := artifact("a")
			must(t, s.Put(ctx, a, false))
			first, err := s.Consume(ctx, a.Kind, a.Key, now)
			must(t, err)
			spent := a
			spent.Spent = true
			wantEqual(t, first, spent)
			second, err := s.Consume(ctx, a.Kind, a.Key, now)
			wantError(t, err, bridge.ErrSpent)
			wantEqual(t, second, spent)
			got, err := s.Get(ctx, a.Kind, a.Key, now)
			must(t, err)
			wantEqual(t, got, spent)
			wantError(t, s.Put(ctx, a, false), bridge.ErrExists)
			wantError(t, s.Put(ctx, a, true), bridge.ErrSpent)
			must(t, s.Put(ctx, spent, true))
		},
		"one that is spent from the start stands for what is not stored": func(t *testing.T, s Store) {
			a := artifact("a")
			a.Spent, a.Session, a.Payload = true, "", nil
			must(t, s.Put(ctx, a, false))
			got, err := s.Get(ctx, a.Kind, a.Key, now)
			if err != nil || !got.Spent {
				t.Fatalf("%+v, %v", got, err)
			}
			_, err = s.Consume(ctx, a.Kind, a.Key, now)
			wantError(t, err, bridge.ErrSpent)
			wantError(t, s.Put(ctx, artifact("a"), false), bridge.ErrExists)
			wantError(t, s.Put(ctx, artifact("a"), true), bridge.ErrSpent)
			_, err = s.Get(ctx, a.Kind, a.Key, a.Expires)
			wantError(t, err, bridge.ErrNotFound)
		},
		"groups are dropped whole": func(t *testing.T, s Store) {
			a, b, other, none := artifact("a"), artifact("b"), artifact("c"), artifact("d")
			a.Group, b.Group, other.Group = "g", "g", "h"
			for _, x := range []bridge.Artifact{a, b, other, none} {
				must(t, s.Put(ctx, x, false))
			}
			must(t, s.DropGroup(ctx, "g"))
			must(t, s.DropGroup(ctx, ""))
			for key, want := range map[string]error{"a": bridge.ErrNotFound, "b": bridge.ErrNotFound, "c": nil, "d": nil} {
				if _, err := s.Get(ctx, a.Kind, key, now); !errors.Is(err, want) {
					t.Fatalf("%s: %v, want %v", key, err, want)
				}
			}
		},
		"fifty consume one": func(t *testing.T, s Store) {
			for round := range 4 {
				a := artifact(name("a", round))
				must(t, s.Put(ctx, a, false))
				exactlyOne(t, parallel(50, func(int) error {
					got, err := s.Consume(ctx, a.Kind, a.Key, now)
					if string(got.Payload) != string(a.Payload) {
						return errors.New("artifact missing from the answer")
					}
					return err
				}), bridge.ErrSpent)
			}
		},
		"fifty put one": func(t *testing.T, s Store) {
			exactlyOne(t, parallel(50, func(int) error { return s.Put(ctx, artifact("a"), false) }), bridge.ErrExists)
		},
		"a caller that gave up": func(t *testing.T, s Store) {
			gone, cancel := context.WithCancel(ctx)
			cancel()
			if err := s.Put(gone, artifact("a"), false); err != nil {
				wantError(t, err, bridge.ErrUnavailable)
			}
			must(t, s.Put(ctx, artifact("b"), false))
		},
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}
