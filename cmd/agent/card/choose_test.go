package card_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

func TestChoose(t *testing.T) {
	ca := components.NewCA(t, "Cards")
	logon := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}
	cardAuth := asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 6, 8}
	client := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	profile := func(name string, p components.Profile) components.Profile {
		p.Subject = pkix.Name{CommonName: name}
		return p
	}
	auth := profile("auth", components.Profile{ExtKeyUsage: client})
	type held struct {
		label string
		p     components.Profile
	}
	cases := []struct {
		name  string
		cards []held
		want  string
		err   error
	}{
		{"client authentication", []held{{"", auth}}, "auth", nil},
		{"smartcard logon alone", []held{{"", profile("logon", components.Profile{OtherUsages: []asn1.ObjectIdentifier{logon}})}}, "logon", nil},
		{"no purposes named", []held{{"", profile("plain", components.Profile{})}}, "plain", nil},
		{"two certificates, content commitment first", []held{
			{"", profile("binding", components.Profile{KeyUsage: x509.KeyUsageContentCommitment | x509.KeyUsageDigitalSignature, ExtKeyUsage: client})}, {"", auth},
		}, "auth", nil},
		{"content commitment alone", []held{{"", profile("binding", components.Profile{KeyUsage: x509.KeyUsageContentCommitment})}}, "", card.ErrNoCertificate},
		{"encryption alone", []held{{"", profile("secret", components.Profile{KeyUsage: x509.KeyUsageKeyEncipherment})}}, "", card.ErrNoCertificate},
		{"another purpose", []held{{"", profile("mail", components.Profile{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}})}}, "", card.ErrNoCertificate},
		{"PIV: slot 9E is the card's, not the person's", []held{{"Certificate for Card Authentication", profile("9e", components.Profile{OtherUsages: []asn1.ObjectIdentifier{cardAuth}, ExtKeyUsage: client})}}, "", card.ErrNoCertificate},
		{"PIV: slot 9A before a newer one", []held{
			{"Certificate for Key Management", profile("newer", components.Profile{ExtKeyUsage: client, NotBefore: time.Now().Add(-time.Minute)})},
			{"Certificate for PIV Authentication", profile("9a", components.Profile{ExtKeyUsage: client, NotBefore: time.Now().Add(-time.Hour)})},
		}, "9a", nil},
		{"the newer of two", []held{
			{"", profile("older", components.Profile{ExtKeyUsage: client, NotBefore: time.Now().Add(-time.Hour)})},
			{"", profile("newer", components.Profile{ExtKeyUsage: client, NotBefore: time.Now().Add(-time.Minute)})},
		}, "newer", nil},
		{"expired", []held{{"", profile("old", components.Profile{ExtKeyUsage: client, NotBefore: time.Now().AddDate(0, 0, -3), NotAfter: time.Now().AddDate(0, 0, -2)})}}, "", card.ErrExpired},
		{"expired beside a good one", []held{
			{"", profile("old", components.Profile{ExtKeyUsage: client, NotBefore: time.Now().AddDate(0, 0, -3), NotAfter: time.Now().AddDate(0, 0, -2)})}, {"", auth},
		}, "auth", nil},
		{"none", nil, "", card.ErrNoCertificate},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := &middleware{present: true, serial: "1"}
			m.objects = append(m.objects, card.Object{ID: []byte{99}, DER: []byte("no certificate")})
			for i, h := range c.cards {
				m.put(ca.Issue(t, h.p), byte(i+1), h.label)
			}
			r := &card.Readers{Modules: []card.Module{m}, Now: time.Now}
			if _, err := r.Refresh(true); err != nil {
				t.Fatal(err)
			}
			got, err := r.Current()
			if !errors.Is(err, c.err) || err == nil && got.Subject.CommonName != c.want {
				t.Errorf("%v, %v; want %q, %v", got.Certificate, err, c.want, c.err)
			}
		})
	}
}
