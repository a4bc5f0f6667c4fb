package metadata

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// SigningMethod is a signature algorithm that a party says it supports, and for which sizes of key in bits, 0 being no bound
// (SAML V2.0 Metadata Profile for Algorithm Support 1.0, 2.4).
type SigningMethod struct {
	Algorithm        string // URI
	MinBits, MaxBits int
}

// readAlgorithms reads what the role says of signature and digest algorithms and, of a kind it does not speak of, what the
// entity says (Algorithm Support 1.0, 2.5). A method whose bounds cannot be read is passed over.
func (e *Entity) readAlgorithms(sp *ServiceProvider, role, entity *xmlsec.Element) {
	for _, holder := range []*xmlsec.Element{role, entity} {
		extensions := holder.Child(space, "Extensions")
		if extensions == nil {
			continue
		}
		if len(sp.SigningMethods) == 0 {
			for _, m := range extensions.All(spaceAlg, "SigningMethod") {
				e.readSigningMethod(sp, m)
			}
		}
		if len(sp.DigestMethods) == 0 {
			for _, m := range extensions.All(spaceAlg, "DigestMethod") {
				sp.DigestMethods = append(sp.DigestMethods, strings.TrimSpace(attribute(m, "Algorithm")))
			}
		}
	}
}

func (e *Entity) readSigningMethod(sp *ServiceProvider, element *xmlsec.Element) {
	m := SigningMethod{Algorithm: strings.TrimSpace(attribute(element, "Algorithm"))}
	for name, bits := range map[string]*int{"MinKeySize": &m.MinBits, "MaxKeySize": &m.MaxBits} {
		value, said := element.Attr(name)
		if !said {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
		if err != nil || n == 0 {
			e.note(Warning, "signing_method", "a signature algorithm has an unreadable key size and is passed over")
			return
		}
		*bits = int(n)
	}
	sp.SigningMethods = append(sp.SigningMethods, m)
}

// signatureMethods are those that xmlsec verifies and makes.
func signatureMethods() []string {
	return []string{
		xmlsec.RSASHA256, xmlsec.RSASHA384, xmlsec.RSASHA512, xmlsec.RSAPSSSHA256, xmlsec.RSAPSSSHA384, xmlsec.RSAPSSSHA512,
		xmlsec.ECDSASHA256, xmlsec.ECDSASHA384, xmlsec.ECDSASHA512,
	}
}

// encryptionMethods are those that the hub decrypts, the ones to prefer first. CBC and RSA 1.5 are not among them.
func encryptionMethods() []string {
	return []string{xmlsec.AES128GCM, xmlsec.AES192GCM, xmlsec.AES256GCM, xmlsec.RSAOAEP, xmlsec.RSAOAEPMGF1P}
}

// keys writes the KeyDescriptors: what signs before what decrypts, since some libraries read only the first (SAML Metadata 2.4.1.1).
func (w *writer) keys(d Descriptor) {
	for _, der := range d.SigningCertificates {
		w.key("signing", der)
	}
	for _, der := range d.EncryptionCertificates {
		w.key("encryption", der, slices.DeleteFunc(encryptionMethods(), func(uri string) bool { return slices.Contains(d.Refused, uri) })...)
	}
}

func (w *writer) key(use string, der []byte, methods ...string) {
	w.raw(`<md:KeyDescriptor use="` + use + `"><ds:KeyInfo xmlns:ds="` + spaceDsig + `"><ds:X509Data><ds:X509Certificate>`)
	w.b = base64.StdEncoding.AppendEncode(w.b, der)
	w.raw(`</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`)
	for _, m := range methods {
		w.raw(`<md:EncryptionMethod`)
		w.attr("Algorithm", m)
		w.raw(`></md:EncryptionMethod>`)
	}
	w.raw(`</md:KeyDescriptor>`)
}

// signingMethod writes an alg:SigningMethod (Algorithm Support 1.0, 2.4).
func (w *writer) signingMethod(m SigningMethod) {
	w.raw(`<alg:SigningMethod xmlns:alg="` + spaceAlg + `"`)
	w.attr("Algorithm", m.Algorithm)
	if m.MaxBits > 0 {
		w.attr("MaxKeySize", strconv.Itoa(m.MaxBits))
	}
	if m.MinBits > 0 {
		w.attr("MinKeySize", strconv.Itoa(m.MinBits))
	}
	w.raw(`></alg:SigningMethod>`)
}
