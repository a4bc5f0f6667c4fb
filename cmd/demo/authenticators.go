package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

// press sends a form of the hub's sign-in page for the browser at the demo: the same request, with the same
// cookies and the same token. The hub sees no difference and makes no exception.
func (d *Demo) press(r *http.Request, path string) (*http.Response, []byte, error) {
	form := url.Values{}
	for _, name := range []string{"tx", "v", web.CSRFField} {
		form.Set(name, r.PostFormValue(name))
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, d.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, nil, fmt.Errorf("demo: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header["Cookie"] = r.Header["Cookie"]
	return exchange(d.client, req)
}

func exchange(c *http.Client, req *http.Request) (*http.Response, []byte, error) {
	resp, err := c.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("demo: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, nil, fmt.Errorf("demo: %w", err)
	}
	return resp, body, nil
}

// relay hands an answer on to the browser.
func relay(w http.ResponseWriter, resp *http.Response, body []byte) {
	for _, name := range []string{"Location", "Content-Type", "Content-Security-Policy", "Cache-Control", "Set-Cookie", "X-Reference"} {
		if values := resp.Header.Values(name); len(values) > 0 {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(body) // the browser went away: nothing to do about it
}

// useCard is the browser and the card of one person: it asks the hub for a card host, shakes hands there with
// the card's certificate, and sends the real browser where that host says.
func (d *Demo) useCard(w http.ResponseWriter, r *http.Request) {
	p, ok := d.chosen(w, r)
	if !ok {
		return
	}
	resp, body, err := d.press(r, "/signin/card")
	if err == nil && resp.StatusCode == http.StatusSeeOther && strings.HasPrefix(resp.Header.Get("Location"), "https://") {
		resp, body, err = d.present(r.Context(), p, resp.Header.Get("Location"))
	}
	if err != nil {
		d.hub.Kit().Refuse(w, r, (&bridge.Refusal{Reason: bridge.Internal}).Because(err))
		return
	}
	relay(w, resp, body)
}

// present is one mutual TLS request with a person's card.
func (d *Demo) present(ctx context.Context, p Persona, target string) (*http.Response, []byte, error) {
	roots := x509.NewCertPool()
	roots.AddCert(d.keys.authority.cert)
	card := &tls.Certificate{Certificate: [][]byte{p.card.cert.Raw}, PrivateKey: p.card.key, Leaf: p.card.cert}
	transport := &http.Transport{DialContext: dial, DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: roots,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return card, nil },
	}}
	c := &http.Client{Transport: transport, Timeout: 5 * time.Second, CheckRedirect: d.client.CheckRedirect}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("demo: %w", err)
	}
	resp, body, err := exchange(c, req)
	if err != nil {
		return nil, nil, err
	}
	m := message{
		From: atCard, To: atHub, Title: "TLS handshake with " + p.Person.Name + "'s card", How: "mutual TLS 1.3 with " + req.URL.Host,
		Body: fmt.Sprintf("subject %s\nissuer  %s\nserial  %s\nvalid   %s to %s", p.card.cert.Subject, p.card.cert.Issuer, p.card.cert.SerialNumber.Text(16),
			p.card.cert.NotBefore.Format(time.DateOnly), p.card.cert.NotAfter.Format(time.DateOnly)),
	}
	if resp.StatusCode == http.StatusSeeOther {
		m.Ticks = []tick{
			checked("The card's key signed the handshake"), checked("Issued by an authority that the hub trusts, for signing in"),
			checked("In its dates, and not on the revocation list"), checked("Registered to one person"),
		}
	} else {
		m.Ticks = []tick{checked("The card's key signed the handshake"), failed("The hub refuses the card: %s", resp.Status)}
		m.Ref = resp.Header.Get("X-Reference")
	}
	d.ladder.add(m)
	return resp, body, nil
}

// signedPage carries a key's answer to the hub's own form.
type signedPage struct {
	Tx, V      string
	Ceremony   string
	Credential string
	Name       string
}

// useKey asks the hub for WebAuthn options, signs them with a person's software key, and gives the browser the
// form that its own script would have filled in.
func (d *Demo) useKey(w http.ResponseWriter, r *http.Request) {
	p, ok := d.chosen(w, r)
	if !ok {
		return
	}
	kit := d.hub.Kit()
	_, tx, err := kit.Transaction(w, r, bridge.StepAuthenticate)
	if err != nil {
		kit.Refuse(w, r, err)
		return
	}
	resp, body, err := d.press(r, "/signin/key/begin")
	if err != nil {
		kit.Refuse(w, r, (&bridge.Refusal{Reason: bridge.Internal}).Because(err))
		return
	}
	if resp.StatusCode != http.StatusOK {
		relay(w, resp, body)
		return
	}
	page := signedPage{Tx: tx.ID, V: r.PostFormValue("v"), Name: p.Person.Name}
	if page.Ceremony, page.Credential, err = d.touch(p, body); err != nil {
		kit.Refuse(w, r, (&bridge.Refusal{Reason: bridge.Internal}).Because(err))
		return
	}
	kit.Page(w, r, "demo-signed", "The key has signed", page, web.PageOptions{FormAction: []string{tx.Request.ReturnTo}})
}

// touch signs a ceremony.
func (d *Demo) touch(p Persona, begun []byte) (ceremony, credential string, err error) {
	var b struct {
		Ceremony string          `json:"ceremony"`
		Options  json.RawMessage `json:"options"`
	}
	if err := json.Unmarshal(begun, &b); err != nil {
		return "", "", fmt.Errorf("demo: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := d.softkeys[p.Person.UID]
	if key == nil {
		return "", "", errors.New("demo: no key")
	}
	answer, err := key.Get(b.Options)
	if err != nil {
		return "", "", err
	}
	var data bytes.Buffer
	if err := json.Indent(&data, b.Options, "", "  "); err != nil {
		return "", "", fmt.Errorf("demo: %w", err)
	}
	d.ladder.add(message{From: atHub, To: atKey, Title: "Options for " + p.Person.Name + "'s key", How: "WebAuthn, through the browser", Body: data.String()})
	d.ladder.add(message{From: atKey, To: atBrowser, Title: "Assertion, signed ES256", How: "user present, user verified by PIN", Body: prettyJSON(answer)})
	return b.Ceremony, string(answer), nil
}
