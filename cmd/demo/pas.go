package demo

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crewjam/saml"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// pas is the sample patient administration system: SAML 2.0, by crewjam/saml, which the hub does not use.
type pas struct {
	*app
	sp        saml.ServiceProvider
	key       *rsa.PrivateKey
	hubKeys   []crypto.PublicKey
	hubSLO    string
	lastLogin atomic.Pointer[string] // the redirect of the latest sign-in, for whoever wants to replay it
	replies   map[string]bool
}

// newPAS makes the service provider; the hub is not running yet.
func newPAS(a *app, key *rsa.PrivateKey, cert *x509.Certificate) (*pas, error) {
	base, err := url.Parse(a.URL)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	at := func(path string) url.URL { return *base.JoinPath(path) }
	p := &pas{app: a, key: key, replies: map[string]bool{}, sp: saml.ServiceProvider{
		EntityID: a.ID, Key: key, Certificate: cert, MetadataURL: at("saml/metadata"), AcsURL: at("saml/acs"), SloURL: at("saml/slo"),
		SignatureMethod: xmlsec.RSASHA256, AuthnNameIDFormat: saml.PersistentNameIDFormat,
	}}
	a.mux.HandleFunc("GET /{$}", p.home)
	a.mux.HandleFunc("GET /login", p.login)
	a.mux.HandleFunc("GET /logout", p.logout)
	a.mux.HandleFunc("GET /saml/metadata", p.metadata)
	a.mux.HandleFunc("POST /saml/acs", p.acs)
	a.mux.HandleFunc("GET /saml/slo", p.slo)
	a.mux.HandleFunc("POST /saml/slo/soap", p.soap)
	a.mux.HandleFunc("GET /break/{kind}", p.breakIt)
	return p, nil
}

// describe is the metadata: what the library says, with the encryption methods that it really reads, and
// the address where the hub can tell it of a sign-out.
func (p *pas) describe() ([]byte, error) {
	sp := p.sp
	sp.MetadataValidDuration = 365 * 24 * time.Hour // the library's own is two days, and the hub keeps to it
	d := sp.Metadata()
	role := &d.SPSSODescriptors[0]
	for i := range role.KeyDescriptors {
		if role.KeyDescriptors[i].Use == "encryption" {
			role.KeyDescriptors[i].EncryptionMethods = []saml.EncryptionMethod{{Algorithm: xmlsec.AES128GCM}, {Algorithm: xmlsec.RSAOAEPMGF1P}}
		}
	}
	role.AssertionConsumerServices = role.AssertionConsumerServices[:1] // HTTP-POST
	role.SingleLogoutServices = []saml.Endpoint{
		{Binding: metadata.BindingSOAP, Location: p.URL + "saml/slo/soap"}, {Binding: metadata.BindingRedirect, Location: p.URL + "saml/slo"},
	}
	out, err := xml.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("demo: metadata of PAS: %w", err)
	}
	return out, nil
}

// trust takes the hub's metadata.
func (p *pas) trust(hub []byte) error {
	d := &saml.EntityDescriptor{}
	if err := xml.Unmarshal(hub, d); err != nil || len(d.IDPSSODescriptors) != 1 {
		return fmt.Errorf("demo: hub's metadata: %w", err)
	}
	p.sp.IDPMetadata = d
	p.hubSLO = p.sp.GetSLOBindingLocation(saml.HTTPRedirectBinding)
	for _, k := range d.IDPSSODescriptors[0].KeyDescriptors {
		for _, c := range k.KeyInfo.X509Data.X509Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Data), ""))
			if err != nil {
				return fmt.Errorf("demo: hub's certificate: %w", err)
			}
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return fmt.Errorf("demo: hub's certificate: %w", err)
			}
			p.hubKeys = append(p.hubKeys, cert.PublicKey)
		}
	}
	if len(p.hubKeys) == 0 {
		return errors.New("demo: the hub's metadata has no key")
	}
	return nil
}

func (p *pas) metadata(w http.ResponseWriter, _ *http.Request) {
	doc, err := p.describe()
	if err != nil {
		http.Error(w, "There is no metadata.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(doc) // the reader went away: nothing to do about it
}

func (p *pas) home(w http.ResponseWriter, r *http.Request) {
	v := appView{Notice: signedOutNotice(r), Breaks: []broken{
		{"/break/unsigned", "Ask to sign in with a request that is not signed"},
		{"/break/replay", "Send the last sign-in request a second time"},
		{"/break/audience", "Ask for the answer at an address that is not registered"},
	}}
	if visit, ok := p.desk.visitor(r); ok {
		v.Visit = &visit
	}
	p.show(w, http.StatusOK, v)
}

func signedOutNotice(r *http.Request) string {
	if r.URL.Query().Has("out") {
		return "You are signed out of this app and of the hub."
	}
	return ""
}

// login sends the browser to the hub with a signed AuthnRequest.
func (p *pas) login(w http.ResponseWriter, r *http.Request) {
	p.ladder.begin("PAS, SAML 2.0: sign in")
	req, err := p.sp.MakeAuthenticationRequest(p.sp.GetSSOBindingLocation(saml.HTTPRedirectBinding), saml.HTTPRedirectBinding, saml.HTTPPostBinding)
	var target *url.URL
	if err == nil {
		target, err = req.Redirect(p.desk.begin(w, r, attempt{request: req.ID}), &p.sp)
	}
	if err != nil {
		p.refuse(w, "Sign-in could not begin", err)
		return
	}
	sent := target.String()
	p.lastLogin.Store(&sent)
	p.noteRequest(sent, "signed RSA-SHA256")
	http.Redirect(w, r, sent, http.StatusSeeOther)
}

func (p *pas) noteRequest(target, how string) {
	u, err := url.Parse(target)
	if err != nil {
		return
	}
	doc, err := inflated(u.Query().Get("SAMLRequest"))
	if err != nil {
		return
	}
	p.ladder.add(message{From: p.Short, To: atHub, Title: "AuthnRequest", How: "through the browser by HTTP-Redirect, " + how, Body: prettyXML(doc)})
}

// breakIt sends what the hub must refuse.
func (p *pas) breakIt(w http.ResponseWriter, r *http.Request) {
	kind := r.PathValue("kind")
	p.ladder.begin("Break it: %s", kind)
	target, how := "", "the same request again"
	if last := p.lastLogin.Load(); last != nil {
		target = *last
	}
	if kind != "replay" {
		sp := p.sp
		how = "signed, for an address that is not registered"
		if kind == "unsigned" {
			sp.SignatureMethod, how = "", "not signed"
		} else {
			sp.AcsURL.Host = "elsewhere.localhost"
		}
		req, err := sp.MakeAuthenticationRequest(sp.GetSSOBindingLocation(saml.HTTPRedirectBinding), saml.HTTPRedirectBinding, saml.HTTPPostBinding)
		if err == nil {
			var u *url.URL
			if u, err = req.Redirect("", &sp); err == nil {
				target = u.String()
			}
		}
		if err != nil {
			p.refuse(w, "Request not made", err)
			return
		}
	}
	if target == "" {
		p.show(w, http.StatusOK, appView{Notice: "There is no earlier request: sign in once first."})
		return
	}
	p.noteRequest(target, how)
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// inflated undoes the coding of HTTP-Redirect (SAML Bindings 3.4.4.1).
func inflated(encoded string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	doc, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), 64<<10))
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return doc, nil
}
