package saml2

import (
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestRefusedAlgorithms: what the configuration refuses is not taken from anybody, in answers to us neither, and not published (IIP-ALG08).
func TestRefusedAlgorithms(t *testing.T) {
	w := newWorld(t)
	w.receives()
	w.p.Refused = []string{xmlsec.RSASHA512, xmlsec.AES192GCM, xmlsec.RSAOAEPMGF1P}
	w.p.published = publication{}
	b := w.browser()
	for _, key := range []xmlsec.SigningKey{{Signer: keys().sp, Algorithm: xmlsec.RSASHA512}, signing(keys().sp)} {
		b.get(SSOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLRequest", w.authn().xml(), ""), key))
		b.postCross(SSOPath, form("SAMLRequest", envelopedBy(t, w.authn().xml(), key)))
		if n := w.count(ledger.Refused); n != 2 || w.lastReason() != xmlsec.CodeAlgorithm {
			t.Errorf("%s: %d refused, %q", key.Algorithm, n, w.lastReason())
		}
	}
	if n := w.count(ledger.Issued); n != 2 {
		t.Errorf("%d issued", n)
	}
	doc := string(must(w.p.Metadata(w.now)))
	for _, uri := range w.p.Refused {
		if strings.Contains(doc, `"`+uri+`"`) {
			t.Errorf("%s is published", uri)
		}
	}
	if !strings.Contains(doc, xmlsec.RSAOAEP) || !strings.Contains(doc, xmlsec.AES256GCM) || !strings.Contains(doc, xmlsec.RSASHA384) {
		t.Error("more is left out")
	}
	w.withOther(metadata.Endpoint{Binding: metadata.BindingSOAP, Location: "https://epr.example/soap"})
	w.signOn(b, w.authnOther())
	other := xmlsec.SigningKey{Signer: keys().other, Algorithm: xmlsec.RSASHA512}
	w.soap.answer = func(_ string, body []byte) (int, []byte, error) {
		return 200, w.soapAnswer(body, otherID, "Success", &other), nil
	}
	s := must(w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"])))
	ds := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: "user"})).Deliveries
	if i := slices.IndexFunc(ds, func(d bridge.Delivery) bool { return d.Participant.Partner == otherID }); i < 0 || ds[i].State != bridge.DeliveryNoReply {
		t.Errorf("%+v", ds)
	}
}
