package e2e

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// soapApp is a SAML app that is told of a sign-out by SOAP, and that can be down, or hang.
type soapApp struct {
	*app
	entity  string
	hub     *hub
	key     *components.Leaf
	answers bool // to what the browser brings
	hangs   bool
	told    []string // SessionIndex of each LogoutRequest that it confirmed
	tried   int
}

// soapApp registers an app and starts it. It takes LogoutRequests by SOAP, or by the bindings that are named.
func (h *hub) soapApp(name, terms string, bindings ...string) *soapApp {
	h.t.Helper()
	if len(bindings) == 0 {
		bindings = []string{"SOAP"}
	}
	a := &soapApp{app: h.app(name), hub: h}
	a.entity = a.base + "/metadata"
	key := components.SelfSigned(h.t, name, components.RSAKey(h.t))
	a.key = key
	h.write(name+".xml", `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="`+a.entity+`"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`+
		`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>`+base64.StdEncoding.EncodeToString(key.Certificate.Raw)+
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`+
		a.slo(bindings)+
		`<md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="`+a.base+`/acs"/></md:SPSSODescriptor></md:EntityDescriptor>`)
	h.apply(name, fmt.Sprintf("partner: %s\nname: App %s\nprotocol: saml2\nstage: live\nsubject: pairwise\n%ssaml: { metadata: %s.xml, encrypt: never }\n", a.entity, name, terms, name))
	a.start()
	h.t.Cleanup(a.stop)
	return a
}

func (a *soapApp) slo(bindings []string) string {
	var b strings.Builder
	for _, x := range bindings {
		fmt.Fprintf(&b, `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:%s" Location="%s/slo"/>`, x, a.base)
	}
	return b.String()
}

func (a *soapApp) start() {
	a.t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /acs", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "welcome to "+a.name) })
	mux.HandleFunc("POST /slo", a.logout)
	mux.HandleFunc("GET /slo", a.logoutInBrowser)
	a.serve(mux)
}

var (
	requestID    = regexp.MustCompile(` ID="([^"]+)"`)
	sessionIndex = regexp.MustCompile(`<samlp:SessionIndex>([^<]+)<`)
)

func (a *soapApp) logout(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	a.mu.Lock()
	a.tried++
	hangs := a.hangs
	a.mu.Unlock()
	if hangs {
		<-r.Context().Done()
		return
	}
	id, index := requestID.FindSubmatch(body), sessionIndex.FindSubmatch(body)
	if id == nil || index == nil || !bytes.Contains(body, []byte("SignatureValue")) {
		http.Error(w, "not a signed LogoutRequest", http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	a.told = append(a.told, string(index[1]))
	a.mu.Unlock()
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a%d" InResponseTo="%s" IssueInstant="%s" Version="2.0">`+
		`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse></s:Body></s:Envelope>`,
		time.Now().UnixNano(), id[1], time.Now().UTC().Format(time.RFC3339), a.entity)
}

func (a *soapApp) counts() (told, tried int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.told), a.tried
}

// waitTold waits until it has been told n times, and looks a little longer that it is not told again.
func (a *soapApp) waitTold(n int, within time.Duration) {
	a.t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		if told, tried := a.counts(); told >= n {
			break
		} else if time.Now().After(deadline) {
			a.t.Fatalf("app %s was told %d times of %d, tried %d times", a.name, told, n, tried)
		}
	}
	time.Sleep(7 * time.Second) // longer than the hub waits between two looks
	if told, _ := a.counts(); told != n {
		a.t.Errorf("app %s was told %d times, want %d", a.name, told, n)
	}
}

// visit signs the surfer on to the app.
func (a *soapApp) visit(s *surfer, h *hub, first bool) {
	s.t.Helper()
	a.ask(s, h)
	if first {
		s.signInByCard("")
	}
	s.autopost()
	s.see("welcome to " + a.name)
}

// ask goes to the hub with a request of the app.
func (a *soapApp) ask(s *surfer, h *hub) {
	s.t.Helper()
	s.open(a.request(s.t, h))
}

// request is an address with an AuthnRequest of the app.
func (a *soapApp) request(t *testing.T, h *hub) string {
	t.Helper()
	doc := fmt.Sprintf(`<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_q%d" IssueInstant="%s" Version="2.0" Destination="%s/saml2/sso"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">%s</saml:Issuer></samlp:AuthnRequest>`,
		time.Now().UnixNano(), time.Now().UTC().Format(time.RFC3339), h.issuer, a.entity)
	var packed bytes.Buffer
	z, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err == nil {
		_, err = z.Write([]byte(doc))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return h.issuer + "/saml2/sso?" + url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(packed.Bytes())}}.Encode()
}

// sessions are the ids of a person's living sessions.
func (h *hub) sessions(uid string) []string {
	h.t.Helper()
	var ids []string
	for _, m := range regexp.MustCompile(`"id":"([a-z2-7]+)"`).FindAllStringSubmatch(h.run("session", "list", "--person", uid, "--json"), -1) {
		ids = append(ids, m[1])
	}
	return ids
}

func (h *hub) onlySession(uid string) string {
	h.t.Helper()
	ids := h.sessions(uid)
	if len(ids) != 1 {
		h.t.Fatalf("sessions of %s: %s", uid, strings.Join(ids, ", "))
	}
	return ids[0]
}
