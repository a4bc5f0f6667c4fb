package config

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// Example returns the commented file that `lanyard init` writes into dir, for
// an issuer that [Load] accepts. An https issuer expects tls.crt and tls.key
// in dir; an http one, for trials, listens on loopback only.
func Example(dir, issuer string) string {
	in := func(name string) string { return quote(filepath.Join(dir, name)) }
	listen, tls := `":443"`, fmt.Sprintf("tls: { cert: %s, key_file: %s }\n", in("tls.crt"), in("tls.key"))
	if u, err := url.Parse(issuer); err == nil {
		port := u.Port()
		if u.Scheme == "http" {
			tls = ""
			if port == "" {
				port = "80"
			}
			listen = quote("127.0.0.1:" + port)
		} else if port != "" {
			listen = quote(":" + port)
		}
	}
	var b strings.Builder
	b.WriteString("# yaml-language-server: $schema=./lanyard.schema.json\n")
	b.WriteString("version: 1\n")
	fmt.Fprintf(&b, "issuer: %s   # public address; also the WebAuthn relying-party host\n", quote(issuer))
	b.WriteString("organisation: { name: Example Hospital NHS Trust, ods: RX1, help: \"IT service desk, ext 4444\" }   # change these\n")
	fmt.Fprintf(&b, "listen: %s\n%s", listen, tls)
	fmt.Fprintf(&b, "data: %s   # the whole state; back it up, and store.key apart from the rest\n", in("data"))
	fmt.Fprintf(&b, "keys: { signing_file: %s, encryption_file: %s }\n", in("signing.pem"), in("encryption.pem"))
	b.WriteString("authenticators: [fido2]   # add smartcard, and listeners: { card: { client_ca: FILE, crl: [FILE] } }\n")
	return b.String()
}

// quote writes text as a YAML scalar; every JSON string is one.
func quote(text string) string {
	if regexp.MustCompile(`^(https?://)?[A-Za-z/][A-Za-z0-9/._-]*(:[0-9]+)?$`).MatchString(text) {
		return text
	}
	b, err := json.Marshal(text)
	if err != nil {
		return text
	}
	return string(b)
}
