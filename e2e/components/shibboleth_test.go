package components_test

import (
	"bytes"
	"compress/flate"
	"crypto/sha1" //nolint:gosec // an artifact's SourceID is defined as SHA-1 (SAML bindings 3.6.4)
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

const idp = "https://hub.localhost/saml2"

// idpMetadata is a hub's signed metadata, with its artifact endpoint at soap.
func idpMetadata(t *testing.T, key *components.Leaf, soap string) []byte {
	t.Helper()
	cert := base64.StdEncoding.EncodeToString(key.Certificate.Raw)
	text := fmt.Sprintf(`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_m1" entityID=%q validUntil=%q>`+
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`+
		`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>`+
		`<ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`+
		`<md:ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location=%q index="0"/>`+
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://hub.localhost/saml2/sso"/>`+
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://hub.localhost/saml2/sso"/>`+
		`</md:IDPSSODescriptor></md:EntityDescriptor>`, idp, time.Now().Add(time.Hour).UTC().Format(time.RFC3339), cert, soap)
	return components.SignXML(t, []byte(text), "_m1", key)
}

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

func inflate(t *testing.T, message string) string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(message)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
