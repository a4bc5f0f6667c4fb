package e2e

import (
	"fmt"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// renews has the page that is open load the app's request in a hidden frame, and waits for what its end says.
func (a *oidcApp) renews(b *components.Browser, want string) {
	a.t.Helper()
	b.Open(a.t, a.base+"/bye") // any page of the app
	b.Script(a.t, fmt.Sprintf(`(() => {
		const frame = document.createElement("iframe"), said = document.createElement("p")
		frame.hidden = true
		said.id = "renewed"
		frame.onload = () => { try { said.textContent = frame.contentDocument.body.textContent } catch (e) { said.textContent = "cannot be read: " + e } }
		frame.src = %q
		document.body.append(said, frame)
	})(), 1`, a.request()+"&prompt=none"))
	b.SeeText(a.t, "#renewed", want)
}

// TestChromiumSilentRenewal: a page of an app on another site renews in a hidden frame, if its terms allow it and the browser lets frames
// have cookies; otherwise it hears that a sign-in is needed, and no page of the hub is ever shown there.
func TestChromiumSilentRenewal(t *testing.T) {
	h := startHub(t, "")
	app := h.oidcApp("spa", "none")
	terms := func(frames bool) {
		h.apply("spa", fmt.Sprintf("partner: spa\nname: App spa\nprotocol: oidc\nstage: live\noidc: { auth: none, redirect_uris: ['%s/cb'], frames: %v }\n", app.base, frames))
	}
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}, ThirdPartyCookies: true})
	signIn := func(b *components.Browser) {
		t.Helper()
		b.Open(t, app.request())
		b.Click(t, "#way-card button[type=submit]")
		b.SeeText(t, "body", "welcome to spa")
	}
	signIn(b)
	app.renews(b, "login_required") // the terms do not say that it may
	terms(true)
	app.renews(b, "login_required") // nor was it signed in to since
	b.Open(t, app.request())
	b.SeeText(t, "body", "welcome to spa")
	app.renews(b, "welcome to spa")
	b.Open(t, app.request()+"&prompt=login") // a new proof, and so another secret
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "body", "welcome to spa")
	app.renews(b, "welcome to spa")

	other := b.NewTab(t)
	other.Open(t, h.issuer)
	other.Click(t, `form[action="/signout"] button`)
	other.SeeText(t, "main", "Close all browser windows")
	app.renews(b, "login_required")
	noComplaint(t, b.Tab)

	strict := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}})
	signIn(strict)
	app.renews(strict, "login_required")
}
