package saml2

import (
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// simpleForm is a form signed by the partner, as OpenSAML signs it.
func simpleForm(t testing.TB, name, doc, relay string, key xmlsec.SigningKey) url.Values {
	t.Helper()
	f := form(name, doc)
	octets := name + "=" + doc
	if relay != "" {
		f.Set("RelayState", relay)
		octets += "&RelayState=" + relay
	}
	octets += "&SigAlg=" + key.Algorithm
	sig, err := xmlsec.SignDetached([]byte(octets), key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f.Set("SigAlg", key.Algorithm)
	f.Set("Signature", base64.StdEncoding.EncodeToString(sig))
	return f
}

func TestSignOnBySimpleSign(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.SAML.RequestsSigned = true })
	b := w.browser()
	a := w.authn()
	a.attrs = ` ProtocolBinding="` + metadata.BindingSimpleSign + `"`
	rec := b.postCross(SSOPath, simpleForm(t, "SAMLRequest", a.xml(), "state & more", signing(keys().sp)))
	page, ok := readPage(rec)
	if !ok || page.action != spACS+"/simple" || page.fields["RelayState"] != "state & more" {
		t.Fatalf("%d %s %v", rec.Code, w.lastReason(), page)
	}
	got := w.readSimple(page)
	if got.top != "Success" || got.nameID() != patel || attr(got.root, "Destination") != spACS+"/simple" {
		t.Errorf("%+v", got)
	}

	a = w.authn()
	a.attrs = ` ProtocolBinding="` + metadata.BindingSimpleSign + `" IsPassive="true"`
	page, _ = readPage(w.browser().postCross(SSOPath, simpleForm(t, "SAMLRequest", a.xml(), "", signing(keys().second))))
	if refused := w.readSimple(page); refused.under != "NoPassive" || refused.assertion != nil {
		t.Errorf("%+v", refused)
	}
}

// readSimple verifies the form's signature as a partner does.
func (w *world) readSimple(page posted) said {
	w.t.Helper()
	raw, err1 := base64.StdEncoding.DecodeString(page.fields["SAMLResponse"])
	sig, err2 := base64.StdEncoding.DecodeString(page.fields["Signature"])
	if err1 != nil || err2 != nil || len(sig) == 0 {
		w.t.Fatalf("%v %v: %v", err1, err2, page.fields)
	}
	octets := "SAMLResponse=" + string(raw)
	if relay, ok := page.fields["RelayState"]; ok {
		octets += "&RelayState=" + relay
	}
	octets += "&SigAlg=" + page.fields["SigAlg"]
	if _, err := xmlsec.VerifyDetached(raw, ownLimits(), []byte(octets), page.fields["SigAlg"], sig, hubKeys()); err != nil {
		w.t.Fatalf("%v\n%s", err, raw)
	}
	s := said{raw: raw, to: page.action, vouched: true}
	w.verifySaid(&s)
	return s
}

// TestSimpleSignSwapped: every value of the form is covered (row 95).
func TestSimpleSignSwapped(t *testing.T) {
	key := signing(keys().sp)
	for name, change := range map[string]func(w *world, f url.Values){
		"message":         func(w *world, f url.Values) { f["SAMLRequest"] = form("SAMLRequest", w.authn().xml())["SAMLRequest"] },
		"relay":           func(_ *world, f url.Values) { f.Set("RelayState", "other") },
		"relay left out":  func(_ *world, f url.Values) { f.Del("RelayState") },
		"algorithm":       func(_ *world, f url.Values) { f.Set("SigAlg", xmlsec.RSASHA512) },
		"no algorithm":    func(_ *world, f url.Values) { f.Del("SigAlg") },
		"no signature":    func(_ *world, f url.Values) { f.Del("Signature") },
		"empty signature": func(_ *world, f url.Values) { f.Set("Signature", "") },
		"as a response":   func(_ *world, f url.Values) { f["SAMLResponse"] = f["SAMLRequest"]; f.Del("SAMLRequest") },
		"relay moved into the message's end": func(w *world, f url.Values) {
			doc := w.authn().xml()
			g := simpleForm(w.t, "SAMLRequest", doc, "r", key)
			f["Signature"] = g["Signature"]
			f.Del("RelayState")
			f.Set("SAMLRequest", base64.StdEncoding.EncodeToString([]byte(doc+"&RelayState=r")))
		},
		"foreign key": func(w *world, f url.Values) {
			f["Signature"] = simpleForm(w.t, "SAMLRequest", string(must(base64.StdEncoding.DecodeString(f.Get("SAMLRequest")))), "state", signing(keys().other))["Signature"]
		},
		"signature inside as well": func(w *world, f url.Values) {
			g := simpleForm(w.t, "SAMLRequest", envelopedBy(w.t, w.authn().xml(), key), "state", key)
			for k, v := range g {
				f[k] = v
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			f := simpleForm(t, "SAMLRequest", w.authn().xml(), "state", key)
			change(w, f)
			rec := w.browser().postCross(SSOPath, f)
			if _, ok := readPage(rec); ok || rec.Code != 400 || w.lastReason() == "" {
				t.Errorf("%d %s", rec.Code, w.lastReason())
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
