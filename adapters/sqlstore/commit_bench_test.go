package sqlstore

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func BenchmarkCommitSQLite(b *testing.B) {
	benchmarkCommit(b, func(b *testing.B) *Store { return openTemp(b) })
}

// benchmarkCommit makes the commit of one issuance with four writes durable, from so many callers, and
// reports the processor time of this process beside the elapsed time.
func benchmarkCommit(b *testing.B, open func(*testing.B) *Store) {
	for _, callers := range []int{1, 4, 50} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := open(b)
			prepareSessions(b, s, callers)
			var next atomic.Int64
			done := make(chan error, callers)
			before := cpu()
			b.ResetTimer()
			for c := range callers {
				go func() {
					for {
						i := next.Add(1)
						if i > int64(b.N) {
							done <- nil
							return
						}
						if err := s.Commit(context.Background(), issuance(c, i)...); err != nil {
							done <- err
							return
						}
					}
				}()
			}
			for range callers {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "µs-cpu/op")
		})
	}
}

func prepareSessions(b testing.TB, s *Store, n int) {
	for c := range n {
		x := bridge.Session{ID: fmt.Sprintf("session%022d", c), Key: fmt.Sprint(c), UID: "555000000001", Started: time.Now(), Seen: time.Now()}
		if err := s.Commit(context.Background(), bridge.SaveSession{Session: x}); err != nil {
			b.Fatal(err)
		}
	}
}

// issuance is what Deliver commits for a sign-on: a mark, the participant, the grant and the audit event.
func issuance(caller int, i int64) []bridge.Write {
	now := time.Now()
	session := fmt.Sprintf("session%022d", caller)
	return []bridge.Write{
		bridge.PutArtifact{Artifact: bridge.Artifact{Kind: bridge.KindReplay, Key: fmt.Sprintf("https://pas.rx1.example/ %016x", i*0x9E3779B97F4A7C1), Expires: now.Add(5 * time.Minute)}},
		bridge.AddParticipant{Participant: bridge.Participant{
			Session: session, Protocol: trust.OIDC, Partner: "https://pas.rx1.example/", Index: "index-" + session, Subject: "subject-0123456789abcdef", Format: "pairwise", Since: now,
		}},
		bridge.PutArtifact{Artifact: bridge.Artifact{
			Kind: bridge.KindGrant, Key: fmt.Sprintf("%043x", i*0x5851F42D4C957F2D), Group: fmt.Sprintf("%026x", i*0x14057B7EF767814F), Session: session, Payload: make([]byte, 600), Expires: now.Add(time.Minute),
		}},
		bridge.Append{Event: ledger.Event{
			Time: now, Kind: ledger.Issued, Ref: fmt.Sprintf("%08x", i), Tracking: session, Subject: "555000000001", Role: "555000000011", Org: "RX1",
			Partner: "https://pas.rx1.example/", Method: "FIDO2", Peer: "10.0.0.1", Detail: map[string]string{"protocol": "oidc", "assurance": "3"},
		}},
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
