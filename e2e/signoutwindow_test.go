package e2e

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// TestSignOutInTheSameWindow: "End it now" leads to the app in the whole window, and its answer leads back to what became of the
// sign-out.
func TestSignOutInTheSameWindow(t *testing.T) {
	h := startHub(t, "")
	app := h.soapApp("front", "", "HTTP-Redirect")
	app.answers = true
	s := h.newSurfer(nurse)
	s.whole = true
	app.visit(s, h, true)
	s.open(h.issuer + "/")
	s.submit("Sign out")
	s.see("Needs this browser")
	s.follow("End it now")
	s.see("You are signed out everywhere.")
	s.see("The app confirmed it.")
	if record := h.audit("--kind", "partner_told"); !strings.Contains(record, `"reason":"ended"`) {
		t.Errorf("record:\n%s", record)
	}
}

// logoutInBrowser sends a browser that brings a LogoutRequest back with a signed answer.
func (a *soapApp) logoutInBrowser(w http.ResponseWriter, r *http.Request) {
	if !a.answers {
		http.NotFound(w, r)
		return
	}
	to, err := a.logoutAnswer(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (a *soapApp) logoutAnswer(query url.Values) (string, error) {
	packed, err := base64.StdEncoding.DecodeString(query.Get("SAMLRequest"))
	if err != nil {
		return "", err
	}
	asked, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return "", err
	}
	id := requestID.FindSubmatch(asked)
	if id == nil {
		return "", fmt.Errorf("not a LogoutRequest: %s", asked)
	}
	var out bytes.Buffer
	z, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(z, `<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="%s/saml2/slo" ID="_a%d" InResponseTo="%s" IssueInstant="%s" Version="2.0">`+
		`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>`,
		a.hub.issuer, time.Now().UnixNano(), id[1], time.Now().UTC().Format(time.RFC3339), a.entity)
	if err := z.Close(); err != nil {
		return "", err
	}
	answer := "SAMLResponse=" + url.QueryEscape(base64.StdEncoding.EncodeToString(out.Bytes())) + "&RelayState=" + url.QueryEscape(query.Get("RelayState")) +
		"&SigAlg=" + url.QueryEscape(xmlsec.RSASHA256)
	value, err := xmlsec.SignDetached([]byte(answer), xmlsec.SigningKey{Signer: a.key.Key, Algorithm: xmlsec.RSASHA256}, rand.Reader)
	if err != nil {
		return "", err
	}
	return a.hub.issuer + "/saml2/slo?" + answer + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value)), nil
}
