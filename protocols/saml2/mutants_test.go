package saml2

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec/mutate"
)

// TestMutantsAreRefused: nothing that the kit makes of a signed message is obeyed, each refusal is on record with a stable reason,
// nobody is called, and afterwards the genuine message is still good.
func TestMutantsAreRefused(t *testing.T) {
	reasons := map[string]map[string]bool{} // of each group
	total, kinds := 0, 0
	for _, kind := range slices.Sorted(maps.Keys(quarries())) {
		t.Run(kind, func(t *testing.T) {
			kinds++
			q := quarries()[kind](t)
			mutants := must(q.mutants())
			before := calls.Load()
			for _, m := range mutants {
				total++
				obeyed, code, rec := q.try(m.Body)
				if code == "" && rec != nil && rec.Code == http.StatusRequestEntityTooLarge {
					code = "413" // the router does not read it
				}
				switch {
				case obeyed:
					t.Errorf("obeyed: %s\n%.3000s", m, m.Body)
					q = quarries()[kind](t) // what it did is done
				case code == "":
					t.Errorf("%s: no reason on record, %s", m, shown(rec))
				case rec != nil && rec.Code == http.StatusOK && bytes.Contains(rec.Body.Bytes(), []byte(":Assertion")):
					t.Errorf("%s: there is an assertion in the answer", m)
				}
				if reasons[group(m)] == nil {
					reasons[group(m)] = map[string]bool{}
				}
				reasons[group(m)][code] = true
			}
			if n := calls.Load() - before; n != 0 {
				t.Errorf("%d calls to an address of the message", n)
			}
			if obeyed, code, rec := q.try(q.genuine); !obeyed {
				t.Errorf("the genuine message is refused: %s, %s", code, shown(rec))
			}
		})
	}
	t.Logf("%d mutants", total)
	if kinds < len(quarries()) {
		return // somebody asked for a few
	}
	if total < 300 {
		t.Errorf("only %d mutants", total)
	}
	compareReasons(t, reasons)
}

func shown(rec *httptest.ResponseRecorder) string {
	if rec == nil {
		return "no answer"
	}
	return fmt.Sprintf("%d %q %.300s", rec.Code, rec.Header().Get("Location"), rec.Body)
}

// group is what mutants with the same reasons have in common.
func group(m mutate.Mutant) string {
	first, _, _ := strings.Cut(m.Name, " ")
	if slices.Contains([]string{"doctype", "declared", "comment", "CDATA", "instruction", "namespace", "broken:", "twin", "foreign", "HMAC", "URI", "transforms:", "value", "digest", "content:", "packed", "SAMLEncoding"}, first) {
		return m.Family + " " + strings.TrimSuffix(first, ":")
	}
	return m.Family
}

// compareReasons holds the reasons of each group against the golden file. Values that are random may leave a rare one out.
func compareReasons(t *testing.T, reasons map[string]map[string]bool) {
	t.Helper()
	var b strings.Builder
	for _, g := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(&b, "%s: %s\n", g, strings.Join(slices.Sorted(maps.Keys(reasons[g])), " "))
	}
	file := filepath.Join("testdata", "golden", "mutants.txt")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(want)) {
		g, known, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if reasons[g] == nil {
			t.Errorf("there are no mutants any more of the group %q", g)
		}
		for code := range reasons[g] {
			if !slices.Contains(strings.Fields(known), code) {
				t.Errorf("a reason is new: %s: %s; run with -update and read the difference", g, code)
			}
		}
		delete(reasons, g)
	}
	for g := range reasons {
		t.Errorf("a group is new: %s: run with -update", g)
	}
}

// TestEquivalentsAreObeyed: what says and proves the same by the standards does the same.
func TestEquivalentsAreObeyed(t *testing.T) {
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(quarries())) {
		t.Run(kind, func(t *testing.T) {
			n := len(must(quarries()[kind](t).same()))
			for i := range n {
				q := quarries()[kind](t)
				m := must(q.same())[i]
				if inSOAP := strings.Contains(kind, "SOAP") || strings.Contains(kind, "ECP") || strings.Contains(kind, "Artifact") || strings.Contains(kind, "Query"); inSOAP && !strings.Contains(kind, "envelope") && prologue(m.Body) {
					continue
				}
				total++
				if obeyed, code, rec := q.try(m.Body); !obeyed {
					t.Errorf("refused: %s: %s, %s\n%.2500s", m, code, shown(rec), m.Body)
				}
			}
		})
	}
	t.Logf("%d equivalents", total)
}

// prologue reports whether a document begins with what cannot stand inside another.
func prologue(doc []byte) bool {
	return bytes.HasPrefix(doc, []byte("<?xml")) || bytes.HasPrefix(doc, []byte("\ufeff"))
}

// The bounds of one refusal, and by how much they may be missed on a busy machine before the test fails.
const (
	maxTime  = 50 * time.Millisecond
	maxHeap  = 5 << 20
	patience = 10
)

// TestMutantsAreCheap measures what a mutant costs from the request to the end of the answer: time, and every byte allocated, which
// is more than what is in use at once. LANYARD_MUTANTS=all measures every one of every kind.
func TestMutantsAreCheap(t *testing.T) {
	var slowest, largest struct {
		name  string
		spent time.Duration
		heap  uint64
	}
	over := 0
	for _, kind := range slices.Sorted(maps.Keys(quarries())) {
		everything := os.Getenv("LANYARD_MUTANTS") == "all"
		if !everything && !slices.Contains([]string{"AuthnRequest POST", "LogoutRequest SOAP", "LogoutResponse Redirect", "ArtifactResponse"}, kind) {
			continue
		}
		q := quarries()[kind](t)
		if q.read != nil {
			continue // no request
		}
		for i, m := range must(q.mutants()) {
			if !everything && m.Family != "limits" && i%13 != 0 && !strings.Contains(m.Name, "packed") {
				continue
			}
			spent, heap := q.cost(m.Body)
			for i := 0; i < 3 && spent > maxTime/5; i++ { // somebody else had the processor
				again, _ := q.cost(m.Body)
				spent = min(spent, again)
			}
			if spent > slowest.spent {
				slowest.name, slowest.spent, slowest.heap = kind+": "+m.String(), spent, heap
			}
			if heap > largest.heap {
				largest.name, largest.spent, largest.heap = kind+": "+m.String(), spent, heap
			}
			if spent > maxTime || heap > maxHeap {
				over++
				t.Logf("over: %s: %s takes %v and %d KiB", kind, m, spent, heap>>10)
			}
			if spent > patience*maxTime || heap > patience*maxHeap {
				t.Errorf("%s: %s takes %v and %d KiB", kind, m, spent, heap>>10)
			}
		}
	}
	t.Logf("slowest %v: %s; largest %d KiB: %s; %d over %v or %d MiB", slowest.spent, slowest.name, largest.heap>>10, largest.name, over, maxTime, maxHeap>>20)
}

func (q *quarry) cost(body []byte) (time.Duration, uint64) {
	r, rec := q.request(body), httptest.NewRecorder()
	rec.Body = nil
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	q.w.handler.ServeHTTP(rec, r)
	spent := time.Since(start)
	runtime.ReadMemStats(&after)
	return spent, after.TotalAlloc - before.TotalAlloc
}
