package storetest

import (
	"context"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Ledger is the contract of ledger.Reader, and of the sequence numbers.
func Ledger(t *testing.T, open Open) {
	ctx := context.Background()
	t.Run("gap-free under load", func(t *testing.T) {
		s := open(t)
		for _, err := range parallel(60, func(i int) error {
			return s.Commit(ctx, bridge.Append{Event: event(name("u", i))}, bridge.Append{Event: event(name("v", i))})
		}) {
			must(t, err)
		}
		gapFree(t, s, 120)
	})
	t.Run("queries", func(t *testing.T) {
		s := open(t)
		want := make([]ledger.Event, 12)
		for i := range want {
			e := event(name("u", i%3))
			e.Seq = int64(i) + 1
			e.Partner, e.Ref = name("p", i%4), name("r", i)
			if i%2 == 1 {
				e.Kind, e.Detail, e.Reason = ledger.Refused, nil, "stale"
			}
			want[i] = e
			must(t, s.Commit(ctx, bridge.Append{Event: e}))
		}
		odd := ledger.Event{Time: start(), Kind: ledger.Alarm, Subject: "nul\x00", Partner: "bad \xff"}
		must(t, s.Commit(ctx, bridge.Append{Event: odd}))
		for name, test := range map[string]struct {
			q    ledger.Query
			want []int
		}{
			"after":       {ledger.Query{After: 9, Limit: 3}, []int{9, 10, 11}},
			"limit":       {ledger.Query{Limit: 2}, []int{0, 1}},
			"subject":     {ledger.Query{Subject: "u001"}, []int{1, 4, 7, 10}},
			"partner":     {ledger.Query{Partner: "p002", After: 3}, []int{6, 10}},
			"ref":         {ledger.Query{Ref: "r005"}, []int{5}},
			"kind":        {ledger.Query{Kind: ledger.Refused, Limit: 2}, []int{1, 3}},
			"all of them": {ledger.Query{Kind: ledger.Refused, Subject: "u001", Partner: "p003"}, []int{7}},
			"nobody":      {ledger.Query{Subject: "nobody"}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				got, err := s.Events(ctx, test.q)
				must(t, err)
				var expected []ledger.Event
				for _, i := range test.want {
					expected = append(expected, want[i])
				}
				wantEqual(t, got, expected)
			})
		}
	})
}

// gapFree requires n events, numbered from 1.
func gapFree(t *testing.T, s Store, n int) {
	t.Helper()
	es, err := s.Events(context.Background(), ledger.Query{Limit: n + 1})
	must(t, err)
	if len(es) != n {
		t.Fatalf("%d events, want %d", len(es), n)
	}
	for i, e := range es {
		if e.Seq != int64(i)+1 {
			t.Fatalf("event %d has number %d", i+1, e.Seq)
		}
	}
}
