package e2e

import (
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// onlySLO registers the SP anew with no way to take logout messages but these bindings.
func (h *hub) onlySLO(bindings ...string) {
	h.t.Helper()
	metadata, err := os.ReadFile(h.path("pas.xml"))
	if err != nil {
		h.t.Fatal(err)
	}
	document, err := os.ReadFile(h.path("pas.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	kept := regexp.MustCompile(`<md:SingleLogoutService [^>]*>`).ReplaceAllStringFunc(string(metadata), func(e string) string {
		for _, b := range bindings {
			if strings.Contains(e, ":bindings:"+b+`"`) {
				return e
			}
		}
		return ""
	})
	if kept == string(metadata) || strings.Count(kept, "<md:SingleLogoutService ") != len(bindings) {
		h.t.Fatalf("logout endpoints of the SP: %s", metadata)
	}
	h.write("pas.xml", kept)
	h.apply("pas", string(document))
}

// signedOn is a surfer with a session at the hub and at the SP.
func (h *hub) signedOn(sp *components.ShibbolethSP) *surfer {
	h.t.Helper()
	s := h.newSurfer(nurse)
	s.open(sp.Secure)
	s.signInByCard("")
	s.autopost()
	if got := components.Variables(s.body)["uid"]; got != nurse {
		s.fail("sign-on")
	}
	return s
}

// signedOut fails unless hub and SP ask for a sign-in again, and the record has the end for that reason.
func (s *surfer) signedOut(h *hub, sp *components.ShibbolethSP, reason string) {
	s.t.Helper()
	s.open(h.issuer + "/")
	s.see("Nobody is signed in")
	s.open(sp.Secure)
	s.see("Sign in")
	if record := h.audit("--kind", "session_ended"); strings.Count(record, `"reason":"`+reason+`"`) != 1 {
		s.t.Errorf("ends on record: %s", record)
	}
}

// TestShibbolethAsyncLogout: by default the SP wants no answer, and the browser stays on the hub's page.
func TestShibbolethAsyncLogout(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, LogoutBinding: "HTTP-Redirect"}, "")
	s := h.signedOn(sp)
	s.open(sp.Logout + "?return=" + url.QueryEscape(sp.Open))
	s.see("You are signed out everywhere")
	if !strings.HasPrefix(s.url.String(), h.issuer+"/signout/result") {
		s.fail("the browser went on")
	}
	s.signedOut(h, sp, "partner")
}

// TestShibbolethLogoutIsAnswered: an SP that wants an answer gets it, by the binding that it asks by.
func TestShibbolethLogoutIsAnswered(t *testing.T) {
	for _, binding := range []string{"HTTP-Redirect", "HTTP-POST", "HTTP-POST-SimpleSign"} {
		t.Run(binding, func(t *testing.T) {
			h := startHub(t, "")
			sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, LogoutBinding: binding, SyncLogout: true}, "")
			s := h.signedOn(sp)
			s.open(sp.Logout + "?return=" + url.QueryEscape(sp.Open))
			if binding != "HTTP-Redirect" {
				s.autopost() // the SP's form with its request
			}
			if binding == "HTTP-POST" { // the SP takes nothing by SimpleSign and is answered by Redirect then
				s.autopost()
			}
			if s.url.String() != sp.Open {
				s.fail("the answer did not lead to where the SP wanted\n%s", sp.Log(t))
			}
			s.signedOut(h, sp, "partner")
		})
	}
}

// TestShibbolethLogoutBySOAP: the SP's server asks the hub's.
func TestShibbolethLogoutBySOAP(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, LogoutBinding: "SOAP"}, "")
	s := h.signedOn(sp)
	s.open(sp.Logout + "?return=" + url.QueryEscape(sp.Open))
	if strings.Contains(sp.Log(t), "PartialLogout") || s.url.String() != sp.Open {
		s.fail("not as wanted\n%s", sp.Log(t))
	}
	s.signedOut(h, sp, "partner")
}

// framed signs out at the hub, whose page shows so many frames.
func (s *surfer) framed(h *hub, n int) (page string, frames []string) {
	s.t.Helper()
	s.open(h.issuer + "/")
	s.submit("Sign out")
	s.see("Needs this browser")
	if frames = s.frames(); len(frames) != n {
		s.fail("frames %v", frames)
	}
	return s.url.String(), frames
}

// TestShibbolethIsToldThroughTheBrowser: an SP without a SOAP endpoint is told in a frame, by each binding, and answers.
func TestShibbolethIsToldThroughTheBrowser(t *testing.T) {
	for _, binding := range []string{"HTTP-Redirect", "HTTP-POST"} {
		for terms, want := range map[string]string{"": "You are signed out everywhere", ", async_logout: true": ""} {
			t.Run(binding+terms, func(t *testing.T) {
				h := startHub(t, "")
				sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true}, terms)
				h.onlySLO(binding)
				s := h.signedOn(sp)
				page, frames := s.framed(h, 1)
				s.open(resolve(s, frames[0]))
				if binding == "HTTP-POST" {
					s.submit("Sign out of PAS")
					if strings.Contains(s.body, "SAMLResponse") {
						s.autopost()
					}
				}
				if want != "" {
					s.see("Signed out of PAS")
				}
				s.open(page)
				if want != "" {
					s.see(want)
				} else if !strings.Contains(s.body, "You are signed out everywhere") { // it answers all the same, or not: both are told as they are
					s.see("Told")
				}
				s.signedOut(h, sp, "user")
			})
		}
	}
}

// TestShibbolethUnsignedAnswer: an SP that signs nothing answers through the browser without a signature. Its session is over,
// but nobody can know that, and nobody says so.
func TestShibbolethUnsignedAnswer(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{}, "")
	h.onlySLO("HTTP-Redirect")
	s := h.signedOn(sp)
	s.open(h.issuer + "/")
	s.submit("Sign out")
	page := s.url.String()
	s.open(resolve(s, s.frames()[0]))
	if s.status != 400 || !strings.Contains(h.audit("--kind", "refused"), `"reason":"unsigned"`) {
		s.fail("an unsigned answer was taken")
	}
	s.open(page)
	s.see("Needs this browser")
	s.open(page + "&n=10")
	s.see("It did not answer.")
	s.signedOut(h, sp, "user")
}

// TestDeadFrameInChromium: two dead apps and a hanging one are told in frames beside a good one. The good one ends at once, the page
// says what is so of each, and in the end that the browser must be closed.
func TestDeadFrameInChromium(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true}, "")
	h.onlySLO("HTTP-POST")
	apps := []*soapApp{h.soapApp("dead", "", "HTTP-Redirect"), h.soapApp("gone", "", "HTTP-POST"), h.soapApp("slow", "", "HTTP-POST"), h.soapApp("mute", "", "HTTP-Redirect")}
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}})
	b.Open(t, sp.Secure)
	b.SeeText(t, "main", "Use your smartcard")
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "body", nurse)
	for _, a := range apps {
		b.Open(t, a.request(t, h))
		b.SeeText(t, "body", "welcome to "+a.name)
	}
	apps[0].stop()
	apps[1].stop()
	apps[2].mu.Lock()
	apps[2].hangs = true
	apps[2].mu.Unlock()
	b.Open(t, h.issuer+"/")
	b.Click(t, `form[action="/signout"] button`)
	b.SeeText(t, "main", "Your apps are being told now")
	b.SeeText(t, "tr.good", "PAS")
	b.Screenshot(t, "signout-dead-frames-told")
	if text := b.Text(t, "main"); strings.Count(text, "Needs this browser") != 4 || strings.Contains(text, "everywhere") {
		t.Errorf("the page says\n%s", text)
	}
	b.SeeText(t, "main", "Close all browser windows")
	b.Screenshot(t, "signout-dead-frames-close")
	if text := b.Text(t, "main"); strings.Count(text, "It did not answer.") != 4 || strings.Contains(text, "everywhere") {
		t.Errorf("the page says\n%s", text)
	}
}

func resolve(s *surfer, address string) string {
	s.t.Helper()
	u, err := s.url.Parse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.String()
}

// TestShibbolethWithTwoNames: an SP that knows the session by two names has one session in the browser, by the name that it was told last. It
// says in the browser that it does not know the other; it is signed out everywhere when it ended the one, whichever it is asked of first. By SOAP
// it takes both.
func TestShibbolethWithTwoNames(t *testing.T) {
	for name, first := range map[string]int{"the old name first": 0, "the new name first": 1, "by SOAP": -1} {
		t.Run(name, func(t *testing.T) {
			h := startHub(t, "")
			sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true}, "")
			h.write("pas.yaml", strings.Replace(h.read("pas.yaml"), "subject: transient", "subject: pairwise", 1))
			binding := "HTTP-Redirect"
			if first < 0 {
				binding = "SOAP"
			}
			h.onlySLO(binding)
			s := h.signedOn(sp)
			s.open(sp.Login + "?NameIDFormat=" + url.QueryEscape("urn:oasis:names:tc:SAML:2.0:nameid-format:transient") + "&target=" + url.QueryEscape(sp.Secure))
			s.autopost()
			if first < 0 {
				s.open(h.issuer + "/")
				s.submit("Sign out")
			} else {
				page, frames := s.framed(h, 2)
				for i := range frames {
					s.open(resolve(s, frames[(first+i)%2]))
				}
				s.open(page)
			}
			s.see("You are signed out everywhere")
			s.signedOut(h, sp, "user")
		})
	}
}
