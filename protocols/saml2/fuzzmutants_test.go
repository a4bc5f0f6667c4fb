package saml2

import (
	"crypto"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec/mutate"
)

// FuzzMutants has programs of the mutation kit attack a signed LogoutRequest and an ArtifactResponse with a signed AuthnRequest in it,
// on their way through the front end. What is obeyed must be, in the bytes that are read, the genuine message.
func FuzzMutants(f *testing.F) {
	kinds := []func(testing.TB) *quarry{logoutEnveloped(ecSigner), logoutSOAP, resolved(true), resolved(false)}
	key := ecSigner().Public()
	for op := range byte(16) {
		f.Add(op&3, []byte{op, 1, 3, op, 13, 0, 0, 0, op, 2, 0, 1})
	}
	worlds := make([]*quarry, len(kinds))
	f.Fuzz(func(t *testing.T, which byte, program []byte) {
		kind := int(which) % len(kinds)
		if worlds[kind] == nil || worlds[kind].seen > 2000 { // its record grows
			worlds[kind] = kinds[kind](t)
		}
		q := worlds[kind]
		q.w.t = t
		d := mutate.Document{XML: q.genuine, Forge: authnForge}
		doc := d.Random(program)
		obeyed, code, rec := q.try(doc)
		if !obeyed {
			if code == "" && rec.Code != http.StatusRequestEntityTooLarge {
				t.Fatalf("refused without a reason: %s", doc)
			}
			return
		}
		worlds[kind] = nil
		limits := xmlsec.MessageLimits().Holding()
		got, err1 := xmlsec.VerifyEnveloped(doc, limits, []crypto.PublicKey{key})
		want, err2 := xmlsec.VerifyEnveloped(q.genuine, limits, []crypto.PublicKey{key})
		if err1 != nil || err2 != nil || string(got.Root().Raw()) != string(want.Root().Raw()) {
			t.Fatalf("obeyed: %v %v\n%s", err1, err2, doc)
		}
	})
}

// FuzzServices: whatever is sent to a service of ours by SOAP gets an answer by SOAP, or none but a challenge.
func FuzzServices(f *testing.F) {
	w := newWorld(f)
	w.p.Clients = clients{w}
	w.handler = w.kit.Router(w.p.Routes())
	key := signing(keys().sp)
	f.Add(envelope([]byte(envelopedBy(f, w.resolveXML(spID, partnersArtifact()), key))))
	f.Add(envelope([]byte(envelopedBy(f, w.queryXML(spID, name(patel), `<saml:Attribute Name="uid"></saml:Attribute>`), key))))
	f.Add(envelope([]byte(envelopedBy(f, w.ecpRequest().xml(), key))))
	f.Add([]byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>x<y/></s:Body></s:Envelope>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{ArtifactPath, AttributesPath, ECPPath} {
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, xmlRequest(path, body))
			switch rec.Code {
			case http.StatusUnauthorized, http.StatusRequestEntityTooLarge:
			case http.StatusOK, http.StatusInternalServerError:
				if _, err := xmlsec.SOAPBody(rec.Body.Bytes(), ownLimits()); err != nil {
					t.Errorf("%s answers %s: %v", path, rec.Body, err)
				}
			default:
				t.Errorf("%s answers %d", path, rec.Code)
			}
		}
	})
}
