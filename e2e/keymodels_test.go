package e2e

import (
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// chromiumModel is the AAGUID of Chromium's virtual keys.
const chromiumModel = "01020304-0506-0708-0102-030405060708"

// withFIDO lets the hub start again with other settings of FIDO keys.
func (h *hub) withFIDO(settings string) {
	h.t.Helper()
	const before = "authenticators: "
	lines := strings.Split(h.read("lanyard.yaml"), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, before) {
			lines[i] = before + "{ smartcard: {}, fido2: { " + settings + " } }"
		}
	}
	h.write("lanyard.yaml", strings.Join(lines, "\n"))
	h.proc.Close()
	h.serve()
}

// registerKey lets a person register the key that is in the browser.
func (h *hub) registerKey(b *components.Browser, uid string) {
	h.t.Helper()
	b.Open(h.t, strings.TrimSpace(h.run("people", "enrol", uid)))
	b.Click(h.t, "#way-key button[type=submit]")
}

// TestChromiumSyncedPasskey: a passkey that is copied to other devices signs in at level 2 and says so, and opens nothing that needs 3.
func TestChromiumSyncedPasskey(t *testing.T) {
	h := startHub(t, "")
	h.withFIDO("hints: [client-device, security-key]")
	h.pathology()
	h.apply("strong", strings.NewReplacer("pathology", "strong", "Pathology", "Strong", "role: true", "assurance: AAL3, role: true").Replace(h.read("pathology.yaml")))
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.InsertPasskey(t)
	h.registerKey(b, nurse)
	b.SeeText(t, "main", "It signs you in at level 2.")
	b.Screenshot(t, "enrolled-passkey")
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.SeeText(t, "#way-key", "Use your security key or computer")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "body", "ticket received")
	signedIn := h.audit("--kind", "signed_in", "--json")
	for _, want := range []string{`"ground":"synced"`, `"backup_eligible":"true"`, `"backup_state":"true"`} {
		if !strings.Contains(signedIn, want) {
			t.Errorf("the record lacks %s: %s", want, signedIn)
		}
	}
	b.Open(t, h.issuer+"/ticket/start?partner=strong")
	b.SeeText(t, "h1", "Sign in")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "main", "stronger")
	b.Screenshot(t, "passkey-too-weak")
}

// TestChromiumWithdrawnModel: a key that was registered in good faith is refused at its next use, with a plain page; its owner is listed.
func TestChromiumWithdrawnModel(t *testing.T) {
	h := startHub(t, "")
	h.withFIDO("attestation: { mode: certified, others: lower, metadata: absent.jwt, metadata_roots: " + h.cardCA.File + " }")
	h.pathology()
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.InsertKey(t)
	h.registerKey(b, nurse)
	b.SeeText(t, "h1", "set up")
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "body", "ticket received")
	t.Log(h.audit("--kind", "signed_in", "--json"))
	if out := h.run("people", "keys"); !strings.Contains(out, chromiumModel) {
		t.Errorf("the model is not known:\n%s", out)
	}
	h.withFIDO("attestation: { deny: [" + chromiumModel + "] }")
	if out := h.run("people", "keys", "--withdrawn", "--end-sessions"); !strings.Contains(out, nurse) || !strings.Contains(out, "1 session ended") {
		t.Errorf("who is concerned:\n%s", out)
	}
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "main", "Keys of this model are not safe any more")
	b.SeeText(t, "main", "RA team, ext 4455")
	b.SeeText(t, "main", "Use another way")
	b.Screenshot(t, "key-withdrawn")
	if out := h.audit("--kind", "sign_in_refused", "--json"); !strings.Contains(out, "key_model_withdrawn") || !strings.Contains(out, nurse) {
		t.Errorf("the record: %s", out)
	}
}

// TestChromiumStaffNumber: a key without room for credentials is registered, and signs in after its owner typed a number.
func TestChromiumStaffNumber(t *testing.T) {
	h := startHub(t, "")
	h.withFIDO("discoverable: preferred")
	h.pathology()
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.InsertSmallKey(t)
	h.registerKey(b, nurse)
	b.SeeText(t, "main", "My key needs my staff number")
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "[data-key=failed]:not([hidden])", "Try again")
	for _, number := range []string{doctor, nurse} {
		b.Open(t, h.issuer+"/ticket/start?partner=pathology")
		b.Click(t, "#way-key summary")
		b.Type(t, "#staff", number)
		b.Screenshot(t, "staff-number")
		b.Click(t, "#way-key button[type=submit]")
		if number == doctor { // who has no key: the list is made up, and the key is not on it
			b.SeeText(t, "[data-key=failed]:not([hidden])", "Try again")
		}
	}
	b.SeeText(t, "body", "ticket received")
}
