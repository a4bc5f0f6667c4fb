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

func contentNames() []string {
	var names []string
	for _, uri := range contentAlgorithms() {
		names = append(names, uri[strings.LastIndexByte(uri, '#')+1:])
	}
	return names
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
