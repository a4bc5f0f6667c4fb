package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/sqlstore"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

// attestationCertificate is the certificate by which the person's key vouched for itself, in DER, out of the store.
func (h *hub) attestationCertificate(uid string) []byte {
	h.t.Helper()
	store, err := sqlstore.OpenSQLite(h.t.Context(), h.path("data/lanyard.db"), sqlstore.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	defer store.Close()
	auths, err := store.AuthenticatorsOf(h.t.Context(), uid)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, a := range auths {
		var record struct {
			Attestation struct{ Object []byte }
		}
		if json.Unmarshal(a.Record, &record) != nil {
			continue // a card
		}
		// x5c: an array of one byte string with its length in two bytes.
		_, chain, ok := bytes.Cut(record.Attestation.Object, []byte("cx5c\x81\x59"))
		if ok && len(chain) > 2 {
			if n := int(chain[0])<<8 | int(chain[1]); len(chain) >= 2+n {
				return chain[2 : 2+n]
			}
		}
	}
	h.t.Fatalf("no key of %s shows one certificate", uid)
	return nil
}

// publish writes FIDO metadata about one model, signed as the metadata service signs, and waits until the running hub has it.
func (h *hub) publish(signer *components.Leaf, number int, next time.Time, root []byte, statuses ...string) {
	h.t.Helper()
	reports := []map[string]string{}
	for _, s := range statuses {
		reports = append(reports, map[string]string{"status": s, "effectiveDate": "2024-01-01"})
	}
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			h.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := encode(map[string]any{"alg": "ES256", "x5c": [][]byte{signer.Certificate.Raw}}) + "." + encode(map[string]any{
		"no": number, "nextUpdate": next.Format(time.DateOnly),
		"entries": []any{map[string]any{
			"aaguid": chromiumModel, "statusReports": reports,
			"metadataStatement": map[string]any{"description": "Virtual key", "attestationRootCertificates": [][]byte{root}},
		}},
	})
	key, ok := signer.Key.(*ecdsa.PrivateKey)
	if !ok {
		h.t.Fatalf("the signer has a %T", signer.Key)
	}
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		h.t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	h.write("blob.jwt", text+"."+base64.RawURLEncoding.EncodeToString(signature))
	want := fmt.Sprint(float64(next.Truncate(24 * time.Hour).Unix()))
	for deadline := time.Now().Add(45 * time.Second); h.metric("lanyard_fido_metadata_next_update_seconds") != want; time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			h.t.Fatalf("the running hub did not notice the metadata: %s, want %s\n%s", h.metric("lanyard_fido_metadata_next_update_seconds"), want, h.proc.Output())
		}
	}
}

// TestChromiumCertifiedModel: a key that a browser really made counts 3 as soon as metadata certifies its model, and nothing when
// metadata withdraws it, without a restart.
func TestChromiumCertifiedModel(t *testing.T) {
	h := startHub(t, "")
	signer := h.ca.Server(t, "mds.example")
	h.withFIDO("attestation: { mode: certified, others: lower, metadata: blob.jwt, metadata_roots: " + h.ca.File + ", metadata_host: mds.example }")
	h.pathology()
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.InsertKey(t)
	h.registerKey(b, nurse)
	b.SeeText(t, "main", "It signs you in at level 2.")
	root := h.attestationCertificate(nurse)

	in := func(days int) time.Time { return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days) }
	h.publish(signer, 1, in(30), root, "FIDO_CERTIFIED_L2")
	if out := h.run("people", "keys"); !strings.Contains(out, "Virtual key "+chromiumModel+"  AAL3 (certified)") {
		t.Errorf("certified by now:\n%s", out)
	}
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "body", "ticket received")
	if out := h.audit("--kind", "signed_in", "--json"); !strings.Contains(out, `"ground":"certified"`) || !strings.Contains(out, `"metadata_no":"1"`) {
		t.Errorf("the record: %s", out)
	}
	h.publish(signer, 2, in(31), root, "FIDO_CERTIFIED_L2", "USER_KEY_REMOTE_COMPROMISE")
	h.run("people", "keys", "--withdrawn", "--end-sessions")
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "main", "Keys of this model are not safe any more")
	if out := h.audit("--kind", "sign_in_refused", "--json"); !strings.Contains(out, `"withdrawn_by":"USER_KEY_REMOTE_COMPROMISE"`) {
		t.Errorf("the record: %s", out)
	}
}
