package e2e

import (
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestChromiumKeyAndCard is a shift at a shared workstation: a nurse sets up a key and signs in with it, opens
// a second app without a prompt, hands over to a doctor with a card, who chooses a role and signs out.
func TestChromiumKeyAndCard(t *testing.T) {
	h := startHub(t, "")
	path := h.pathology()
	rp := h.openidc(components.OpenIDCConfig{}, "")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[doctor]}})
	key := b.InsertKey(t)

	link := strings.TrimSpace(h.run("people", "enrol", nurse))
	b.Open(t, link)
	b.SeeText(t, "main", "Ben Example")
	b.Screenshot(t, "enrol")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "set up")
	b.Screenshot(t, "enrolled")
	if len(key.Credentials(t)) != 1 {
		t.Fatal("the key holds no discoverable credential")
	}
	b.Open(t, link)
	b.SeeText(t, "main", "once")

	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.SeeText(t, "main", "You are signing in to Pathology")
	b.Screenshot(t, "signin")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "body", "ticket received")
	if a := path.read(t, path.last(t)); a.uid != nurse {
		t.Errorf("assertion %+v", a)
	}

	b.Open(t, rp.Secure)
	b.SeeText(t, "body", nurse)

	b.Open(t, h.issuer+"/")
	b.SeeText(t, "header", "Ben Example")
	b.Screenshot(t, "home")
	b.Click(t, `form[action="/switch"] button`)
	b.SeeAddress(t, h.issuer+"/signout/result")
	b.SeeText(t, "main", "Ended")
	b.Screenshot(t, "switched")

	b.Open(t, rp.Secure)
	b.SeeText(t, "main", "Use your smartcard")
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "h1", "Choose your role")
	b.Screenshot(t, "role")
	b.Click(t, "#role-"+doctorRole2)
	b.Click(t, `form[action="/role"][method="post"] button[type=submit]`)
	b.SeeText(t, "body", doctor)
	if strings.Contains(b.Text(t, "body"), nurse) {
		t.Error("the doctor sees the nurse's session")
	}

	b.Open(t, h.issuer+"/")
	b.Click(t, `form[action="/signout"] button`)
	b.SeeText(t, "main", "You are signed out everywhere")
	b.Screenshot(t, "signout")
	b.Open(t, rp.Secure)
	b.SeeText(t, "h1", "Sign in")
}

// TestChromiumWrongPIN shows the page when the key does not verify its owner.
func TestChromiumWrongPIN(t *testing.T) {
	h := startHub(t, "")
	h.pathology()
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	key := b.InsertKey(t)
	b.Open(t, strings.TrimSpace(h.run("people", "enrol", nurse)))
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "set up")
	key.Verify(t, false)
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "main", "Try again")
	b.Screenshot(t, "key-failed")
	if strings.Contains(h.audit("--kind", "signed_in"), nurse) {
		t.Error("signed in without user verification")
	}
}

// TestChromiumRevokedCard shows the plain page for a revoked card instead of a TLS error.
func TestChromiumRevokedCard(t *testing.T) {
	h := startHub(t, "")
	h.pathology()
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[revoked]}})
	b.Open(t, h.issuer+"/ticket/start?partner=pathology")
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "main", "RA team, ext 4455")
	b.Screenshot(t, "card-revoked")
}
