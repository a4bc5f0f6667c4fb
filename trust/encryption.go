package trust

import (
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// contentAlgorithms are those that terms can name for what is encrypted to a partner, each by the end of its URI.
func contentAlgorithms() []string {
	return []string{xmlsec.AES128GCM, xmlsec.AES192GCM, xmlsec.AES256GCM, xmlsec.AES128CBC, xmlsec.AES192CBC, xmlsec.AES256CBC}
}

// encryptionName is how terms and configuration call an algorithm: the end of its URI, in lower case.
func encryptionName(uri string) string {
	return strings.ToLower(uri[strings.LastIndexByte(uri, '#')+1:])
}

func contentNames() []string {
	var names []string
	for _, uri := range contentAlgorithms() {
		names = append(names, encryptionName(uri))
	}
	return names
}

// EncryptionURI is the identifier of an algorithm for content or keys, by its name; empty if there is none of that name.
func EncryptionURI(name string) string {
	for _, uri := range append(contentAlgorithms(), xmlsec.RSAOAEP, xmlsec.RSAOAEPMGF1P, xmlsec.ECDHES) {
		if encryptionName(uri) == name {
			return uri
		}
	}
	return ""
}

// encryptWith puts one algorithm for content in the place of those that the metadata lists. What it lists for keys stays.
func encryptWith(name string, listed []xmlsec.EncryptionMethod) []xmlsec.EncryptionMethod {
	i := slices.Index(contentNames(), name)
	if i < 0 {
		return listed
	}
	methods := []xmlsec.EncryptionMethod{{Algorithm: contentAlgorithms()[i]}}
	for _, m := range listed {
		if !slices.Contains(contentAlgorithms(), m.Algorithm) {
			methods = append(methods, m)
		}
	}
	return methods
}
