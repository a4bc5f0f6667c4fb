package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestChromiumCopiedKey: a thief has a copy of a key and used it more often than its owner. The owner's next answer is behind: from then on
// neither signs in, an alarm tells, and the page says where to go. Once the Registration Authority has cleared it up, the owner goes on.
func TestChromiumCopiedKey(t *testing.T) {
	h := startHub(t, "")
	h.pathology()
	const start = "/ticket/start?partner=pathology"
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	key := b.InsertKey(t)
	h.registerKey(b, nurse)
	b.SeeText(t, "h1", "set up")
	use := func(n float64) { // the key, or its copy, for the nth time, in a browser that nobody is signed in with
		h.run("session", "end", "--person", nurse)
		held := key.Credentials(t)
		key.Remove(t)
		for _, c := range held {
			c.SignCount = n - 1
		}
		key = b.InsertKey(t, held...)
		b.Open(t, h.issuer+start)
		b.Click(t, "#way-key button[type=submit]")
	}
	use(10) // the thief's
	b.SeeText(t, "body", "ticket received")
	for _, n := range []float64{1, 11, 20} { // the owner's; and whoever comes after that
		use(n)
		b.SeeText(t, "main", "There may be a copy of this security key")
		b.SeeText(t, "main", "RA team, ext 4455")
		b.SeeText(t, "main", "Use another way")
	}
	b.Screenshot(t, "key-suspected")
	if alarms := h.audit("--kind", "alarm", "--json"); strings.Count(alarms, `"reason":"possible_clone"`) != 1 || !strings.Contains(alarms, nurse) {
		t.Errorf("alarms: %s", alarms)
	}
	var rows []struct{ UID, Handle string }
	if err := json.Unmarshal([]byte(h.run("people", "keys", "--suspected", "--json")), &rows); err != nil || len(rows) != 1 || rows[0].UID != nurse {
		t.Fatalf("suspected: %+v, %v", rows, err)
	}
	h.run("people", "clear", nurse, rows[0].Handle)
	use(3)
	b.SeeText(t, "body", "ticket received")
}
