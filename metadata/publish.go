package metadata

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// Publish writes the hub's metadata as an EntityDescriptor in canonical form, good from now for ValidFor, and signs it. The
// Signature is the first child (SAML Metadata 2.3.2). Errors match [ErrDescriptor] or those of xmlsec.
func Publish(d Descriptor, key xmlsec.SigningKey, now time.Time, rand io.Reader) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	w := writer{b: make([]byte, 0, 16<<10)}
	w.raw(`<md:EntityDescriptor xmlns:md="` + space + `"`)
	w.attr("ID", d.ID)
	if d.CacheFor > 0 {
		w.attr("cacheDuration", "PT"+strconv.FormatInt(int64(d.CacheFor/time.Second), 10)+"S")
	}
	w.attr("entityID", d.EntityID)
	w.attr("validUntil", instant(now.Add(d.ValidFor)))
	w.raw(`>`)
	signatureAt := len(w.b)
	w.entityExtensions(d, now)
	w.identityProvider(d)
	w.attributeAuthority(d)
	w.organization(d.Organization)
	for _, c := range d.Contacts {
		w.contact(c)
	}
	w.raw(`</md:EntityDescriptor>`)
	out, err := xmlsec.SignEnveloped(w.b, d.ID, signatureAt, key, rand)
	if err != nil {
		return nil, fmt.Errorf("sign metadata: %w", err)
	}
	return out, nil
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// writer writes canonical XML in the order of the schema.
type writer struct{ b []byte }

func (w *writer) raw(s string) { w.b = append(w.b, s...) }

func (w *writer) attr(name, value string) {
	w.b = append(append(append(w.b, ' '), name...), `="`...)
	w.b = append(xmlsec.EscapeAttr(w.b, value), '"')
}

func (w *writer) text(open, value, end string) {
	w.b = append(w.b, open...)
	w.b = append(xmlsec.EscapeText(w.b, value), end...)
}

// each writes one element for every value.
func (w *writer) each(name string, values ...string) {
	for _, v := range values {
		w.text(`<`+name+`>`, v, `</`+name+`>`)
	}
}

// localized writes one element for every language.
func (w *writer) localized(name string, values []Localized) {
	for _, v := range values {
		w.raw(`<` + name)
		w.attr("xml:lang", v.Language)
		w.text(`>`, v.Text, `</`+name+`>`)
	}
}

// list writes what write writes between two tags, and nothing if that is nothing.
func (w *writer) list(open, end string, write func()) {
	before := len(w.b)
	w.raw(open)
	within := len(w.b)
	write()
	if len(w.b) == within {
		w.b = w.b[:before]
		return
	}
	w.raw(end)
}
