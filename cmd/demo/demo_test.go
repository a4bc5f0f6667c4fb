package demo

import (
	"net/url"
	"strings"
	"testing"
)

func appOf(t *testing.T, m manifest, protocol string) manifestApp {
	t.Helper()
	for _, a := range m.Apps {
		if a.Protocol == protocol {
			return a
		}
	}
	t.Fatalf("no app speaks %s", protocol)
	return manifestApp{}
}

func who(t *testing.T, m manifest, name string) *manifestPersona {
	t.Helper()
	for i := range m.Personas {
		if strings.Contains(m.Personas[i].Name, name) {
			return &m.Personas[i]
		}
	}
	t.Fatalf("nobody is called %s", name)
	return nil
}

// TestOneSignInThreeApps: one card, one role, three protocols, one sign-out.
func TestOneSignInThreeApps(t *testing.T) {
	d, m := running(t)
	asha := who(t, m, "Asha")
	b := newBrowser(t, d.Dir(), m, asha)

	b.open(appOf(t, m, "saml2").URL)
	b.sees(Banner, "Nobody is signed in")
	b.follow("Sign in")
	b.on(m.Issuer + "/signin")
	b.sees(Banner, "Use your smartcard", "Use a demo smartcard", "PAS")
	b.submit(`action="/signin/card"`, nil)
	b.on(m.Issuer + "/role")
	b.sees("Choose your role", asha.Roles[0], asha.Roles[1], asha.Roles[2])
	b.submit(`action="/role"`, url.Values{"role": {asha.Roles[1]}})
	b.on(appOf(t, m, "saml2").URL)
	b.sees("Signed in as Dr Asha Example", asha.UID, "Clinical Practitioner Access Role", "ZZ902", "signed RSA-SHA256", "encrypted AES-128-GCM", Banner)
	b.lacks("Failed:")

	for protocol, how := range map[string]string{"oidc": "ID token signed ES256", "ticket": "legacy ticket"} {
		posts := b.posts
		b.open(appOf(t, m, protocol).URL)
		b.follow("Sign in")
		b.on(appOf(t, m, protocol).URL)
		b.sees("Signed in as Dr Asha Example", asha.UID, "Clinical Practitioner Access Role", how)
		b.lacks("Failed:")
		if protocol == "oidc" { // of the baseline, and what that includes
			b.sees("effective_activities", "B0825", "B0820", "included", "computed")
		}
		if protocol == "ticket" && b.posts != posts+1 {
			t.Errorf("%d pages in between", b.posts-posts)
		}
	}

	b.open(m.Issuer + "/signout")
	b.submit(`action="/signout"`, nil)
	b.sees("You are signed out everywhere", "PAS", "EPR", "Pathology 1998")
	if n := strings.Count(b.page, "Ended"); n != 3 {
		t.Errorf("%d apps ended:\n%s", n, b.page)
	}
	for _, a := range m.Apps {
		b.open(a.URL)
		b.sees("Nobody is signed in")
		b.lacks(asha.UID)
	}
	b.open(appOf(t, m, "saml2").URL)
	b.follow("Sign in")
	b.on(m.Issuer + "/signin")
}

// TestSignOutFromEachApp: whichever app begins, all end.
func TestSignOutFromEachApp(t *testing.T) {
	d, m := running(t)
	ben := who(t, m, "Ben")
	for _, first := range m.Apps {
		t.Run(first.Protocol, func(t *testing.T) {
			b := newBrowser(t, d.Dir(), m, ben)
			for i, a := range m.Apps {
				b.open(a.URL)
				b.follow("Sign in")
				if i == 0 {
					b.submit(`action="/signin/card"`, nil)
				}
				b.on(a.URL)
				b.sees("Signed in as Ben Sample", "Nurse Access Role")
			}
			b.open(first.URL)
			b.follow("Sign out")
			if first.Protocol == "ticket" {
				b.on(m.Issuer + "/signout")
				b.submit(`action="/signout"`, nil)
				b.sees("You are signed out everywhere")
			} else {
				b.on(first.URL)
				b.sees("You are signed out of this app and of the hub")
			}
			for _, a := range m.Apps {
				b.open(a.URL)
				b.sees("Nobody is signed in")
			}
		})
	}
}

// TestSoftwareAuthenticators signs in with a persona's software key, and with the software card of the chooser.
func TestSoftwareAuthenticators(t *testing.T) {
	d, m := running(t)
	ben := who(t, m, "Ben")
	for link, how := range map[string]string{"Use a demo security key": "FIDO2", "Use a demo smartcard": "SMARTCARD"} {
		t.Run(how, func(t *testing.T) {
			b := newBrowser(t, d.Dir(), m, nil)
			b.open(appOf(t, m, "oidc").URL)
			b.follow("Sign in")
			b.follow(link)
			b.sees("Ben Sample", "Grace Mislaid", Banner)
			b.submit("uid", url.Values{"uid": {ben.UID}})
			b.on(appOf(t, m, "oidc").URL)
			b.sees("Signed in as Ben Sample", ben.UID, how)
		})
	}
}

// TestCardsThatAreRefused: pages, not TLS errors, and a reference.
func TestCardsThatAreRefused(t *testing.T) {
	d, m := running(t)
	for name, says := range map[string]string{"Farid": "expired", "Grace": "revoked"} {
		t.Run(says, func(t *testing.T) {
			p := who(t, m, name)
			card := newBrowser(t, d.Dir(), m, p)
			card.open(appOf(t, m, "saml2").URL)
			card.follow("Sign in")
			card.submit(`action="/signin/card"`, nil)
			card.sees(says, "reference", "Try again", Banner)
			if !strings.HasSuffix(card.at.Hostname(), ".card.hub.localhost") || card.status != 401 {
				t.Errorf("%d at %s", card.status, card.at)
			}
			soft := newBrowser(t, d.Dir(), m, nil)
			soft.open(appOf(t, m, "saml2").URL)
			soft.follow("Sign in")
			soft.follow("Use a demo smartcard")
			soft.submit("uid", url.Values{"uid": {p.UID}})
			soft.sees(says, "Try again")
			soft.open(appOf(t, m, "saml2").URL)
			soft.sees("Nobody is signed in")
		})
	}
}

// TestNoCard: a browser without a card gets a page as well.
func TestNoCard(t *testing.T) {
	d, m := running(t)
	b := newBrowser(t, d.Dir(), m, nil)
	b.open(appOf(t, m, "oidc").URL)
	b.follow("Sign in")
	b.submit(`action="/signin/card"`, nil)
	b.sees("did not show us a card", "Try again")
}

// TestNobodyWithoutRole: who has no role is told whom to ask, and gets nothing.
func TestNobodyWithoutRole(t *testing.T) {
	d, m := running(t)
	b := newBrowser(t, d.Dir(), m, who(t, m, "Elin"))
	b.open(appOf(t, m, "oidc").URL)
	b.follow("Sign in")
	b.submit(`action="/signin/card"`, nil)
	b.on(m.Issuer)
	b.sees("Registration Authority", "EPR")
	b.open(appOf(t, m, "oidc").URL)
	b.sees("Nobody is signed in")
}

// TestFilterForManyRoles: more than five roles get a filter that needs no script.
func TestFilterForManyRoles(t *testing.T) {
	d, m := running(t)
	p := who(t, m, "Deepak")
	b := newBrowser(t, d.Dir(), m, p)
	b.open(appOf(t, m, "ticket").URL)
	b.follow("Sign in")
	b.submit(`action="/signin/card"`, nil)
	b.sees(`name="filter"`, "Palliative Care")
	b.open(b.at.String() + "&filter=Hospice")
	b.sees("Palliative Care")
	b.lacks("Sexual Health")
	b.submit(`method="post" action="/role"`, url.Values{"role": {p.Roles[4]}})
	b.sees("Signed in as Deepak Placeholder", "Northmoor Hospice")
}

// TestBreakIt: what the apps offer to break is refused by the hub, with a reference.
func TestBreakIt(t *testing.T) {
	d, m := running(t)
	b := newBrowser(t, d.Dir(), m, who(t, m, "Ben"))
	b.open(appOf(t, m, "saml2").URL)
	b.follow("Sign in")
	b.submit(`action="/signin/card"`, nil)
	for _, c := range []struct{ app, link string }{
		{"saml2", "not signed"}, {"saml2", "a second time"}, {"saml2", "not registered"}, {"oidc", "not registered"}, {"oidc", "code challenge"},
	} {
		b.open(m.Issuer + "/signout")
		if strings.Contains(b.page, `action="/signout"`) {
			b.submit(`action="/signout"`, nil)
		}
		b.open(appOf(t, m, c.app).URL)
		b.follow(c.link)
		b.lacks("Signed in as")
		if b.status < 400 {
			t.Errorf("%s, %s: %d at %s\n%s", c.app, c.link, b.status, b.at, b.page)
		}
		if b.at.Host != strings.TrimPrefix(m.Issuer, "http://") {
			continue // the app itself was told, by its protocol
		}
		ref := between(b.page, `<strong class="ref">`, "<")
		b.open(m.Issuer + "/demo/trace?ref=" + ref)
		b.sees("audit #", "reason=", ref)
	}
}

// TestStartPage: the ladder tells the story of a sign-in and keeps its secrets.
func TestStartPage(t *testing.T) {
	d, m := running(t)
	ben := who(t, m, "Ben")
	b := newBrowser(t, d.Dir(), m, ben)
	for i, a := range m.Apps {
		b.open(a.URL)
		b.follow("Sign in")
		if i == 0 {
			b.submit(`action="/signin/card"`, nil)
		}
	}
	b.open(m.Issuer + "/demo")
	b.sees(Banner, "PAS", "EPR", "Pathology 1998", "Dr Asha Example", "AuthnRequest", "Response with an assertion", "ID token", "Role assertion", "Signature RSA-SHA256")
	for _, secret := range []string{appOf(t, m, "oidc").ClientSecret} {
		b.lacks(secret)
	}
	ticket := d.pathology.desk
	for _, v := range ticket.visits {
		b.lacks(v.token)
		b.lacks(url.QueryEscape(v.token))
	}
	b.open(m.Issuer + "/demo/ladder?have=0")
	b.sees("Role assertion")
	b.open(m.Issuer)
	b.sees(`href="/demo"`)
}

// TestAnswerForAnotherBrowser: an answer of the hub is of no use in a browser that did not ask for it.
func TestAnswerForAnotherBrowser(t *testing.T) {
	d, m := running(t)
	a, stranger := newBrowser(t, d.Dir(), m, who(t, m, "Ben")), newBrowser(t, d.Dir(), m, nil)
	a.open(appOf(t, m, "saml2").URL)
	a.follow("Sign in")
	d.pas.desk.mu.Lock()
	states := d.pas.desk.attempts
	var state string
	for s := range states {
		state = s
	}
	d.pas.desk.mu.Unlock()
	if !d.pas.desk.park(state, visit{Name: "Ben Sample"}) {
		t.Fatal("not parked")
	}
	stranger.open(appOf(t, m, "saml2").URL + "arrive?state=" + state)
	stranger.sees("not begun in this browser")
	stranger.open(appOf(t, m, "saml2").URL)
	stranger.lacks("Ben Sample")
}

// TestCancel: who gives up is told so by the app, which was told by its protocol.
func TestCancel(t *testing.T) {
	d, m := running(t)
	for _, protocol := range []string{"saml2", "oidc"} {
		b := newBrowser(t, d.Dir(), m, nil)
		b.open(appOf(t, m, protocol).URL)
		b.follow("Sign in")
		b.submit(`action="/signin/cancel"`, nil)
		b.on(appOf(t, m, protocol).URL)
		b.sees("You are not signed in", "cancelled")
	}
}

// TestSwitchUser: the next person never finds the last one in an app.
func TestSwitchUser(t *testing.T) {
	d, m := running(t)
	asha, ben := who(t, m, "Asha"), who(t, m, "Ben")
	b := newBrowser(t, d.Dir(), m, nil)
	for i, a := range m.Apps {
		b.open(a.URL)
		b.follow("Sign in")
		if i == 0 {
			b.follow("Use a demo smartcard")
			b.submit("uid", url.Values{"uid": {asha.UID}})
			b.submit(`action="/role"`, url.Values{"role": {asha.Roles[0]}})
		}
		b.sees("Signed in as Dr Asha Example")
	}
	b.open(m.Issuer + "/")
	b.submit(`action="/switch"`, nil)
	b.looksUntil("You are signed out everywhere")
	for i, a := range m.Apps {
		b.open(a.URL)
		b.lacks("Asha")
		b.follow("Sign in")
		if i == 0 {
			b.follow("Use a demo security key")
			b.submit("uid", url.Values{"uid": {ben.UID}})
		}
		b.sees("Signed in as Ben Sample")
		b.lacks("Asha")
	}
}

// TestForgedLogout: nobody but the hub ends a session at an app.
func TestForgedLogout(t *testing.T) {
	d, m := running(t)
	b := newBrowser(t, d.Dir(), m, who(t, m, "Ben"))
	for i, a := range m.Apps[:2] {
		b.open(a.URL)
		b.follow("Sign in")
		if i == 0 {
			b.submit(`action="/signin/card"`, nil)
		}
	}
	var told visit
	for _, v := range d.pas.desk.visits {
		told = v
	}
	forged := `<samlp:LogoutRequest xmlns:samlp="` + protocolSpace + `" Destination="` + d.pas.URL + `saml/slo/soap" ID="_1" IssueInstant="` + d.pas.now() +
		`" NotOnOrAfter="2099-01-01T00:00:00Z" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + m.SAML.EntityID +
		`</saml:Issuer><saml:NameID xmlns:saml="` + assertionSpace + `">` + told.subject + `</saml:NameID></samlp:LogoutRequest>`
	resp, err := b.client.Post(d.pas.URL+"saml/slo/soap", "text/xml", strings.NewReader(envelope(forged))) //nolint:noctx // the test ends it
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	other, err := b.client.PostForm(d.epr.URL+"backchannel-logout", url.Values{"logout_token": {"e30.e30.e30"}}) //nolint:noctx // the test ends it
	if err != nil {
		t.Fatal(err)
	}
	other.Body.Close()
	if resp.StatusCode != 500 || other.StatusCode != 400 {
		t.Errorf("SOAP %d, back channel %d", resp.StatusCode, other.StatusCode)
	}
	for _, a := range m.Apps[:2] {
		b.open(a.URL)
		b.sees("Signed in as Ben Sample")
	}
}
