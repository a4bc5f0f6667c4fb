package hub

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// TestRefusedNames: every name that the configuration takes stands for an algorithm of its own.
func TestRefusedNames(t *testing.T) {
	field, _ := reflect.TypeFor[config.SAML]().FieldByName("Refuse")
	names := strings.Fields(field.Tag.Get("enum"))
	uris := refused(names)
	slices.Sort(uris)
	if got := slices.Compact(slices.Clone(uris)); len(names) < 18 || len(got) != len(names) || got[0] == "" {
		t.Errorf("%d names, %v", len(names), got)
	}
	if got := refused([]string{"ecdsa-sha384", "aes128-cbc", "rsa-sha256", "rsa-pss-sha512"}); !slices.Equal(got, []string{xmlsec.ECDSASHA384, xmlsec.AES128CBC, xmlsec.RSASHA256, xmlsec.RSAPSSSHA512}) {
		t.Errorf("%v", got)
	}
	if refused(nil) != nil {
		t.Error("something is refused by default")
	}
}
