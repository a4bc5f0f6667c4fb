package saml2

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// attack is one row of the list of attacks. It is tried by a browser with a live session, where success would be silent.
type attack struct {
	row, name string
	send      func(w *world, b *browser) *httptest.ResponseRecorder
	status    int    // of a page of ours
	saml      string // or top/second status of an answer to the partner
	code      string // in the audit record
}

// run asserts the answer, the audit code, and that no assertion, session or sign-out came of it.
func (a attack) run(t *testing.T) {
	t.Helper()
	w := newWorld(t)
	b := w.browser()
	w.signOn(b, w.authn())
	w.t = t
	issued, signedIn, ended := w.count(ledger.Issued), w.count(ledger.SignedIn), w.count(ledger.SessionEnded)
	rec := a.send(w, b)
	if a.saml != "" {
		got := w.read(rec)
		if s := got.top + "/" + got.under; s != a.saml || got.assertion != nil {
			t.Errorf("%s: answered %s, assertion %v, reason %s", a.name, s, got.assertion != nil, w.lastReason())
		}
	} else if _, posts := readPage(rec); rec.Code != a.status || posts || strings.HasPrefix(rec.Header().Get("Location"), "https://") {
		t.Errorf("%s: status %d, posts %v, to %q, reason %s", a.name, rec.Code, posts, rec.Header().Get("Location"), w.lastReason())
	}
	if got := w.lastReason(); got != a.code {
		t.Errorf("%s: audit says %q, not %q", a.name, got, a.code)
	}
	if w.count(ledger.Issued) != issued || w.count(ledger.SignedIn) != signedIn || w.count(ledger.SessionEnded) != ended || !w.sessionLives(b) {
		t.Errorf("%s: something came of it", a.name)
	}
}

// TestSecurity holds the rows that reach this front end, by number.
func TestSecurity(t *testing.T) {
	attacks := slices.Concat(wrappingAttacks(), parserAttacks(), bombAttacks(), bindingAttacks(), signatureAttacks(), addressAttacks(), semanticAttacks(), logoutAttacks())
	rows := map[string][]func(*testing.T){
		"046": {responseProperties(50)}, "116": {responseProperties(1000)},
		"092": {methods}, "101": {answeredOnce, replayedAtTheEdge}, "106": {forcedProof}, "131": {expiredMetadata}, "110": {assuranceIsNeverOverstated},
		"111": {otherSubject, subjectOfRequest}, "120": {unknownSessionIsAnswered}, "123": {partialLogoutIsTold}, "124": {artifactsAreForTheirPartner}, "125": {artifactsAreFetchedFromRegisteredServices},
	}
	for _, a := range attacks {
		rows[a.row] = append(rows[a.row], func(t *testing.T) { t.Run(a.name, a.run) })
	}
	for _, a := range accepted() {
		rows[a.row] = append(rows[a.row], func(t *testing.T) { t.Run(a.name, a.passes) })
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		t.Run(row, func(t *testing.T) {
			for _, run := range rows[row] {
				run(t)
			}
		})
	}
}

// passes asserts that a row which must be accepted is.
func (a attack) passes(t *testing.T) {
	w := newWorld(t)
	rec := a.send(w, w.browser())
	if got := w.read(rec); got.top != "Success" || got.assertion == nil {
		t.Errorf("%s/%s %s", got.top, got.under, w.lastReason())
	}
	if strings.Contains(rec.Body.String(), "<script>alert") {
		t.Errorf("markup of the request is markup of the page: %s", rec.Body)
	}
}

func postRequest(doc func(w *world) string) func(*world, *browser) *httptest.ResponseRecorder {
	return func(w *world, b *browser) *httptest.ResponseRecorder {
		return b.postCross(SSOPath, form("SAMLRequest", doc(w)))
	}
}

func getQuery(query func(w *world) string) func(*world, *browser) *httptest.ResponseRecorder {
	return func(w *world, b *browser) *httptest.ResponseRecorder { return b.get(SSOPath + "?" + query(w)) }
}

// changed sends a request of the sample partner by Redirect after a change.
func changed(f func(w *world, a *authn)) func(*world, *browser) *httptest.ResponseRecorder {
	return getQuery(func(w *world) string {
		a := w.authn()
		f(w, &a)
		return redirectQuery(w.t, "SAMLRequest", a.xml(), "state")
	})
}

// replaced is strings.Replace that fails the test when there is nothing to replace.
func (w *world) replaced(s, old, new string) string {
	w.t.Helper()
	if !strings.Contains(s, old) {
		w.t.Fatalf("nothing to replace: %s in %s", old, s)
	}
	return strings.Replace(s, old, new, 1)
}

// signedParts are a signed request, its signature, and the request without it.
func (w *world) signedParts() (whole, signature, bare string) {
	whole = envelopedBy(w.t, w.authn().xml(), signing(keys().sp))
	start, end := strings.Index(whole, "<ds:Signature "), strings.Index(whole, "</ds:Signature>")+len("</ds:Signature>")
	return whole, whole[start:end], whole[:start] + whole[end:]
}

// forged is a request that the attacker would like to be answered, with content behind the Issuer and at the end.
func (w *world) forged(content string) string {
	a := w.authn()
	a.id, a.body = "_evil", content
	a.attrs = ` AssertionConsumerServiceURL="` + spACS + `/second"`
	return a.xml()
}

func wrappingAttacks() []attack {
	parts := func(f func(w *world, whole, signature, bare string) string) func(*world, *browser) *httptest.ResponseRecorder {
		return postRequest(func(w *world) string {
			whole, signature, bare := w.signedParts()
			return f(w, whole, signature, bare)
		})
	}
	into := func(w *world, signature, original string) string {
		return w.replaced(signature, "</ds:Signature>", original+"</ds:Signature>")
	}
	edit := func(old, new string) func(*world, *browser) *httptest.ResponseRecorder {
		return parts(func(w *world, whole, _, _ string) string { return w.replaced(whole, old, new) })
	}
	return []attack{
		{"001", "XSW1", parts(func(w *world, whole, signature, bare string) string { return w.forged(into(w, signature, bare)) }), 400, "", "sig_profile"},
		{"002", "XSW2", parts(func(w *world, _, signature, bare string) string { return w.forged(bare + signature) }), 400, "", "sig_profile"},
		{"003", "XSW3", parts(func(w *world, whole, _, _ string) string { return w.forged("") + whole }), 400, "", "xml_syntax"},
		{"004", "XSW4", parts(func(w *world, whole, _, _ string) string { return w.forged(whole) }), 400, "", "sig_profile"},
		{"005", "XSW5", parts(func(w *world, _, signature, bare string) string { return w.forged(signature + bare) }), 400, "", "sig_profile"},
		{"006", "XSW6", parts(func(w *world, _, signature, bare string) string {
			return w.forged(w.replaced(signature, "<ds:SignedInfo>", bare+"<ds:SignedInfo>"))
		}), 400, "", "sig_profile"},
		{"007", "XSW7", parts(func(w *world, whole, _, _ string) string {
			return w.forged("<samlp:Extensions>" + whole + "</samlp:Extensions>")
		}), 400, "", "sig_profile"},
		{"008", "XSW8", parts(func(w *world, _, signature, bare string) string {
			return w.forged(into(w, signature, "<ds:Object>"+bare+"</ds:Object>"))
		}), 400, "", "sig_profile"},
		{"009", "two signatures", parts(func(w *world, _, signature, bare string) string { return w.forged(signature + signature + bare) }), 400, "", "sig_profile"},
		{"010", "forged reply address", parts(func(w *world, whole, signature, _ string) string {
			return w.forged(signature + "<samlp:Extensions>" + whole + "</samlp:Extensions>")
		}), 400, "", "sig_profile"},
		{"013", "equal IDs", parts(func(w *world, whole, signature, bare string) string {
			id := strings.Split(strings.Split(bare, ` ID="`)[1], `"`)[0]
			return strings.Replace(w.forged(signature+bare), "_evil", id, 1)
		}), 400, "", "dup_id"},
		{"014", "two IDs on one element", edit(` ID="`, ` id="_second" ID="`), 400, "", "dup_id"},
		{"014", "xml:id", edit(` ID="`, ` xml:id="_second" ID="`), 400, "", "dup_id"},
		{"015", "signature below", parts(func(w *world, _, signature, bare string) string {
			return w.replaced(bare, "</samlp:AuthnRequest>", "<samlp:Extensions>"+signature+"</samlp:Extensions></samlp:AuthnRequest>")
		}), 400, "", "sig_profile"},
		{"016", "two signature children", parts(func(w *world, whole, signature, _ string) string {
			return w.replaced(whole, signature, signature+signature)
		}), 400, "", "sig_profile"},
		{"017", "two references", parts(func(w *world, whole, _, _ string) string {
			start, end := strings.Index(whole, "<ds:Reference"), strings.Index(whole, "</ds:Reference>")+len("</ds:Reference>")
			return whole[:end] + whole[start:end] + whole[end:]
		}), 400, "", "sig_profile"},
		{"018", "two SignedInfo", parts(func(w *world, whole, _, _ string) string {
			start, end := strings.Index(whole, "<ds:SignedInfo>"), strings.Index(whole, "</ds:SignedInfo>")+len("</ds:SignedInfo>")
			return whole[:end] + whole[start:end] + whole[end:]
		}), 400, "", "sig_profile"},
		{"019", "comment in DigestValue", edit("<ds:DigestValue>", "<ds:DigestValue><!--x-->"), 400, "", "xml_syntax"},
		{"020", "empty URI", parts(func(w *world, whole, _, _ string) string { return reference(w, whole, "") }), 400, "", "sig_profile"},
		{"021", "URI of a bare hash", parts(func(w *world, whole, _, _ string) string { return reference(w, whole, "#") }), 400, "", "sig_profile"},
		{"022", "URI without hash", parts(func(w *world, whole, _, _ string) string { return reference(w, whole, "x"+idOf(whole)) }), 400, "", "sig_profile"},
		{"023", "xpointer", parts(func(w *world, whole, _, _ string) string {
			return reference(w, whole, "#xpointer(id('"+idOf(whole)+"'))")
		}), 400, "", "sig_profile"},
		{"023", "URL", parts(func(w *world, whole, _, _ string) string { return reference(w, whole, "http://127.0.0.1:1/x") }), 400, "", "sig_profile"},
		{"023", "file", parts(func(w *world, whole, _, _ string) string { return reference(w, whole, "file:///etc/passwd") }), 400, "", "sig_profile"},
		{"027", "Signature of another namespace", edit(`xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`, `xmlns:ds="urn:other"`), 400, "", "sig_profile"},
		{"028", "Version 1.1", changed(func(_ *world, a *authn) { a.version = "1.1" }), 0, "VersionMismatch/RequestVersionTooLow", "version_too_low"},
	}
}

func idOf(doc string) string { return strings.Split(strings.Split(doc, ` ID="`)[1], `"`)[0] }

func reference(w *world, doc, uri string) string {
	return w.replaced(doc, `URI="#`+idOf(doc)+`"`, `URI="`+uri+`"`)
}

// methods is row 92: each address takes its own methods and no other.
func methods(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	query := "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), "")
	for path, methods := range map[string][]string{
		SSOPath:      {http.MethodPut, http.MethodHead, http.MethodDelete},
		SLOPath:      {http.MethodPut, http.MethodHead},
		SOAPPath:     {http.MethodGet, http.MethodPut},
		MetadataPath: {http.MethodPost},
		ResumePath:   {http.MethodPost},
	} {
		for _, m := range methods {
			rec := b.do(httptest.NewRequest(m, issuerURL+path+query, nil), true)
			if rec.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", m, path, rec.Code)
			}
		}
	}
	if rec := b.postCross(SSOPath+query, url.Values{}); rec.Code != http.StatusBadRequest || w.lastReason() != "no_message" {
		t.Errorf("a message of a URL by POST: %d %s", rec.Code, w.lastReason())
	}
	if w.count(ledger.Issued) != 0 {
		t.Error("issued")
	}
}
