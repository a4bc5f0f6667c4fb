package oidc

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
)

// userCodeLetters are 20, without vowels: no words come of them, and few are misread (RFC 8628, section 6.1).
const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8 // 20^8: 34.6 bits
)

// newUserCode draws a user code.
func (p *Provider) newUserCode() string {
	const fair = 256 / len(userCodeLetters) * len(userCodeLetters)
	code := make([]byte, 0, userCodeLength)
	for len(code) < userCodeLength {
		for _, b := range p.hub.Random(userCodeLength) {
			if int(b) < fair && len(code) < userCodeLength {
				code = append(code, userCodeLetters[int(b)%len(userCodeLetters)])
			}
		}
	}
	return string(code)
}

// readUserCode takes what a person typed: in any case, with dashes, dots and spaces anywhere. Empty: it is no user code.
func readUserCode(typed string) string {
	if len(typed) > 64 {
		return ""
	}
	code := strings.ToUpper(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.\u2010\u2011\u2012\u2013\u2014\u00a0\t", r) {
			return -1
		}
		return r
	}, typed))
	if len(code) != userCodeLength || strings.Trim(code, userCodeLetters) != "" {
		return ""
	}
	return code
}

// printUserCode writes a user code as people read it.
func printUserCode(code string) string { return code[:4] + "-" + code[4:] }

// userCodeKey is what a user code is stored by. A plain hash of so few bits could be undone.
func (p *Provider) userCodeKey(code string) string {
	m := hmac.New(sha256.New, p.later.codeKey)
	m.Write([]byte(code))
	return b64.EncodeToString(m.Sum(nil))
}
