package saml2

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// Parameters that carry a message.
const (
	requestField  = "SAMLRequest"
	responseField = "SAMLResponse"
	artifactField = "SAMLart"
)

// outbound is a message of ours on its way through the browser: a redirect, or a form to post.
type outbound struct {
	to      string // address of the partner; with its query if it is a redirect
	partner string // name to print
	who     string // signed in, for the header of the page; see web.Who. Empty: nobody is told about
	fields  []web.Field
	writes  []bridge.Write // what must be durable before it leaves
}

// pack makes a message ready for its binding. doc carries the enveloped signature that it shall have; by HTTP-Redirect and
// POST-SimpleSign it must not have one, since what is signed is the query or the form. An artifact dies with the session, if
// one is given.
func (p *Provider) pack(partner trust.Partner, to reply, field string, doc []byte, relay relayState, session string) (outbound, error) {
	out := outbound{to: to.URL, partner: partner.Name}
	switch to.By {
	case byRedirect:
		target, err := p.redirectURL(partner, to.URL, field, doc, relay)
		out.to = target
		return out, err
	case byArtifact:
		artifact, write, err := p.newArtifact(partner.ID, doc, session)
		out.to, out.writes = artifactURL(to.URL, artifact, relay), []bridge.Write{write}
		return out, err
	case bySimpleSign:
		fields, err := p.simpleSigned(partner, field, doc, relay)
		out.fields = fields
		return out, err
	}
	out.fields = formFields(field, doc, relay)
	return out, nil
}

// packAndSend is for messages that nothing else is written with.
func (p *Provider) packAndSend(w http.ResponseWriter, r *http.Request, partner trust.Partner, to reply, field string, doc []byte, relay relayState) {
	out, err := p.pack(partner, to, field, doc, relay, "")
	if err == nil && len(out.writes) > 0 {
		err = p.Hub.Journal.Commit(r.Context(), out.writes...)
	}
	if err != nil {
		p.refusePage(w, r, partner.ID, err)
		return
	}
	p.send(w, r, out)
}

// send hands a message to the browser: by the page that posts it (SAML Bindings 3.5.4), or by a redirect.
func (p *Provider) send(w http.ResponseWriter, r *http.Request, out outbound) {
	if len(out.fields) > 0 {
		p.Kit.PostPage(w, r, out.who, out.to, out.partner, out.fields...)
		return
	}
	web.Uncached(w.Header())
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, out.to, http.StatusSeeOther)
}

func formFields(field string, doc []byte, relay relayState) []web.Field {
	fields := make([]web.Field, 1, 4)
	fields[0] = web.Field{Name: field, Value: encodeBase64(doc)}
	if relay.Present {
		fields = append(fields, web.Field{Name: "RelayState", Value: relay.Value})
	}
	return fields
}

// encodeBase64 makes one string: EncodeToString makes two.
func encodeBase64(doc []byte) string {
	const piece = 3 << 8 // so that no padding stands inside
	var w strings.Builder
	var out [piece / 3 * 4]byte
	w.Grow(base64.StdEncoding.EncodedLen(len(doc)))
	for len(doc) > 0 {
		n := min(len(doc), piece)
		w.Write(base64.StdEncoding.AppendEncode(out[:0], doc[:n]))
		doc = doc[n:]
	}
	return w.String()
}

// simpleSigned is a form with a signature over its values (SAML HTTP-POST-SimpleSign 2.5.2).
func (p *Provider) simpleSigned(partner trust.Partner, field string, doc []byte, relay relayState) ([]web.Field, error) {
	key, err := p.signingKey(partner)
	if err != nil {
		return nil, err
	}
	signature, err := xmlsec.SignDetached(simpleOctets(field, doc, relay, key.Algorithm), key, p.Rand)
	if err != nil {
		return nil, fmt.Errorf("saml2: sign form: %w", err)
	}
	return append(formFields(field, doc, relay),
		web.Field{Name: "SigAlg", Value: key.Algorithm},
		web.Field{Name: "Signature", Value: base64.StdEncoding.EncodeToString(signature)}), nil
}

// simpleOctets is what a POST-SimpleSign signature covers: the values themselves, the message without its base64, as if they
// stood in a query without any escaping.
func simpleOctets(field string, doc []byte, relay relayState, algorithm string) []byte {
	out := append([]byte(field+"="), doc...)
	if relay.Present {
		out = append(out, "&RelayState="+relay.Value...)
	}
	return append(out, "&SigAlg="+algorithm...)
}

// withQuery adds parameters to an address that may have some.
func withQuery(to, query string) string {
	if strings.Contains(to, "?") {
		return to + "&" + query
	}
	return to + "?" + query
}

func artifactURL(to, artifact string, relay relayState) string {
	query := artifactField + "=" + url.QueryEscape(artifact)
	if relay.Present {
		query += "&RelayState=" + url.QueryEscape(relay.Value)
	}
	return withQuery(to, query)
}
