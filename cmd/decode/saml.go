package decode

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

const (
	protocolSpace  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"
	signatureSpace = "http://www.w3.org/2000/09/xmldsig#"
	cipherSpace    = "http://www.w3.org/2001/04/xmlenc#"
)

// message is a SAML message as a binding encodes it: base64, deflated for a redirect or plain for a form.
func (r *Report) message(name, text string, o Options) bool {
	compact := strings.Map(func(c rune) rune {
		if c == ' ' || c == '\n' || c == '\r' || c == '\t' {
			return -1
		}
		return c
	}, text)
	raw, err := base64.StdEncoding.DecodeString(compact)
	if err != nil {
		return false
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("<")) {
		return r.xml(name, string(raw), o)
	}
	inflated, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), MaxInput))
	if err != nil || !bytes.HasPrefix(bytes.TrimSpace(inflated), []byte("<")) {
		return false
	}
	return r.xml(name, string(inflated), o)
}

// xml shows a document element by element. It must pass the same gate as one that arrives at the hub.
func (r *Report) xml(name, text string, o Options) bool {
	if !strings.HasPrefix(text, "<") {
		return false
	}
	lines, err := xmlsec.Outline([]byte(text), xmlsec.MetadataLimits())
	if err != nil {
		r.Parts = append(r.Parts, Part{Name: name, Kind: "XML", Problems: []string{"the hub refuses this document before it reads anything: " + err.Error()}})
		return true
	}
	part := Part{Name: name, Kind: "XML " + lines[0].Local}
	if kind, ok := map[string]string{protocolSpace: "SAML ", assertionSpace: "SAML ", "urn:oasis:names:tc:SAML:2.0:metadata": "SAML metadata "}[lines[0].Space]; ok {
		part.Kind = kind + lines[0].Local
	}
	if lines[0].Space == saml11 {
		part.Kind = "SAML 1.1 " + lines[0].Local + " of a legacy ticket"
		part.roles(lines)
	}
	signed := 0
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		switch {
		case l.Space == signatureSpace && l.Local == "Signature":
			signed++
			part.Facts = append(part.Facts, Fact{l.Depth, "Signature", signatureMethod(lines[i:]), "not verified here"})
			i = skip(lines, i)
			continue
		case l.Space == cipherSpace && (l.Local == "EncryptedData" || l.Local == "EncryptedKey"):
			part.Facts = append(part.Facts, Fact{l.Depth, l.Local, "", "encrypted: only the receiver's key opens it"})
			i = skip(lines, i)
			continue
		}
		part.Facts = append(part.Facts, Fact{l.Depth, l.Local, l.Text, ""})
		for _, a := range l.Attrs {
			part.Facts = append(part.Facts, Fact{l.Depth + 1, "@" + a.Local, a.Value, ""})
			part.instant(l, a, o.Now)
		}
	}
	if signed == 0 && (lines[0].Space == protocolSpace || lines[0].Space == assertionSpace) {
		part.open("carries no signature of its own: a redirect has it in the query, an artifact in the envelope; anything else is refused where the terms want it signed")
	}
	r.Parts = append(r.Parts, part)
	return true
}

// skip is the index of the last line below line i.
func skip(lines []xmlsec.Line, i int) int {
	depth := lines[i].Depth
	for i+1 < len(lines) && lines[i+1].Depth > depth {
		i++
	}
	return i
}

func signatureMethod(lines []xmlsec.Line) string {
	for _, l := range lines {
		if l.Space == signatureSpace && l.Local == "SignatureMethod" {
			for _, a := range l.Attrs {
				if a.Local == "Algorithm" {
					return a.Value
				}
			}
		}
	}
	return ""
}

// instant judges the times that decide over a message's life.
func (p *Part) instant(l xmlsec.Line, a xmlsec.Attr, now time.Time) {
	at, err := time.Parse(time.RFC3339, a.Value)
	if err != nil {
		return
	}
	last := len(p.Facts) - 1
	p.Facts[last].Note = distance(at, now)
	switch {
	case a.Local == "NotOnOrAfter" && !now.Before(at):
		p.problem("%s expired %s", l.Local, distance(at, now))
	case a.Local == "NotBefore" && now.Before(at):
		p.problem("%s is not valid before %s", l.Local, a.Value)
	case a.Local == "IssueInstant" && l.Depth == 0 && (at.After(now.Add(5*time.Minute)) || at.Before(now.Add(-5*time.Minute))):
		p.problem("%s was issued %s: receivers accept a few minutes", l.Local, distance(at, now))
	case a.Local == "validUntil" && !now.Before(at):
		p.problem("%s was valid until %s", l.Local, a.Value)
	}
}

// distance says how far an instant is from now.
func distance(at, now time.Time) string {
	d := at.Sub(now).Round(time.Second)
	switch {
	case d > 0:
		return "in " + d.String()
	case d < 0:
		return (-d).String() + " ago"
	}
	return "now"
}
