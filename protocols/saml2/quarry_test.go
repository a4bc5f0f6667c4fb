package saml2

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec/mutate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// quarry is one kind of signed message in a world where it would be obeyed.
type quarry struct {
	w       *world
	genuine []byte
	mutants func() ([]mutate.Mutant, error)
	same    func() ([]mutate.Mutant, error) // equivalents
	request func(body []byte) *http.Request // how a body reaches the hub
	obeyed  func() bool                     // something happened that the genuine message makes happen
	follow  *browser                        // goes where it is sent with 303 to our own resume address
	read    func(body []byte) error         // instead of request, for what arrives as an answer to ours

	seen  int64 // events
	kinds map[ledger.Kind]int
	code  string
}

// weak is registered for the sample partner, and too small to be accepted.
var weak = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) })

var partnerEC = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })

func ecSigner() crypto.Signer { return partnerEC() }

var otherEC = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })

// calls counts what reaches the address that nobody may call.
var calls atomic.Int64

var elsewhere = sync.OnceValue(func() string {
	return httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) })).URL + "/x"
})

func bounds(l xmlsec.Limits) mutate.Bounds {
	return mutate.Bounds{
		Bytes: l.MaxBytes, Depth: l.MaxDepth, Elements: l.MaxElements, Attributes: l.MaxAttributes, Value: l.MaxAttributeValue,
		Text: l.MaxText, Namespaces: l.MaxNamespaces,
	}
}

// prey is a message for the kit, signed by key.
func prey(t testing.TB, doc string, key crypto.Signer) mutate.Document {
	algorithm, other := xmlsec.RSASHA256, crypto.Signer(keys().encryption)
	if _, isEC := key.(*ecdsa.PrivateKey); isEC {
		algorithm, other = xmlsec.ECDSASHA256, otherEC()
	}
	made := envelopedBy(t, doc, xmlsec.SigningKey{Signer: key, Algorithm: algorithm, Certificate: certificateOf(t, key).Raw})
	return mutate.Document{XML: []byte(made), Key: key, Other: other, Weak: weak(), Elsewhere: elsewhere(), Bounds: bounds(xmlsec.MessageLimits())}
}

// strict is a world whose partner signs everything. The hub signs quickly.
func strict(t testing.TB) *world {
	w := newWorld(t)
	w.change(func(p *trust.Partner) {
		p.SAML.RequestsSigned, p.SAML.Algorithm = true, "ES256"
		p.SAML.Entity.SP.SigningKeys = append(p.SAML.Entity.SP.SigningKeys, weak().Public(), partnerEC().Public())
	})
	return w
}

func newQuarry(w *world) *quarry { return &quarry{w: w, kinds: map[ledger.Kind]int{}} }

// document makes a quarry of an enveloped signature.
func (q *quarry) document(d mutate.Document, request func(doc []byte) *http.Request) *quarry {
	q.genuine, q.mutants, q.same, q.request = d.XML, d.Mutants, d.Equivalents, request
	return q
}

// count takes in the new events and returns how many of a kind there have been.
func (q *quarry) count(kind ledger.Kind) int {
	for {
		events := must(q.w.store.Events(q.w.t.Context(), ledger.Query{After: q.seen, Limit: 1000}))
		for _, e := range events {
			q.seen++
			q.kinds[e.Kind]++
			if e.Kind == ledger.Refused || e.Kind == ledger.Alarm {
				q.code = e.Reason
			}
		}
		if len(events) < 1000 {
			return q.kinds[kind]
		}
	}
}

// serve sends a body and follows. It returns the reason on record.
func (q *quarry) serve(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	q.w.handler.ServeHTTP(rec, r)
	if to := rec.Header().Get("Location"); q.follow != nil && rec.Code == http.StatusSeeOther && strings.HasPrefix(to, ResumePath) {
		rec = q.follow.get(to)
	}
	return rec
}

// try has a body judged: whether it was obeyed, and the reason if it was not.
func (q *quarry) try(body []byte) (obeyed bool, code string, rec *httptest.ResponseRecorder) {
	if q.read != nil {
		err := q.read(body)
		if e, ok := errors.AsType[*bridge.Refusal](err); ok {
			return false, e.AuditCode(), nil
		}
		if err != nil {
			return false, "answer", nil
		}
		return true, "", nil
	}
	q.count(ledger.Refused)
	q.code = ""
	ended, signedIn := q.kinds[ledger.SessionEnded], q.kinds[ledger.SignedIn]
	rec = q.serve(q.request(body))
	q.count(ledger.Refused)
	return q.obeyed() || q.kinds[ledger.SessionEnded] != ended || q.kinds[ledger.SignedIn] != signedIn, q.code, rec
}

// issuing says that an assertion was made out.
func (q *quarry) issuing() func() bool {
	before := q.count(ledger.Issued)
	return func() bool { return q.count(ledger.Issued) != before }
}

func xmlRequest(path string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, issuerURL+path, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "text/xml")
	return r
}

func formRequest(path string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, issuerURL+path, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// queryRequest is what a server makes of a request line, however it is written.
func queryRequest(path string, query []byte, b *browser) *http.Request {
	r := httptest.NewRequest(http.MethodGet, issuerURL+path, nil)
	r.URL.RawQuery = string(query)
	for name, value := range b.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func postOf(path, field string) func([]byte) *http.Request {
	return func(doc []byte) *http.Request { return newForm(path, form(field, string(doc))) }
}

// preyAuthn asks for an answer at the sample partner's first address.
func (w *world) preyAuthn() authn {
	a := w.authn()
	a.attrs, a.body = ` AssertionConsumerServiceURL="`+spACS+`"`, `<saml:Subject xmlns:saml="`+assertionSpace+`"><saml:NameID>`+patel+`</saml:NameID></saml:Subject>`+
		`<samlp:NameIDPolicy AllowCreate="true"></samlp:NameIDPolicy>`
	return a
}

var authnForge = []string{`"` + spACS + `"`, `"` + spACS + `/second"`}

func (q *quarry) detached(d mutate.Detached, form bool, path string, b *browser) *quarry {
	if form {
		q.genuine = []byte(must(d.Form()))
		q.mutants, q.same, q.request = d.FormMutants, d.FormEquivalents, func(body []byte) *http.Request { return formRequest(path, body) }
		return q
	}
	q.genuine = []byte(must(d.Query()))
	q.mutants, q.same, q.request = d.QueryMutants, d.QueryEquivalents, func(body []byte) *http.Request { return queryRequest(path, body, b) }
	return q
}

func authnEnveloped(key func() crypto.Signer) func(testing.TB) *quarry {
	return func(t testing.TB) *quarry {
		w := strict(t)
		q := newQuarry(w)
		q.follow = w.browser()
		w.preySession(q.follow)
		d := prey(t, w.preyAuthn().xml(), key())
		d.Forge, d.Once, d.Exact, d.URIs = authnForge, []string{"saml:Issuer", "saml:Subject", "saml:NameID", "samlp:NameIDPolicy"}, []string{spID}, []string{issuerURL + SSOPath, spACS}
		q.obeyed = q.issuing()
		return q.document(d, postOf(SSOPath, "SAMLRequest"))
	}
}

// preySession signs on, so that a request is answered at once.
func (w *world) preySession(b *browser) said {
	w.t.Helper()
	return w.read(b.get(SSOPath + "?" + signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.authn().xml(), "state"), signing(keys().sp))))
}

func authnDetached(asForm bool) func(testing.TB) *quarry {
	return func(t testing.TB) *quarry {
		w := strict(t)
		q := newQuarry(w)
		b := w.browser()
		w.preySession(b)
		if asForm {
			q.follow = b
		}
		q.obeyed = q.issuing()
		return q.detached(mutate.Detached{
			Field: "SAMLRequest", XML: []byte(w.preyAuthn().xml()), Relay: "state & more", Key: keys().sp, Other: keys().encryption, Second: []byte(w.preyAuthn().xml()), Forge: authnForge,
			Exact: []string{spID}, URIs: []string{issuerURL + SSOPath, spACS}, Elsewhere: elsewhere(), Bounds: bounds(xmlsec.MessageLimits()),
		}, asForm, SSOPath, b)
	}
}

func authnECP(t testing.TB) *quarry {
	w := strict(t)
	w.p.Clients = clients{w}
	w.handler = w.kit.Router(w.p.Routes())
	q := newQuarry(w)
	a := w.ecpRequest()
	d := prey(t, a.xml(), partnerEC())
	d.Forge, d.Once, d.Exact, d.URIs = []string{spACS + "/paos", spACS}, []string{"saml:Issuer"}, []string{spID}, []string{spACS + "/paos"}
	q.obeyed = q.issuing()
	return q.document(d, func(doc []byte) *http.Request {
		r := xmlRequest(ECPPath, mutate.Envelope(doc))
		r.Header.Set("Authorization", "Card "+patel)
		return r
	})
}

// twoSessions are of two persons; the first is whose end the partner asks for.
func twoSessions(w *world) (first, second *browser, forge, exact []string) {
	w.t.Helper()
	first, second = w.browser(), w.browser()
	w.preySession(first)
	w.keyboard = jones
	w.preySession(second)
	name1, index1 := w.told(first)
	name2, index2 := w.told(second)
	return first, second, []string{name1, name2, index1, index2}, []string{name1, index1}
}

func logoutQuarry(t testing.TB) (q *quarry, first *browser, doc func(destination string) string, forge, exact []string) {
	w := strict(t)
	q = newQuarry(w)
	first, second, forge, exact := twoSessions(w)
	q.obeyed = func() bool { return !w.sessionLives(first) || !w.sessionLives(second) }
	return q, first, func(destination string) string {
		return w.logoutXML("_"+w.hub.NewID(), spID, destination, exact[0], exact[1])
	}, forge, append(exact, spID)
}

func logoutEnveloped(key func() crypto.Signer) func(testing.TB) *quarry {
	return func(t testing.TB) *quarry {
		q, _, doc, forge, exact := logoutQuarry(t)
		d := prey(t, doc(issuerURL+SLOPath), key())
		d.Forge, d.Once, d.Exact, d.URIs = forge, []string{"saml:Issuer", "saml:NameID"}, exact, []string{issuerURL + SLOPath}
		return q.document(d, postOf(SLOPath, "SAMLRequest"))
	}
}

func logoutDetached(asForm bool) func(testing.TB) *quarry {
	return func(t testing.TB) *quarry {
		q, b, doc, forge, exact := logoutQuarry(t)
		return q.detached(mutate.Detached{
			Field: "SAMLRequest", XML: []byte(doc(issuerURL + SLOPath)), Relay: "back", Key: partnerEC(), Other: otherEC(), Second: []byte(q.w.logoutXML("_second", spID, issuerURL+SLOPath, "nobody", "none")),
			Forge: forge, Exact: exact, URIs: []string{issuerURL + SLOPath}, Elsewhere: elsewhere(), Bounds: bounds(xmlsec.MessageLimits()),
		}, asForm, SLOPath, b)
	}
}

func logoutSOAP(t testing.TB) *quarry {
	q, _, doc, forge, exact := logoutQuarry(t)
	d := prey(t, doc(""), partnerEC())
	d.Forge, d.Once, d.Exact = forge, []string{"saml:Issuer", "saml:NameID"}, exact
	return q.document(d, func(doc []byte) *http.Request { return xmlRequest(SOAPPath, mutate.Envelope(doc)) })
}

func logoutEnvelope(t testing.TB) *quarry {
	q, _, doc, forge, _ := logoutQuarry(t)
	d := prey(t, doc(""), partnerEC())
	d.Forge = forge
	return q.enveloped(d, SOAPPath)
}

// enveloped attacks the SOAP envelope around a message.
func (q *quarry) enveloped(d mutate.Document, path string) *quarry {
	q.genuine = mutate.Envelope(d.XML)
	q.mutants = d.EnvelopeMutants
	q.same = func() ([]mutate.Mutant, error) { return d.EnvelopeEquivalents(), nil }
	q.request = func(body []byte) *http.Request { return xmlRequest(path, body) }
	return q
}

// logoutEncrypted hides the name: it is opened after the signature was verified, or never.
func logoutEncrypted(t testing.TB) *quarry {
	q, _, _, _, exact := logoutQuarry(t)
	w := q.w
	w.receives()
	d := prey(t, w.encryptedLogout(issuerURL+SLOPath, encryptedID(t, plainID(exact[0]), keys().receiving), exact[1]), partnerEC())
	d.Forge, d.Once, d.Exact, d.URIs = []string{exact[1], "other"}, []string{"saml:Issuer", "saml:EncryptedID"}, []string{exact[1], spID}, []string{issuerURL + SLOPath}
	return q.document(d, postOf(SLOPath, "SAMLRequest"))
}

// answerQuarry is a partner's LogoutResponse to what the browser carried there.
func answerQuarry(t testing.TB) (q *quarry, b *browser, doc string, forge, exact []string) {
	w := newWorld(t)
	w.withOther(metadata.Endpoint{Binding: metadata.BindingPOST, Location: "https://epr.example/slo"})
	sp := w.partners[otherID].SAML.Entity.SP
	sp.SigningKeys = append(sp.SigningKeys, partnerEC().Public(), weak().Public())
	b = w.browser()
	got := w.signOn(b, w.authn())
	w.signOn(b, w.authnOther())
	b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index()))
	d := w.front(*w.after)
	ask := func() string {
		page, _ := readPage(b.get(d.FrontURL))
		v := must(xmlsec.VerifyEnveloped(must(decodeBase64(page.fields["SAMLRequest"])), xmlsec.MessageLimits(), hubKeys()))
		return attr(v.Root(), "ID")
	}
	id, other := ask(), ask()
	q = newQuarry(w)
	q.obeyed = func() bool { return w.front(*w.after).State != bridge.DeliveryFront }
	doc = `<samlp:LogoutResponse xmlns:samlp="` + protocolSpace + `" Destination="` + issuerURL + SLOPath + `" ID="_r` + w.hub.NewID() + `" InResponseTo="` + id +
		`" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + otherID + `</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="` + statusPrefix + `Success"></samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`
	return q, b, doc, []string{id, other}, []string{id, otherID}
}

func answerEnveloped(t testing.TB) *quarry {
	q, _, doc, forge, exact := answerQuarry(t)
	d := prey(t, doc, partnerEC())
	d.Forge, d.Once, d.Exact, d.URIs = forge, []string{"saml:Issuer", "samlp:Status"}, exact, []string{issuerURL + SLOPath}
	return q.document(d, postOf(SLOPath, "SAMLResponse"))
}

func answerDetached(asForm bool) func(testing.TB) *quarry {
	return func(t testing.TB) *quarry {
		q, b, doc, forge, exact := answerQuarry(t)
		return q.detached(mutate.Detached{
			Field: "SAMLResponse", XML: []byte(doc), Relay: "back", Key: partnerEC(), Other: otherEC(), Second: []byte(strings.Replace(doc, exact[0], "_none", 1)),
			Forge: forge, Exact: exact, URIs: []string{issuerURL + SLOPath}, Elsewhere: elsewhere(), Bounds: bounds(xmlsec.MessageLimits()),
		}, asForm, SLOPath, b)
	}
}

// answerSOAP is the LogoutResponse that comes back on a connection of ours which does not vouch for it.
func answerSOAP(t testing.TB) *quarry {
	w := strict(t)
	q := newQuarry(w)
	doc := `<samlp:LogoutResponse xmlns:samlp="` + protocolSpace + `" ID="_r" InResponseTo="_asked" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + spID +
		`</saml:Issuer><samlp:Status><samlp:StatusCode Value="` + statusPrefix + `Success"></samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`
	d := prey(t, doc, partnerEC())
	d.Forge, d.Once, d.Exact = []string{`"_r"`, `"_forged"`}, []string{"saml:Issuer", "samlp:Status"}, []string{"_asked", spID}
	q.document(d, nil)
	q.read = func(body []byte) error {
		return w.p.readSOAPAnswer(mutate.Envelope(body), w.partners[spID], "_asked", false)
	}
	return q
}

func resolveQuarry(t testing.TB) (*quarry, mutate.Document) {
	w := strict(t)
	q := newQuarry(w)
	b := w.browser()
	w.preySession(b)
	artifactOf := func() string {
		a := w.authn()
		a.attrs = ` ProtocolBinding="` + metadata.BindingArtifact + `"`
		rec := b.get(SSOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLRequest", a.xml(), "state"), signing(keys().sp)))
		return must(url.Parse(rec.Header().Get("Location"))).Query().Get("SAMLart")
	}
	text, other := artifactOf(), artifactOf()
	spent := func(text string) bool {
		a, err := w.store.Get(t.Context(), kindArtifact, bridge.Key(text), w.now)
		return err != nil || a.Spent
	}
	q.obeyed = func() bool { return spent(text) || spent(other) }
	d := prey(t, w.resolveXML(spID, text), partnerEC())
	d.Forge, d.Once, d.Exact = []string{text, other}, []string{"saml:Issuer", "samlp:Artifact"}, []string{spID}
	d.URIs = []string{text} // line ends around base64 mean nothing
	return q, d
}

func resolve(t testing.TB) *quarry {
	q, d := resolveQuarry(t)
	return q.document(d, func(doc []byte) *http.Request { return xmlRequest(ArtifactPath, mutate.Envelope(doc)) })
}

func resolveEnvelope(t testing.TB) *quarry {
	q, d := resolveQuarry(t)
	return q.enveloped(d, ArtifactPath)
}

// attributesAsked is an AttributeQuery about somebody who is signed in.
func attributesAsked(t testing.TB) *quarry {
	w := strict(t)
	q := newQuarry(w)
	_, _, forge, exact := twoSessions(w)
	doc := `<samlp:AttributeQuery xmlns:samlp="` + protocolSpace + `" ID="_` + w.hub.NewID() + `" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + spID +
		`</saml:Issuer><saml:Subject xmlns:saml="` + assertionSpace + `"><saml:NameID>` + exact[0] + `</saml:NameID></saml:Subject></samlp:AttributeQuery>`
	d := prey(t, doc, partnerEC())
	d.Forge, d.Once, d.Exact = forge[:2], []string{"saml:Issuer", "saml:Subject", "saml:NameID"}, []string{exact[0], spID}
	before := q.count(ledger.AttributesRead)
	q.obeyed = func() bool { return q.count(ledger.AttributesRead) != before }
	return q.document(d, func(doc []byte) *http.Request { return xmlRequest(AttributesPath, mutate.Envelope(doc)) })
}

// steady is randomness whose first 20 bytes, those of an ID, once it is wound, are always the same.
type steady struct{ wound bool }

func (s *steady) Read(b []byte) (int, error) {
	if len(b) == 20 && s.wound {
		s.wound = false
		return copy(b, bytes.Repeat([]byte{7}, 20)), nil
	}
	return rand.Read(b)
}

// resolved is a request that the hub fetches by artifact: the answer is signed around it, or the request in it is.
func resolved(around bool) func(testing.TB) *quarry {
	return func(t testing.TB) *quarry {
		w := strict(t)
		q := newQuarry(w)
		b := w.browser()
		w.preySession(b)
		w.p.Senders = sources(w.partners)
		p := w.partners[spID]
		p.SAML.Entity.SP.ArtifactResolution = []metadata.IndexedEndpoint{{Binding: metadata.BindingSOAP, Location: "https://pas.example/ars", Index: 3}}
		w.partners[spID] = p
		a := w.preyAuthn()
		source := &steady{wound: true} // what the hub asks has always one ID
		w.hub.Rand = source
		asked := w.p.newID()
		prefix := "outer" // what is inside declares its own
		if around {
			prefix = "samlp"
		}
		answer := func(doc string) string {
			return `<` + prefix + `:ArtifactResponse xmlns:` + prefix + `="` + protocolSpace + `" ID="_answer" InResponseTo="` + asked + `" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + spID +
				`</saml:Issuer><` + prefix + `:Status><` + prefix + `:StatusCode Value="` + statusPrefix + `Success"></` + prefix + `:StatusCode></` + prefix + `:Status>` + doc + `</` + prefix + `:ArtifactResponse>`
		}
		d := prey(t, a.xml(), partnerEC())
		d.Once, d.Exact, d.URIs = []string{"saml:Issuer", "samlp:NameIDPolicy"}, []string{spID}, []string{spACS}
		if around {
			d = prey(t, answer(a.xml()), partnerEC())
			d.Once, d.Exact = []string{"saml:Issuer", "samlp:Status"}, []string{asked, spID}
		}
		d.Forge = authnForge
		q.obeyed = q.issuing()
		return q.document(d, func(doc []byte) *http.Request {
			source.wound = true
			if !around {
				doc = []byte(answer(string(doc)))
			}
			body := mutate.Envelope(doc)
			w.soap.answer = func(string, []byte) (int, []byte, error) { return http.StatusOK, body, nil }
			return queryRequest(SSOPath, []byte("SAMLart="+url.QueryEscape(partnersArtifact())+"&RelayState=state"), b)
		})
	}
}

// quarries are all signed kinds that this front end takes.
func quarries() map[string]func(testing.TB) *quarry {
	rsaKey, ecKey := func() crypto.Signer { return keys().sp }, ecSigner
	return map[string]func(testing.TB) *quarry{
		"AuthnRequest POST": authnEnveloped(rsaKey), "AuthnRequest POST ECDSA": authnEnveloped(ecKey), "AuthnRequest Redirect": authnDetached(false), "AuthnRequest SimpleSign": authnDetached(true), "AuthnRequest ECP": authnECP,
		"LogoutRequest POST": logoutEnveloped(ecKey), "LogoutRequest Redirect": logoutDetached(false), "LogoutRequest SimpleSign": logoutDetached(true), "LogoutRequest SOAP": logoutSOAP,
		"LogoutRequest SOAP envelope": logoutEnvelope, "LogoutRequest EncryptedID": logoutEncrypted, "LogoutResponse POST": answerEnveloped, "LogoutResponse Redirect": answerDetached(false), "LogoutResponse SimpleSign": answerDetached(true), "LogoutResponse SOAP": answerSOAP,
		"AttributeQuery": attributesAsked, "ArtifactResolve": resolve, "ArtifactResolve envelope": resolveEnvelope, "ArtifactResponse": resolved(true), "AuthnRequest in ArtifactResponse": resolved(false),
	}
}
