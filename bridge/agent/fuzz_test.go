package agent

import (
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// FuzzRead: whatever comes, it is refused with a reason that is not the hub's own, or it is a message that the key of a workstation
// signed, and is then taken once.
func FuzzRead(f *testing.F) {
	w := newWorld(f)
	_, text := w.card([]byte{1})
	for _, seed := range []string{
		w.message("bay4", "presence", object{"nonce": "n", "certificate": text}), w.message("bay4", "presence", object{"nonce": "n", "aud": []string{hub}}),
		w.sign(w.keys["bay4"], object{"typ": Type, "alg": "none", "kid": "bay4"}, w.claims("bay4", "presence", nil)), "a.b.c", "", "..",
		"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJiYXk0In0.", "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOlsiYmF5NCJdfQ.AA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		p, err := w.reader.ReadPresence(t.Context(), token, "n")
		if err != nil {
			if bridge.AsRefusal(err).OurFault() {
				t.Error(err)
			}
			return
		}
		if p.Workstation.ID != "bay4" && p.Workstation.ID != "bay5" {
			t.Errorf("from %q", p.Workstation.ID)
		}
		if _, err := w.reader.ReadPresence(t.Context(), token, "n"); bridge.AsRefusal(err).Reason != bridge.Replayed {
			t.Errorf("again: %v", err)
		}
	})
}

// FuzzReadCertificate: what is read is what the base64 says, byte for byte.
func FuzzReadCertificate(f *testing.F) {
	w := newWorld(f)
	_, text := w.card([]byte{1})
	for _, seed := range []string{text, text[:40], "", "AAAA", "MAA="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadCertificate(text)
		if err != nil {
			return
		}
		_, _ = Handle(c), Fingerprint(c)
		if len(c.Raw) > maxCertificate || len(c.Raw) == 0 {
			t.Errorf("%d bytes", len(c.Raw))
		}
	})
}
