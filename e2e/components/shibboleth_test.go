package components_test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // an artifact's SourceID is defined as SHA-1 (SAML bindings 3.6.4)
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

func TestShibbolethSPRedirectsWithSignedRequest(t *testing.T) {
	components.Gate(t)
	ca := components.NewCA(t, "Trust CA")
	key := components.SelfSigned(t, "hub", components.RSAKey(t))
	metadata := idpMetadata(t, key, "https://hub.localhost/saml2/artifact")
	sp := components.StartShibbolethSP(t, components.ShibbolethConfig{
		Host: "pas.localhost", CA: ca, IdP: idp, IdPMetadata: metadata, MetadataCert: key.CertFile, SignRequests: true,
	})
	if own := sp.FetchMetadata(t); !bytes.Contains(own, []byte(`entityID="`+sp.EntityID+`"`)) {
		t.Errorf("the SP's metadata does not name it: %s", own)
	}
	client := components.Client(t, ca)
	if resp, body := components.Get(t, client, sp.Open); resp.StatusCode != http.StatusOK {
		t.Errorf("open page: %s %s", resp.Status, body)
	}
	resp, body := components.Get(t, client, sp.Secure)
	target, err := resp.Location()
	if err != nil {
		t.Fatalf("protected page did not redirect: %s\n%s", resp.Status, body)
	}
	if target.Host != "hub.localhost" || target.Query().Get("Signature") == "" ||
		target.Query().Get("SigAlg") != "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" {
		t.Errorf("redirect is not a signed request to the hub: %s", target)
	}
	if request := inflate(t, target.Query().Get("SAMLRequest")); !strings.Contains(request, sp.EntityID) {
		t.Errorf("AuthnRequest does not name its issuer: %s", request)
	}
}

// A SOAP call from shibd to a hub under *.localhost, over TLS of the test CA,
// happens and needs no name service.
func TestShibbolethSPReachesSOAPEndpoint(t *testing.T) {
	components.Gate(t)
	ca := components.NewCA(t, "Trust CA")
	key := components.SelfSigned(t, "hub", components.RSAKey(t))
	asked := make(chan string, 1)
	mux := http.NewServeMux()
	hub := httptest.NewUnstartedServer(mux)
	hub.TLS = serverTLS(ca.Server(t, "hub.localhost"))
	hub.StartTLS()
	t.Cleanup(hub.Close)
	port := portOf(hub)
	metadata := idpMetadata(t, key, "https://hub.localhost"+port+"/artifact")
	mux.HandleFunc("GET /metadata", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		_, _ = w.Write(metadata)
	})
	mux.HandleFunc("POST /artifact", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		select {
		case asked <- string(body):
		default:
		}
		w.WriteHeader(http.StatusInternalServerError)
	})
	sp := components.StartShibbolethSP(t, components.ShibbolethConfig{
		Host: "pas.localhost", CA: ca, IdP: idp, MetadataURL: "https://hub.localhost" + port + "/metadata",
		MetadataCert: key.CertFile, RequireValidity: true, PostRequests: true,
	})
	source := sha1.Sum([]byte(idp)) //nolint:gosec // see the import
	artifact := append([]byte{0, 4, 0, 0}, source[:]...)
	artifact = append(artifact, bytes.Repeat([]byte{7}, 20)...)
	components.Get(t, components.Client(t, ca), sp.Base+"/Shibboleth.sso/SAML2/Artifact?SAMLart="+
		url.QueryEscape(base64.StdEncoding.EncodeToString(artifact)))
	select {
	case body := <-asked:
		if !strings.Contains(body, "ArtifactResolve") {
			t.Errorf("not an ArtifactResolve: %s", body)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("no SOAP call came\n%s", sp.Log(t))
	}
	if _, page := components.Get(t, components.Client(t, ca), sp.Secure); !strings.Contains(page, `name="SAMLRequest"`) {
		t.Errorf("protected page does not post an AuthnRequest:\n%s", page)
	}
}

// signOn starts an SP and brings one client through a whole sign-on; it
// returns the protected page.
func signOn(t *testing.T, key *components.Leaf) (sp *components.ShibbolethSP, client *http.Client, page string) {
	t.Helper()
	ca := components.NewCA(t, "Trust CA")
	sp = components.StartShibbolethSP(t, components.ShibbolethConfig{
		Host: "pas.localhost", CA: ca, IdP: idp, SignRequests: true,
		IdPMetadata: idpMetadata(t, key, "https://hub.localhost/saml2/artifact"), MetadataCert: key.CertFile,
		Attributes: map[string]string{"urn:example:role": "role"},
	})
	client = components.Client(t, ca)
	resp, _ := components.Get(t, client, sp.Secure)
	target, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	_, page = components.Post(t, components.Follow(client), sp.Base+"/Shibboleth.sso/SAML2/POST", url.Values{
		"SAMLResponse": {samlResponse(t, key, sp, inflate(t, target.Query().Get("SAMLRequest")))},
		"RelayState":   {target.Query().Get("RelayState")},
	})
	return sp, client, page
}

func TestShibbolethSPShowsAttributesAndLogsOut(t *testing.T) {
	components.Gate(t)
	sp, client, page := signOn(t, components.SelfSigned(t, "hub", components.RSAKey(t)))
	got := components.Variables(page)
	for name, want := range map[string]string{
		"uid": "555000000001", "subject-id": "a1@hub.localhost", "role": "R8000 & more;two", "REMOTE_USER": "555000000001",
		"Shib-Identity-Provider": idp, "Shib-AuthnContext-Class": "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", page, sp.Log(t))
	}
	if _, session := components.Get(t, client, sp.Session); !strings.Contains(session, "555000000001") {
		t.Errorf("session page: %s", session)
	}
	resp, _ := components.Get(t, client, sp.Logout)
	target, err := resp.Location()
	if err != nil || target.Path != "/saml2/slo" {
		t.Fatalf("logout went to %v, %v", target, err)
	}
	if request := inflate(t, target.Query().Get("SAMLRequest")); !strings.Contains(request, "LogoutRequest") {
		t.Errorf("not a LogoutRequest: %s", request)
	}
}

func TestShibbolethSPObeysSOAPLogout(t *testing.T) {
	components.Gate(t)
	key := components.SelfSigned(t, "hub", components.RSAKey(t))
	sp, client, _ := signOn(t, key)
	if resp, _ := components.Get(t, client, sp.Secure); resp.StatusCode != http.StatusOK {
		t.Fatalf("no session to begin with: %s", resp.Status)
	}
	address := sp.Base + "/Shibboleth.sso/SLO/SOAP"
	request := components.SignXML(t, []byte(strings.NewReplacer(
		"ADDRESS", address, "IDP", idp, "SP", sp.EntityID, "NOW", time.Now().UTC().Format(time.RFC3339),
	).Replace(`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`+
		` ID="_l1" Version="2.0" IssueInstant="NOW" Destination="ADDRESS"><saml:Issuer>IDP</saml:Issuer><!--signature-->`+
		`<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">t1</saml:NameID>`+
		`<samlp:SessionIndex>s1</samlp:SessionIndex></samlp:LogoutRequest>`)), "_l1", key)
	_, message, _ := strings.Cut(string(request), "?>")
	envelope := `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` + strings.TrimSpace(message) + `</S:Body></S:Envelope>`
	resp, err := client.Post(address, "text/xml", strings.NewReader(envelope))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(answer), "status:Success") {
		t.Errorf("%s %v: %s\n%s", resp.Status, err, answer, sp.Log(t))
	}
	if resp, _ := components.Get(t, client, sp.Secure); resp.StatusCode != http.StatusFound {
		t.Errorf("after the logout the protected page answers %s", resp.Status)
	}
}
