package people

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"strings"
)

func hexDigits(s string) string {
	s = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(s), ":", ""))
	return strings.TrimPrefix(s, "0x")
}

func decodeHex(s string) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil
}

// parseCard reads one PEM certificate and returns its handle and expiry in an Authenticator.
func parseCard(text []byte) (Authenticator, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
		return Authenticator{}, errors.New("certificate is not exactly one PEM certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Authenticator{}, errors.New("certificate cannot be parsed")
	}
	if len(cert.AuthorityKeyId) == 0 {
		return Authenticator{}, errors.New("certificate does not say which key issued it")
	}
	return Authenticator{Handle: CardHandle(cert.AuthorityKeyId, cert.SerialNumber), Expires: cert.NotAfter.UTC()}, nil
}

// cardFile reads a certificate beside the document; nothing outside files can be named.
func cardFile(files fs.FS, name string) (Authenticator, error) {
	if files == nil {
		return Authenticator{}, errors.New("certificate_file cannot be used here: give the certificate itself")
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return Authenticator{}, errors.New("certificate_file cannot be read")
	}
	return parseCard(text)
}
