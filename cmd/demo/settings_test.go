package demo

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/lanyard-hub/lanyard/config"
)

// TestSettings: other commands find in demo.yaml the hub that runs.
func TestSettings(t *testing.T) {
	d, m := running(t)
	got, report := config.Load(filepath.Join(d.Dir(), settingsName), nil, config.Options{Lab: true})
	if len(report) > 0 {
		t.Fatal(report)
	}
	want := d.configuration()
	for name, same := range map[string]bool{
		"issuer": got.Issuer == m.Issuer, "organisation": got.Organisation == want.Organisation, "store": got.Store == want.Store, "keys": got.Keys == want.Keys,
		"rbac": got.RBAC == want.RBAC, "cis2": got.OIDC.CIS2 == want.OIDC.CIS2 && got.OIDC.CIS2.Path == cis2Path, "card": got.Listeners.Card.ClientCA == want.Listeners.Card.ClientCA, "metadata": reflect.DeepEqual(got.SAML.Metadata, want.SAML.Metadata),
	} {
		if !same {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
