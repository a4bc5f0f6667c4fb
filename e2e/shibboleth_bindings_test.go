package e2e

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// The indexes that Shibboleth gives its assertion consumer services.
const (
	acsSimpleSign = "2"
	acsArtifact   = "3"
)

// TestShibbolethBindings signs on by every pair of bindings that a Shibboleth SP speaks in a browser, but for POST and Redirect, which
// other tests have.
func TestShibbolethBindings(t *testing.T) {
	for name, c := range map[string]struct {
		request, acs string
		sign         bool
	}{
		"SimpleSign both ways":         {"HTTP-POST-SimpleSign", acsSimpleSign, true},
		"answer by Artifact":           {"HTTP-Redirect", acsArtifact, true},
		"request by Artifact":          {"HTTP-Artifact", "", true},
		"Artifact both ways, unsigned": {"HTTP-Artifact", acsArtifact, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := startHub(t, "")
			conf := components.ShibbolethConfig{SignRequests: c.sign, RequestBinding: c.request}
			if !c.sign && c.acs == acsArtifact {
				conf.SignBack = true // an ArtifactResolve must be signed, the request need not be
			}
			sp := h.shibboleth(conf, "")
			s := h.newSurfer(nurse)
			s.open(sp.Login + "?acsIndex=" + c.acs + "&target=" + url.QueryEscape(sp.Secure))
			if strings.Contains(s.body, "SAMLRequest") {
				s.autopost()
			}
			s.signInByCard("")
			if c.acs != acsArtifact {
				s.autopost()
			}
			if got := components.Variables(s.body)["uid"]; got != nurse {
				t.Log(sp.Log(t))
				s.fail("uid %q", got)
			}
			if !strings.Contains(h.audit("--kind", "issued"), sp.EntityID) {
				t.Error("not on record")
			}
		})
	}
}

// TestShibbolethQuery: shibd, which was told no attribute, asks for some behind the browser's back, by the name that it was told.
func TestShibbolethQuery(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, Query: true}, "")
	terms := "partner: " + sp.EntityID + "\nname: PAS\nprotocol: saml2\nstage: live\nsubject: transient\nsaml: { metadata: pas.xml }\n"
	h.apply("pas", terms)
	s := h.newSurfer(nurse)
	s.open(sp.Secure)
	s.signInByCard("")
	h.apply("pas", terms+"release: [{ set: nhs-saml }]\n") // between the answer and its arrival
	s.autopost()
	if got := components.Variables(s.body)["uid"]; got != nurse {
		t.Log(sp.Log(t))
		s.fail("uid %q", got)
	}
	if read := h.audit("--kind", "attributes_read"); !strings.Contains(read, sp.EntityID) {
		t.Errorf("on record: %s", read)
	}
}

var (
	relayPattern = regexp.MustCompile(`(?s)<ecp:RelayState.*?</ecp:RelayState>`)
	headPattern  = regexp.MustCompile(`(?s)<S:Header>.*?</S:Header>`)
	ownPattern   = regexp.MustCompile(`(?s)<ecp:Response.*?</ecp:Response>`)
	toPattern    = regexp.MustCompile(`AssertionConsumerServiceURL="([^"]*)"`)
	fromPattern  = regexp.MustCompile(`responseConsumerURL="([^"]*)"`)
	askPattern   = regexp.MustCompile(`^Card realm="[^"]+", challenge="([^"]+)"$`)
)

// TestShibbolethECP plays the enhanced client between a Shibboleth SP and the hub, with both ways of showing a card.
func TestShibbolethECP(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, ECP: true}, "")
	card := h.cards[doctor]
	for name, show := range map[string]func(client *http.Client, envelope string) (int, string){
		"client certificate": func(_ *http.Client, envelope string) (int, string) {
			at := strings.Replace(h.issuer, "https://", "https://ecp.card.", 1) + "/saml2/ecp?role=" + doctorRole2
			code, body, _ := soap(t, h.newSurfer(doctor).client, at, envelope, "")
			return code, body
		},
		"signed challenge": func(client *http.Client, envelope string) (int, string) {
			at := h.issuer + "/saml2/ecp?role=" + doctorRole2
			code, body, asked := soap(t, client, at, envelope, "")
			challenge := askPattern.FindStringSubmatch(asked)
			if code != http.StatusUnauthorized || challenge == nil {
				t.Fatalf("%d %s %s", code, asked, body)
			}
			sum := sha256.Sum256([]byte("lanyard card authentication 1\n" + h.issuer + "\n" + challenge[1]))
			signature, err := card.Key.Sign(rand.Reader, sum[:], crypto.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			code, body, _ = soap(t, client, at, envelope, `Card challenge="`+challenge[1]+`", certificate="`+base64.StdEncoding.EncodeToString(card.Certificate.Raw)+
				`", signature="`+base64.StdEncoding.EncodeToString(signature)+`"`)
			return code, body
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := h.newSurfer("") // the client's connection to the SP, with its cookies
			asked := paos(t, s.client, sp.Secure)
			code, answer := show(s.client, headPattern.ReplaceAllString(asked, ""))
			to, from := toPattern.FindStringSubmatch(ownPattern.FindString(answer)), fromPattern.FindStringSubmatch(asked)
			if code != http.StatusOK || to == nil || from == nil || to[1] != from[1] {
				t.Fatalf("%d %v %v\n%s", code, to, from, answer)
			}
			relay := strings.Replace(relayPattern.FindString(asked), "<ecp:RelayState", `<ecp:RelayState xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"`, 1)
			relay = strings.NewReplacer(`xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" xmlns:S="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"`,
				`xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"`).Replace(relay)
			body := deliverPAOS(t, s.client, to[1], ownPattern.ReplaceAllLiteralString(answer, relay))
			if got := components.Variables(body)["uid"]; got != doctor {
				t.Errorf("uid %q\n%s\n%s", got, body, sp.Log(t))
			}
		})
	}
}

// paos asks for a page as an enhanced client and returns the SP's envelope.
func paos(t *testing.T, client *http.Client, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html; application/vnd.paos+xml")
	req.Header.Set("PAOS", `ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"`)
	_, body, _ := send(t, client, req)
	if err := xml.Unmarshal([]byte(body), new(struct{})); err != nil || !strings.Contains(body, "AuthnRequest") {
		t.Fatalf("%v\n%s", err, body)
	}
	return body
}

// deliverPAOS takes the hub's answer to the SP and follows it to the page.
func deliverPAOS(t *testing.T, client *http.Client, to, envelope string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(envelope))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/vnd.paos+xml")
	code, body, header := send(t, client, req)
	if code/100 != 3 {
		return body
	}
	req, err = http.NewRequestWithContext(t.Context(), http.MethodGet, header.Get("Location"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ = send(t, client, req)
	return body
}

// soap posts an envelope to the hub; it returns the challenge, if there is one.
func soap(t *testing.T, client *http.Client, to, envelope, authorization string) (int, string, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, bytes.NewReader([]byte(envelope)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/xml")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	code, body, header := send(t, client, req)
	return code, body, header.Get("WWW-Authenticate")
}

func send(t *testing.T, client *http.Client, req *http.Request) (int, string, http.Header) {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body), resp.Header
}
