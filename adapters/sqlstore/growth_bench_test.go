package sqlstore

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// BenchmarkGrownSQLite is the store's part of one sign-on, a session found and an issuance committed, in a store that
// holds so many sessions, each time for another of them. LANYARD_SESSIONS names the sizes, "1000,1000000" for the growth
// that docs/performance.md speaks of; filling takes a minute a million.
func BenchmarkGrownSQLite(b *testing.B) {
	sizes := os.Getenv("LANYARD_SESSIONS")
	if sizes == "" {
		sizes = "1000,20000"
	}
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) { benchmarkGrown(b, n) })
	}
}

func benchmarkGrown(b *testing.B, n int) {
	ctx := context.Background()
	s := openTemp(b)
	empty := heap()
	fill(b, s, n)
	kept := float64(heap()) - float64(empty)
	took := make([]time.Duration, 0, 1<<16)
	before := cpu()
	for i := int64(0); b.Loop(); i++ {
		caller := int(i*7919) % n
		start := time.Now()
		if _, err := s.SessionByKey(ctx, strconv.Itoa(caller)); err != nil {
			b.Fatal(err)
		}
		if err := s.Commit(ctx, firstVisit(caller, i, n)...); err != nil {
			b.Fatal(err)
		}
		if len(took) < cap(took) {
			took = append(took, time.Since(start))
		}
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "µs-cpu/op")
	b.ReportMetric(kept/float64(n), "heap-B/session")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// firstVisit is an issuance to a partner whom the session has not been at: however few sessions there are, each adds a participant.
func firstVisit(caller int, i int64, sessions int) []bridge.Write {
	writes := issuance(caller, i)
	for at, w := range writes {
		if added, ok := w.(bridge.AddParticipant); ok {
			added.Participant.Partner = fmt.Sprintf("https://app%d.rx1.example/", i/int64(sessions))
			added.Participant.Index = fmt.Sprintf("%016x%s", uint64(i)*0x9E3779B97F4A7C15, added.Participant.Session)
			writes[at] = added
		}
	}
	return writes
}

// fill stores sessions in commits of a thousand.
func fill(b *testing.B, s *Store, n int) {
	for from := 0; from < n; from += 1000 {
		var writes []bridge.Write
		for c := from; c < min(from+1000, n); c++ {
			writes = append(writes, bridge.SaveSession{Session: bridge.Session{
				ID: fmt.Sprintf("session%022d", c), Key: strconv.Itoa(c), UID: fmt.Sprintf("5550%08d", c), Started: time.Now(), Seen: time.Now(),
			}})
		}
		if err := s.Commit(context.Background(), writes...); err != nil {
			b.Fatal(err)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
