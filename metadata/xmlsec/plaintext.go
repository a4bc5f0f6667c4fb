package xmlsec

import (
	"crypto"
	"strings"
)

// DecryptElement decrypts e as [Decrypt] does and reads the plaintext as one element where e stands: prefixes that e has in
// scope are known in it (XML Encryption 1.1, 4.4.2). The plaintext passes the gate and may hold no signature. Whatever goes
// wrong, the error is the same: it tells nobody whether a key fitted. Who signed around e vouches for the result, nothing else; AES-CBC
// is taken where the limits say so.
func DecryptElement(e *Element, l Limits, keys ...crypto.Decrypter) (*Element, error) {
	plaintext, err := decrypt(e, l.CBC, l.Refused, keys)
	if err != nil {
		return nil, fail(CodeDecrypt, "not an element encrypted for one of the keys")
	}
	inner, ok := e.within(plaintext, l)
	if !ok {
		return nil, fail(CodeDecrypt, "not an element encrypted for one of the keys")
	}
	return inner, nil
}

// within reads content as the one element inside e.
func (e *Element) within(content []byte, l Limits) (*Element, bool) {
	root, err := parse(e.around(content), l)
	if err != nil || len(root.Children) != 1 || countSignatures(root) > 0 {
		return nil, false
	}
	only := root.Children[0]
	beside := root.doc[root.from:only.start] + root.doc[only.end:root.to]
	return only, strings.Trim(beside, " \t\r\n") == ""
}

// around is a document whose root holds content and declares what e has in scope.
func (e *Element) around(content []byte) []byte {
	const name = "plaintext"
	var added []decl
	for p := e; p != nil; p = p.parent {
		for _, d := range p.declarations() {
			if !declares(added, d.prefix) {
				added = append(added, d)
			}
		}
	}
	doc := append(make([]byte, 0, len(content)+64*(len(added)+1)), "<"+name...)
	doc = append(appendDecls(doc, added), '>')
	doc = append(doc, content...)
	return append(doc, "</"+name+">"...)
}
