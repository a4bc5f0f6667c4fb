package saml2

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"net/url"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// signResponse writes a StatusResponse around content with an enveloped signature.
func (p *Provider) signResponse(partner trust.Partner, res response, content []byte) ([]byte, error) {
	key, err := p.signingKey(partner)
	if err != nil {
		return nil, err
	}
	doc, at := p.response(res, content)
	if doc, err = xmlsec.SignEnveloped(doc, res.id, at, key, p.Rand); err != nil {
		return nil, fmt.Errorf("saml2: sign %s: %w", res.element, err)
	}
	return doc, nil
}

// redirectURL carries a message in a URL with a signature over its query (SAML Bindings 3.4.4.1). The message itself must
// not be signed.
func (p *Provider) redirectURL(partner trust.Partner, to, name string, doc []byte, relay relayState) (string, error) {
	key, err := p.signingKey(partner)
	if err != nil {
		return "", err
	}
	packed, err := p.deflate(doc)
	if err != nil {
		return "", err
	}
	query := name + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed))
	if relay.Present {
		query += "&RelayState=" + url.QueryEscape(relay.Value)
	}
	query += "&SigAlg=" + url.QueryEscape(key.Algorithm)
	signature, err := xmlsec.SignDetached([]byte(query), key, p.Rand)
	if err != nil {
		return "", fmt.Errorf("saml2: sign query: %w", err)
	}
	query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	return withQuery(to, query), nil
}

func (p *Provider) deflate(doc []byte) ([]byte, error) {
	z := p.deflaters.Get().(*flate.Writer)
	defer p.deflaters.Put(z)
	var out bytes.Buffer
	z.Reset(&out)
	if _, err := z.Write(doc); err != nil {
		return nil, fmt.Errorf("saml2: compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("saml2: compress: %w", err)
	}
	return out.Bytes(), nil
}
